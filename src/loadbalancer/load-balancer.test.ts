import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestWorld } from '../../test/client/world.ts';
import type { Service } from '../kinds/generated/types.ts';
import { silentLogger } from '../lib/log.ts';
import { ensureDefaultPool } from './default-pool.ts';
import { loadBalancer } from './load-balancer.ts';

const service = (name: string, spec: Service['spec'] = {}): Service => ({
  metadata: { name, namespace: 'default' },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
});

async function startWorld(t: { after: (end: () => Promise<void>) => void }) {
  const world = await startTestWorld({ controllers: [loadBalancer()] });
  t.after(() => world.close());
  await ensureDefaultPool({
    client: world.client,
    addresses: ['10.0.0.1-10.0.0.2'],
    clock: world.clock,
    log: silentLogger,
    signal: new AbortController().signal,
  });
  const services = world.client.of('Service');
  const ips = async () => {
    await world.settle();
    const { items } = await services.list({ namespace: 'default' });
    return Object.fromEntries(
      items
        .filter(({ metadata }) => metadata.name !== 'kubernetes')
        .map(({ metadata, status }) => [metadata.name, status?.loadBalancer?.ingress?.[0]?.ip ?? 'pending']),
    );
  };
  const events = async () => {
    const { items } = await world.client.of('Event').list();
    return items.map(({ involvedObject, reason, message }) => `${involvedObject.name} ${reason} ${message}`);
  };
  return { world, services, ips, events };
}

test('each Service has an address of its own at once, and gives it back', async (t) => {
  const { services, ips, events } = await startWorld(t);
  for (const name of ['a', 'b', 'c']) await services.create(service(name));
  assert.deepEqual(await ips(), { a: '10.0.0.1', b: '10.0.0.2', c: 'pending' });
  assert.ok((await events()).includes('a IPAllocated Assigned IP ["10.0.0.1"]'));
  assert.ok(
    (await events()).includes('c AllocationFailed Failed to allocate IP for "default/c": no available IPs'),
  );
  await services.delete({ namespace: 'default', name: 'a' });
  assert.deepEqual(await ips(), { b: '10.0.0.2', c: '10.0.0.1' });
});

test('another type has none', async (t) => {
  const { services, ips } = await startWorld(t);
  await services.create(service('a'));
  await ips();
  const made = await services.get({ namespace: 'default', name: 'a' });
  await services.update({ ...made!, spec: { ...made!.spec, type: 'NodePort' } });
  assert.deepEqual(await ips(), { a: 'pending' });
});

test('pools by ConfigMap; one that cannot be read takes nothing away', async (t) => {
  const { world, services, ips, events } = await startWorld(t);
  await services.create(service('a'));
  assert.deepEqual(await ips(), { a: '10.0.0.1' });
  const config = (addresses: string) =>
    `address-pools: [{ name: default, protocol: layer2, addresses: [${addresses}] }]`;
  const configMaps = world.client.of('ConfigMap');
  const metadata = { name: 'config', namespace: 'metallb-system' };
  await configMaps.create({ metadata, data: { config: config('10.8.8.93-10.8.8.103') } });
  assert.deepEqual(await ips(), { a: '10.8.8.93' });
  await configMaps.update({ metadata, data: { config: config('nonsense') } });
  assert.deepEqual(await ips(), { a: '10.8.8.93' });
  assert.ok((await events()).includes('config InvalidConfiguration invalid CIDR "nonsense"'));
  await configMaps.delete(metadata);
  assert.deepEqual(await ips(), { a: '10.0.0.1' });
});

test('a pool tells how much of it is in use, and a Service from which pool it is', async (t) => {
  const { world, services, ips } = await startWorld(t);
  await services.create(service('a'));
  await ips();
  const pool = { namespace: 'metallb-system', name: 'default' };
  assert.deepEqual((await world.client.of('IPAddressPool').get(pool)).status, {
    assignedIPv4: 1,
    assignedIPv6: 0,
    availableIPv4: 1,
    availableIPv6: 0,
  });
  const at = { namespace: 'default', name: 'a' };
  const from = async () => (await services.get(at)).metadata.annotations;
  assert.deepEqual(await from(), { 'metallb.io/ip-allocated-from-pool': 'default' });
  await services.patch(at, { type: 'merge', patch: { spec: { type: 'ClusterIP' } } });
  await ips();
  assert.equal(await from(), undefined);
});

test('a pool that shrinks: who stands outside moves, and who stands inside stays', async (t) => {
  const { world, services, ips, events } = await startWorld(t);
  for (const name of ['a', 'b']) await services.create(service(name));
  assert.deepEqual(await ips(), { a: '10.0.0.1', b: '10.0.0.2' });
  const pool = { namespace: 'metallb-system', name: 'default' };
  await world.client
    .of('IPAddressPool')
    .patch(pool, { type: 'merge', patch: { spec: { addresses: ['10.0.0.2/32', '10.5.0.1/32'] } } });
  assert.deepEqual(await ips(), { a: '10.5.0.1', b: '10.0.0.2' });
  assert.ok(
    (await events()).includes(
      'a ClearAssignment current IP for "default/a" not allowed by config, will attempt for new IP assignment: ["10.0.0.1"] is not allowed in config',
    ),
  );
  await world.client.of('IPAddressPool').delete(pool);
  assert.deepEqual(await ips(), { a: 'pending', b: 'pending' });
  const lost = (await events()).filter((each) => each.startsWith('b ClearAssignment'));
  assert.deepEqual(lost, [
    'b ClearAssignment current IP for "default/b" not allowed by config, will attempt for new IP assignment: ["10.0.0.2"] is not allowed in config',
  ]);
});

test('another class is left alone, whatever it has', async (t) => {
  const { services, ips } = await startWorld(t);
  await services.create(service('a', { loadBalancerClass: 'example.com/theirs' }));
  await services.patch(
    { namespace: 'default', name: 'a' },
    {
      type: 'merge',
      patch: { status: { loadBalancer: { ingress: [{ ip: '192.0.2.7' }] } } },
      subresource: 'status',
    },
  );
  assert.deepEqual(await ips(), { a: '192.0.2.7' });
});

test('a failure is told once, not with every change of another Service', async (t) => {
  const { world, services, ips } = await startWorld(t);
  for (const name of ['a', 'b', 'c']) await services.create(service(name));
  await ips();
  for (const note of ['1', '2', '3']) {
    await services.patch(
      { namespace: 'default', name: 'a' },
      { type: 'merge', patch: { metadata: { labels: { note } } } },
    );
    await ips();
  }
  const { items } = await world.client.of('Event').list();
  const failures = items.filter(({ reason }) => reason === 'AllocationFailed');
  assert.deepEqual(
    failures.map(({ involvedObject, count }) => [involvedObject.name, count]),
    [['c', 1]],
  );
});
