import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../../lib/ip.ts';
import {
  dnsAddressOf,
  hostBaseOf,
  loopbackPool,
  loopbackRange,
  usualLoopbackRanges,
} from './loopback-ranges.ts';

test('where things are in the usual ranges, and in others', () => {
  const shown = [usualLoopbackRanges, { nodes: '127.9.8.0/24', pods: '127.10.0.0/16' }].map((ranges) => [
    dnsAddressOf(ranges),
    formatAddress('IPv4', hostBaseOf(ranges) + 1n),
    loopbackPool(ranges),
  ]);
  assert.deepEqual(shown, [
    ['127.30.0.1', '127.30.0.2', '127.30.0.200-127.30.0.250'],
    ['127.9.8.1', '127.9.8.2', '127.9.8.200-127.9.8.250'],
  ]);
});

test('what is no range for it', () => {
  for (const text of ['127.30.0.0/25', '126.0.0.0/16', '127.30.0.1/24', 'fd00::/24', '127.0.0.0/7', 'x'])
    assert.equal(loopbackRange(text, 24), undefined, text);
  assert.ok(loopbackRange('127.30.0.0/24', 24));
});
