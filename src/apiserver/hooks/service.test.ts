import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoints } from '../../kinds/endpoints.ts';
import type { IPAddress, ServiceCIDR, ServiceSpec } from '../../kinds/generated/types.ts';
import { ipAddress } from '../../kinds/ip-address.ts';
import { serviceCIDR } from '../../kinds/service-cidr.ts';
import { seededRandom } from '../../lib/random.ts';
import { kindPrefix } from '../keys.ts';
import { serviceHook } from './service.ts';
import { Bench, portsPrefix, refusal } from './service-bench.ts';
import { parseNodePortRange, parseServiceCIDRs } from './service-options.ts';

test('a Service, its IPAddress object and its node port are written together', () => {
  const bench = new Bench({ cidrs: ['10.96.0.0/16', 'fd00:10:96::/112'] });
  const spec = bench.create('web', { type: 'NodePort', ipFamilyPolicy: 'RequireDualStack' });
  const [ipv4, ipv6] = spec.clusterIPs as [string, string];
  assert.deepEqual(bench.addresses(), [ipv4, ipv6].sort());
  const object = (ip: string, family: string, uid: unknown) => ({
    kind: 'IPAddress',
    apiVersion: 'networking.k8s.io/v1',
    metadata: {
      name: ip,
      uid,
      creationTimestamp: '2026-11-21T10:00:00Z',
      labels: {
        'ipaddress.kubernetes.io/ip-family': family,
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
    },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 'web' } },
  });
  for (const [ip, family] of [
    [ipv4, 'IPv4'],
    [ipv6, 'IPv6'],
  ] as const) {
    const stored = bench.cluster.read(`${kindPrefix(ipAddress)}${ip}`);
    assert.match(stored?.metadata.uid ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    assert.deepEqual(stored, object(ip, family, stored?.metadata.uid));
  }
  const nodePort = String(spec.ports?.[0]?.nodePort);
  assert.deepEqual(bench.ports(), [nodePort]);
  assert.deepEqual(bench.cluster.read(`${portsPrefix}${nodePort}`), {
    namespace: 'default',
    name: 'web',
    uid: 'uid-web-0',
  });
});

test('a deleted Service gives everything back, its Endpoints too', () => {
  const bench = new Bench();
  const local: ServiceSpec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' };
  bench.create('web', local);
  bench.cluster.write('create', structuredClone(endpoints.example), { kind: endpoints });
  assert.deepEqual([bench.addresses().length, bench.ports().length], [1, 2]);
  bench.delete('web');
  assert.deepEqual([bench.names(), bench.addresses(), bench.ports()], [[], [], []]);
  assert.deepEqual(bench.cluster.keys(kindPrefix(endpoints)), []);
});

test('the same static address and node port are had again at once', () => {
  const bench = new Bench();
  const wish: ServiceSpec = {
    type: 'NodePort',
    clusterIP: '10.96.0.10',
    ports: [{ port: 53, nodePort: 30_053 }],
  };
  for (let round = 0; round < 3; round++) {
    bench.create('dns', wish);
    assert.throws(
      () => bench.create('other', { ...wish, type: 'ClusterIP', ports: [{ port: 53 }] }),
      refusal(
        422,
        'Service "other" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
      ),
    );
    assert.throws(
      () => bench.create('other', { type: 'NodePort', ports: [{ port: 53, nodePort: 30_053 }] }),
      refusal(
        422,
        'Service "other" is invalid: spec.ports[0].nodePort: Invalid value: 30053: provided port is already allocated',
      ),
    );
    bench.delete('dns');
  }
  assert.deepEqual([bench.addresses(), bench.ports()], [[], []]);
});

test('a full range answers with an internal error, and a deleted Service makes room', () => {
  const bench = new Bench({ cidrs: ['10.96.0.0/29'] });
  bench.create('kubernetes', { clusterIP: '10.96.0.1' });
  for (const name of ['a', 'b', 'c', 'd', 'e']) bench.create(name);
  assert.throws(
    () => bench.create('f'),
    refusal(500, 'Internal error occurred: failed to allocate a serviceIP: range is full'),
  );
  bench.delete('c');
  assert.ok(bench.create('f').clusterIP);
  assert.equal(bench.addresses().length, 6);
});

test('the first address is left to Service kubernetes', () => {
  const bench = new Bench({ cidrs: ['10.96.0.0/29'] });
  for (const name of ['a', 'b', 'c', 'd', 'e']) bench.create(name);
  assert.throws(
    () => bench.create('f'),
    refusal(500, 'Internal error occurred: failed to allocate a serviceIP: range is full'),
  );
  assert.equal(bench.create('kubernetes', { clusterIP: '10.96.0.1' }).clusterIP, '10.96.0.1');
});

test('a dry run answers as if, and takes and gives back nothing', () => {
  const bench = new Bench();
  const spec = bench.create('web', { type: 'NodePort' }, { dryRun: true });
  assert.ok(spec.clusterIP !== undefined && spec.ports?.[0]?.nodePort !== undefined);
  assert.deepEqual([bench.names(), bench.addresses(), bench.ports()], [[], [], []]);
  const real = bench.create('web', { type: 'NodePort' });
  bench.update('web', { ...real, type: 'ExternalName', externalName: 'example.com' }, { dryRun: true });
  bench.delete('web', { dryRun: true });
  assert.deepEqual(bench.addresses(), [real.clusterIP]);
});

