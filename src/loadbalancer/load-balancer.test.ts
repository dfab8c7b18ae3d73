import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestWorld } from '../../test/client/world.ts';
import type { Service } from '../kinds/generated/types.ts';
import { loadBalancer } from './load-balancer.ts';
import { makePool } from './pools.ts';

const service = (name: string, spec: Service['spec'] = {}): Service => ({
  metadata: { name, namespace: 'default' },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
});

async function startWorld(t: { after: (end: () => Promise<void>) => void }) {
  const world = await startTestWorld({
    controllers: [loadBalancer([makePool('default', ['10.0.0.1-10.0.0.2'])])],
  });
  t.after(() => world.close());
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
  await world.client.of('Namespace').create({ metadata: { name: 'metallb-system' } });
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
