import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resolve } from '../service/resolve.ts';
import { at, http, serviceOf, sliceOf, unready } from '../service/resolve-fixture.ts';
import {
  changedDoors,
  type DatagramDoors,
  datagramDoors,
  deleteArguments,
  type Flow,
  listArguments,
  parseFlows,
  staleFlows,
} from './datagram-flows.ts';

const dns = { name: 'dns', port: 53, protocol: 'UDP', nodePort: 30_053 };

test('doors: every address of a UDP port, and whom it leads to; none of TCP', () => {
  const service = serviceOf({
    type: 'LoadBalancer',
    ports: [http, dns],
    externalTrafficPolicy: 'Local',
  });
  service.status = { loadBalancer: { ingress: [{ ip: '172.30.0.200' }] } };
  const ports = [{ name: 'dns', port: 5353, protocol: 'UDP' }];
  const slices = [
    sliceOf([at('10.244.0.2', 'a'), at('10.244.1.2', 'b'), at('10.244.1.3', 'b', { conditions: unready })], {
      ports,
    }),
  ];
  const doors = datagramDoors(service, resolve(service, { slices, node: { name: 'a' } }), [
    '172.30.0.2',
    'fd00::2',
  ]);
  const both = new Set(['10.244.0.2 . 5353', '10.244.1.2 . 5353']);
  assert.deepEqual(
    doors,
    new Map([
      ['10.96.0.20 . 53', both],
      ['172.30.0.200 . 53', both],
      ['172.30.0.2 . 30053', both],
    ]),
  );
});

describe('doors whose flows are looked at', () => {
  const of = (...endpoints: string[]): DatagramDoors => new Map([['vip . 53', new Set(endpoints)]]);
  const cases: [string, DatagramDoors, DatagramDoors, boolean][] = [
    ['nothing changed', of('a'), of('a'), false],
    ['one more endpoint', of('a'), of('a', 'b'), false],
    ['one endpoint less', of('a', 'b'), of('a'), true],
    ['another endpoint', of('a'), of('b'), true],
    ['the last one gone', of('a'), of(), true],
    ['the first one after none', of(), of('a'), true],
    ['still none', of(), of(), false],
    ['a Service that is gone', of('a'), new Map(), true],
    ['a new Service', new Map(), of('a'), true],
  ];
  for (const [name, before, after, want] of cases)
    test(name, () => assert.deepEqual(changedDoors(before, after), want ? ['vip . 53'] : []));
});

const listing = [
  'udp      17 29 src=10.244.0.9 dst=10.96.0.20 sport=4000 dport=53 [UNREPLIED] src=10.244.0.2 dst=10.244.0.9 sport=5353 dport=4000 mark=0 use=1',
  'udp      17 170 src=10.244.0.9 dst=10.96.0.20 sport=4001 dport=53 src=10.244.1.2 dst=10.244.0.9 sport=5353 dport=4001 [ASSURED] mark=0 use=1',
  'udp      17 170 src=10.244.0.8 dst=10.96.0.20 sport=4002 dport=53 src=10.244.1.2 dst=10.244.0.8 sport=5353 dport=4002 [ASSURED] mark=0 use=1',
  'udp      17 10 src=10.244.0.9 dst=10.96.0.21 sport=1 dport=53 [UNREPLIED] src=10.96.0.21 dst=10.244.0.9 sport=53 dport=1 mark=0 use=1',
  'conntrack v1.4.7 (conntrack-tools): 4 flow entries have been shown.',
  '',
].join('\n');

const flow = (destination: string, answering: string, answeringPort: number): Flow => ({
  family: 'IPv4',
  destination,
  port: 53,
  answering,
  answeringPort,
});

test('what conntrack lists, in both directions', () => {
  assert.deepEqual(parseFlows(listing, 'IPv4'), [
    flow('10.96.0.20', '10.244.0.2', 5353),
    flow('10.96.0.20', '10.244.1.2', 5353),
    flow('10.96.0.20', '10.244.1.2', 5353),
    flow('10.96.0.21', '10.96.0.21', 53),
  ]);
});

describe('stale flows', () => {
  const flows = parseFlows(listing, 'IPv4');
  const stale = (doors: Record<string, string[]>) =>
    staleFlows(flows, (door) => (Object.hasOwn(doors, door) ? new Set(doors[door]) : undefined));

  test('those to endpoints that are gone, each pair once', () => {
    assert.deepEqual(stale({ '10.96.0.20 . 53': ['10.244.0.2 . 5353'] }), [
      flow('10.96.0.20', '10.244.1.2', 5353),
    ]);
  });

  test('all of a door without endpoints', () => {
    assert.equal(stale({ '10.96.0.20 . 53': [] }).length, 2);
  });

  test('those that were never sent to any endpoint', () => {
    assert.deepEqual(stale({ '10.96.0.21 . 53': ['10.244.0.2 . 5353'] }), [
      flow('10.96.0.21', '10.96.0.21', 53),
    ]);
  });

  test('none of doors that are not ours', () => assert.deepEqual(stale({}), []));
});

test('conntrack is told exactly which', () => {
  assert.deepEqual(listArguments('IPv6'), ['-L', '-p', 'udp', '-f', 'ipv6']);
  assert.equal(
    deleteArguments(flow('10.96.0.20', '10.244.1.2', 5353)).join(' '),
    '-D -p udp -f ipv4 --orig-dst 10.96.0.20 --orig-port-dst 53 --reply-src 10.244.1.2 --reply-port-src 5353',
  );
});
