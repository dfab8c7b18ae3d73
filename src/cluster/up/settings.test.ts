import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  changedSettings,
  checked,
  type GivenSettings,
  hostAddress,
  loopbackSettings,
  nodePlaces,
  settingsFrom,
  usualSettings,
} from './settings.ts';

test('the usual cluster', () => {
  assert.deepEqual(checked(usualSettings('default')), {
    name: 'default',
    mode: 'containers',
    nodes: 2,
    port: 6443,
    bridge: 'wherry0',
    nodeCIDR: '172.30.0.0/24',
    podCIDR: '10.244.0.0/16',
    serviceCIDR: '10.96.0.0/16',
    loadBalancerPool: '172.30.0.200-172.30.0.250',
  });
  const second = checked(usualSettings('second', 1));
  assert.deepEqual(
    [second.port, second.bridge, second.nodeCIDR, second.podCIDR, second.serviceCIDR],
    [6444, 'wherry1', '172.30.1.0/24', '10.245.0.0/16', '10.97.0.0/16'],
  );
  assert.equal(checked(loopbackSettings('default')).serviceCIDR, '127.96.0.0/16');
});

test('nodes follow the machine in their range, and are called after the cluster', () => {
  const settings = usualSettings('lab');
  assert.equal(hostAddress(settings), '172.30.0.1');
  assert.deepEqual(nodePlaces(settings, '/srv/lab')[1], {
    name: 'node-2',
    address: '172.30.0.3',
    namespace: 'wherry-lab-node-2',
    link: 'wherry0-2',
    cgroup: '/wherry-lab-node-2',
    directory: '/srv/lab/nodes/node-2',
  });
});

test('a pool that was not given follows the range of the nodes', () => {
  const usual = usualSettings('default');
  const pool = (given: Omit<GivenSettings, 'name'>) =>
    settingsFrom(usual, { name: 'default', ...given }).loadBalancerPool;
  assert.equal(pool({ nodeCIDR: '192.168.7.0/24' }), '192.168.7.200-192.168.7.250');
  assert.equal(pool({ nodeCIDR: '192.168.0.0/22' }), '192.168.3.32-192.168.3.232');
  const loadBalancerPool = '192.168.7.50-192.168.7.60';
  assert.equal(pool({ nodeCIDR: '192.168.7.0/24', loadBalancerPool }), loadBalancerPool);
});

const refused: Record<string, [Omit<GivenSettings, 'name'> & { name?: string }, RegExp]> = {
  'a name with a slash': [{ name: '../x' }, /^--name is "\.\.\/x"; wanted are/],
  'a long name of a bridge': [
    { bridge: 'averylongname' },
    /^--bridge is "averylongname"; wanted are at most 11/,
  ],
  'no nodes': [{ nodes: 0 }, /^--nodes is 0; wanted is a number from 1 to/],
  'a port beyond all': [{ port: 65_536 }, /^--port is 65536/],
  'a range that is none': [{ podCIDR: '10.0.0.1' }, /^--pod-cidr is "10\.0\.0\.1"; wanted is an IPv4 range/],
  'a range with bits of a host': [{ podCIDR: '10.0.0.1/16' }, /^--pod-cidr is/],
  'ranges in each other': [
    { podCIDR: '10.96.0.0/12' },
    /^--pod-cidr and --service-cidr have addresses in common/,
  ],
  'a pool outside': [
    { loadBalancerPool: '10.0.0.1-10.0.0.9' },
    /^--load-balancer-pool is .* such as 172\.30\.0\.200/,
  ],
  'a pool with a node in it': [{ loadBalancerPool: '172.30.0.3-172.30.0.9' }, /^--load-balancer-pool is/],
  'a pool backwards': [{ loadBalancerPool: '172.30.0.9-172.30.0.8' }, /^--load-balancer-pool is/],
};
for (const [name, [given, message]] of Object.entries(refused))
  test(`refuses ${name}`, () =>
    assert.throws(() => settingsFrom(usualSettings('default'), { name: 'default', ...given }), {
      code: 'USAGE',
      message,
    }));

test('ranges of a loopback cluster are inside of 127.0.0.0/8', () => {
  const second = checked(loopbackSettings('second', 1));
  assert.deepEqual(
    [second.nodeCIDR, second.podCIDR, second.serviceCIDR, second.loadBalancerPool],
    ['127.30.1.0/24', '127.243.0.0/16', '127.97.0.0/16', '127.30.1.200-127.30.1.250'],
  );
  for (const podCIDR of ['10.0.0.0/16', '127.1.0.0/25'])
    assert.throws(() => settingsFrom(second, { name: 'second', podCIDR }), {
      code: 'USAGE',
      message: /^--pod-cidr is "[\d./]+"; wanted for a loopback cluster is a range of a \/24 or more inside/,
    });
});

test('what cannot be changed is told as it was made', () => {
  const made = usualSettings('default');
  assert.deepEqual(changedSettings(made, { name: 'default', podCIDR: made.podCIDR, nodes: 3 }), []);
  assert.deepEqual(changedSettings(made, { name: 'default', podCIDR: '10.0.0.0/16', mode: 'loopback' }), [
    '--mode containers',
    '--pod-cidr 10.244.0.0/16',
  ]);
});