test('an update with unchanged addresses writes the Service alone', () => {
  const bench = new Bench();
  const spec = bench.create('web', { type: 'NodePort' });
  const plan = bench.hook.plan(
    {
      verb: 'update',
      object: { metadata: { name: 'web', namespace: 'default' }, spec: structuredClone(spec) },
      old: { metadata: { name: 'web', namespace: 'default' }, spec },
      dryRun: false,
    },
    0,
  );
  assert.deepEqual(plan, []);
});

test('there and back between ClusterIP and ExternalName', () => {
  const bench = new Bench();
  const first = bench.create('web', { clusterIP: '10.96.0.20' });
  const external = bench.update('web', { ...first, type: 'ExternalName', externalName: 'example.com' });
  assert.deepEqual([external.clusterIP, bench.addresses()], [undefined, []]);
  const back = bench.update('web', { ...external, type: 'ClusterIP' });
  assert.deepEqual(bench.addresses(), [back.clusterIP]);
});

test('a policy changed back and forth takes and gives back the second address', () => {
  const bench = new Bench({ cidrs: ['10.96.0.0/16', 'fd00:10:96::/112'] });
  const single = bench.create('web');
  const both = bench.update('web', { ...single, ipFamilyPolicy: 'PreferDualStack' });
  assert.deepEqual(bench.addresses(), [...(both.clusterIPs ?? [])].sort());
  const again = bench.update('web', { ...both, ipFamilyPolicy: 'SingleStack' });
  assert.deepEqual(again.clusterIPs, single.clusterIPs);
  assert.deepEqual(bench.addresses(), single.clusterIPs);
});

test('an address that a user has taken with an IPAddress object is not given out', () => {
  const bench = new Bench({ cidrs: ['10.96.0.0/29'] });
  const object: IPAddress = {
    metadata: { name: '10.96.0.3' },
    spec: { parentRef: { group: 'example.com', resource: 'gateways', name: 'edge' } },
  };
  bench.cluster.write('create', object, { kind: ipAddress });
  assert.throws(
    () => bench.create('web', { clusterIP: '10.96.0.3' }),
    refusal(
      422,
      'Service "web" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.3"]: failed to allocate IP 10.96.0.3: provided IP is already allocated',
    ),
  );
  const given = ['a', 'b', 'c', 'd'].map((name) => bench.create(name).clusterIP).sort();
  assert.deepEqual(given, ['10.96.0.2', '10.96.0.4', '10.96.0.5', '10.96.0.6']);
});

test("a Service does not take another's IPAddress object with it", () => {
  const bench = new Bench();
  bench.create('web', { clusterIP: '10.96.0.30' });
  const object: IPAddress = {
    metadata: { name: '10.96.0.30' },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 'other' } },
  };
  bench.cluster.write('delete', object, { kind: ipAddress });
  // The address is still the Service's own, object or not.
  assert.throws(() => bench.create('thief', { clusterIP: '10.96.0.30' }));
  bench.cluster.write('create', object, { kind: ipAddress });
  bench.delete('web');
  assert.deepEqual(bench.addresses(), ['10.96.0.30']);
});

test('an extra ServiceCIDR gives addresses until it goes away', () => {
  const bench = new Bench({ cidrs: ['10.96.0.0/29'] });
  const wish: ServiceSpec = { clusterIP: '10.97.0.5' };
  assert.throws(
    () => bench.create('web', wish),
    refusal(
      422,
      'Service "web" is invalid: spec.clusterIPs: Invalid value: ["10.97.0.5"]: failed to allocate IP 10.97.0.5: the provided network does not match the current range',
    ),
  );
  const extra: ServiceCIDR = { metadata: { name: 'extra' }, spec: { cidrs: ['10.97.0.0/29'] } };
  bench.cluster.write('create', extra, { kind: serviceCIDR });
  bench.create('web', wish);
  for (const name of ['a', 'b', 'c', 'd', 'e']) assert.match(bench.create(name).clusterIP ?? '', /^10\.96\./);
  assert.match(bench.create('f').clusterIP ?? '', /^10\.97\./);
  const leaving = { ...extra, metadata: { ...extra.metadata, deletionTimestamp: '2026-11-21T10:00:00Z' } };
  bench.cluster.write('update', leaving, { kind: serviceCIDR });
  assert.throws(
    () => bench.create('g'),
    refusal(500, 'Internal error occurred: failed to allocate a serviceIP: range is full'),
  );
  bench.delete('web');
  assert.equal(bench.addresses().length, 6);
});

test('external IPs are refused unless they were there before or the server allows them', () => {
  const bench = new Bench();
  const message = 'services "web" is forbidden: Use of external IPs is denied by admission control.';
  assert.throws(() => bench.create('web', { externalIPs: ['192.0.2.1'] }), refusal(403, message));
  const plain = bench.create('web');
  assert.throws(() => bench.update('web', { ...plain, externalIPs: ['192.0.2.1'] }), refusal(403, message));

  const open = new Bench({ allowExternalIPs: true });
  const spec = open.create('web', { externalIPs: ['192.0.2.1', '192.0.2.2'] });
  open.hook = serviceHook({
    serviceCIDRs: parseServiceCIDRs(['10.96.0.0/16']),
    nodePortRange: parseNodePortRange('30000-32767'),
    random: seededRandom(1),
    clock: open.clock,
  });
  open.hook.start?.(open.cluster.view);
  assert.deepEqual(open.update('web', { ...spec, externalIPs: ['192.0.2.2'] }).externalIPs, ['192.0.2.2']);
});
