import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCidr } from '../../lib/cidr.ts';
import { parseNodePortRange, parseServiceCIDRs } from './service-options.ts';

test('ranges of service addresses', () => {
  const good = [
    ['10.96.0.0/16'],
    ['10.96.0.0/29'],
    ['fd00::/64'],
    ['10.0.0.0/8', 'fd00::/112'],
    ['fd00::/112', '10.0.0.0/8'],
  ];
  for (const texts of good) assert.deepEqual(parseServiceCIDRs(texts).map(formatCidr), texts);
  const bad: Record<string, string[]> = {
    'the range of service addresses is "10.96.0.0", which is not a network such as 10.96.0.0/16': [
      '10.96.0.0',
    ],
    'the range of service addresses is "10.96.0.1/16", which is not a network such as 10.96.0.0/16': [
      '10.96.0.1/16',
    ],
    'the range of service addresses 10.96.0.0/30 is too small: it must have at least 8 addresses': [
      '10.96.0.0/30',
    ],
    'the range of service addresses fd00::/48 is too large: an IPv6 prefix must be at least /64': [
      'fd00::/48',
    ],
    'the ranges of service addresses are []; wanted is one range, or one IPv4 and one IPv6 range': [],
    'the ranges of service addresses are ["10.0.0.0/16","10.1.0.0/16"]; wanted is one range, or one IPv4 and one IPv6 range':
      ['10.0.0.0/16', '10.1.0.0/16'],
  };
  for (const [message, texts] of Object.entries(bad))
    assert.throws(() => parseServiceCIDRs(texts), { code: 'BAD_SERVICE_CIDR', message });
});

test('ranges of node ports', () => {
  assert.deepEqual(parseNodePortRange('30000-32767'), { first: 30_000, last: 32_767 });
  assert.deepEqual(parseNodePortRange('30000+10'), { first: 30_000, last: 30_010 });
  assert.deepEqual(parseNodePortRange('30000'), { first: 30_000, last: 30_000 });
  for (const text of ['', 'a-b', '0-10', '30000-29999', '30000-65536', '30000-', '-30000'])
    assert.throws(() => parseNodePortRange(text), {
      code: 'BAD_NODE_PORT_RANGE',
      message: `the range of node ports is ${JSON.stringify(text)}; wanted are two ports from 1 to 65535, such as 30000-32767`,
    });
});
