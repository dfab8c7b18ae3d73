import assert from 'node:assert/strict';
import { test } from 'node:test';
import { advertiseAddressOf, checkServerOptions, type RawServerOptions } from './options.ts';

const usual: RawServerOptions = {
  simulatedNodes: '3',
  simulatedNodeEvents: 'on',
  controllers: '*',
  disableAdmissionPlugins: 'ServiceAccount,Priority',
  dataDir: '/data',
  port: '6443',
  bindAddress: '127.0.0.1',
  store: 'sqlite',
  serviceCidr: '10.96.0.0/16',
  serviceNodePortRange: '30000-32767',
  tlsSan: [],
};

test('options become numbers and lists', () => {
  const raw = {
    ...usual,
    port: '0',
    bindAddress: '127.0.0.1, 172.30.0.1',
    serviceCidr: '10.96.0.0/16, fd00::/108',
    clusterCidr: '10.244.0.0/16, fd00:244::/48',
    nodeCidrMaskSize: '25,64',
    nodeMonitorGracePeriod: '20s',
    tlsSan: ['api.example.org', '192.0.2.1'],
  };
  assert.deepEqual(checkServerOptions(raw), {
    dataDirectory: '/data',
    port: 0,
    bindAddress: '127.0.0.1',
    moreBindAddresses: ['172.30.0.1'],
    advertiseAddress: undefined,
    store: 'sqlite',
    serviceCIDRs: ['10.96.0.0/16', 'fd00::/108'],
    nodePortRange: '30000-32767',
    clusterRanges: [
      { range: { family: 'IPv4', base: 0x0af40000n, prefix: 16 }, nodePrefix: 25 },
      { range: { family: 'IPv6', base: 0xfd000244n << 96n, prefix: 48 }, nodePrefix: 64 },
    ],
    nodeGraceMilliseconds: 20_000,
    tlsNames: ['api.example.org', '192.0.2.1'],
    controllers: { all: true, named: new Set(), excluded: new Set() },
    disabledAdmission: ['ServiceAccount', 'Priority'],
    simulatedNodes: 3,
    simulatedNodeEvents: true,
    loopback: false,
  });
});

const refused: Record<string, [Partial<RawServerOptions>, string]> = {
  'a node share that is no number': [
    { nodeCidrMaskSize: 'big' },
    '--node-cidr-mask-size is "big"; wanted is a prefix length such as 24, or one for each range of --cluster-cidr',
  ],
  'a silence that is shorter than what nodes need': [
    { nodeMonitorGracePeriod: '5s' },
    '--node-monitor-grace-period is "5s"; wanted is a time of at least 15s, such as 50s',
  ],
  'a port that is no number': [
    { port: 'abc' },
    '--port is "abc"; wanted is a number from 0 to 65535, where 0 takes a free port',
  ],
  'a port beyond all ports': [
    { port: '65536' },
    '--port is "65536"; wanted is a number from 0 to 65535, where 0 takes a free port',
  ],
  'a negative port': [
    { port: '-1' },
    '--port is "-1"; wanted is a number from 0 to 65535, where 0 takes a free port',
  ],
  'a pool of load balancers that runs backwards': [
    { loadBalancerPool: '172.30.0.9-172.30.0.3' },
    '--load-balancer-pool: invalid IP range "172.30.0.9-172.30.0.3": start IP "172.30.0.9" is after the end IP "172.30.0.3"; wanted are ranges, such as 172.30.0.200-172.30.0.250',
  ],
  'nodes of a loopback cluster elsewhere': [
    { loopback: true, serviceCidr: '127.96.0.0/16', nodeCidr: '172.30.0.0/24' },
    '--node-cidr is "172.30.0.0/24"; wanted is a range inside 127.0.0.0/8 of a /24 or more',
  ],
  'too many nodes for a loopback cluster': [
    { loopback: true, serviceCidr: '127.96.0.0/16', simulatedNodes: '199' },
    '--simulated-nodes is 199; with --loopback there are addresses for 198',
  ],
  'a host name to listen on': [
    { bindAddress: 'localhost' },
    '--bind-address is "localhost"; wanted is an IP address, such as 127.0.0.1',
  ],
  'an address to advertise that is none': [
    { advertiseAddress: '1.2.3' },
    '--advertise-address is "1.2.3"; wanted is an IP address, such as 127.0.0.1',
  ],
  'an unknown store': [{ store: 'paper' }, '--store is "paper"; wanted is sqlite or memory'],
  etcd: [
    { store: 'etcd=http://127.0.0.1:2379' },
    '--store etcd is not there yet; wanted is sqlite or memory',
  ],
  'too many simulated nodes': [
    { simulatedNodes: '10001' },
    '--simulated-nodes is "10001"; wanted is a number from 0 to 10000',
  ],
  'a switch that is none': [
    { simulatedNodeEvents: 'yes' },
    '--simulated-node-events is "yes"; wanted is on or off',
  ],
  'a name that is none': [{ tlsSan: ['a b'] }, '--tls-san is "a b"; wanted is a DNS name or an IP address'],
  'no directory': [{ dataDir: '' }, '--data-dir is empty; wanted is a directory'],
};
for (const [name, [change, message]] of Object.entries(refused))
  test(`refuses ${name}`, () =>
    assert.throws(() => checkServerOptions({ ...usual, ...change }), { code: 'USAGE', message }));

const advertised: Record<string, [{ bind: string; given?: string; own: string[] }, string | undefined]> = {
  'what is asked for': [{ bind: '0.0.0.0', given: '192.0.2.9', own: ['192.0.2.1'] }, '192.0.2.9'],
  'the address it listens on': [{ bind: '192.0.2.7', own: ['192.0.2.1'] }, '192.0.2.7'],
  'one of the machine’s when it listens on all': [{ bind: '0.0.0.0', own: ['192.0.2.1'] }, '192.0.2.1'],
  'one of the machine’s for loopback': [{ bind: '127.0.0.1', own: ['192.0.2.1'] }, '192.0.2.1'],
  'one of the same family': [{ bind: '::1', own: ['192.0.2.1', '2001:db8::1'] }, '2001:db8::1'],
  'one of the other family if need be': [{ bind: '::', own: ['192.0.2.1'] }, '192.0.2.1'],
  'nothing when there is nothing': [{ bind: '127.0.0.1', own: [] }, undefined],
};
for (const [name, [{ bind, given, own }, address]] of Object.entries(advertised))
  test(`publishes ${name}`, () =>
    assert.equal(advertiseAddressOf({ bindAddress: bind, advertiseAddress: given }, own), address));
