import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestWorld } from '../../test/client/world.ts';
import { silentLogger } from '../lib/log.ts';
import { ensureDefaultPool } from './default-pool.ts';

async function startWorld(t: { after: (end: () => Promise<void>) => void }) {
  const world = await startTestWorld();
  t.after(() => world.close());
  const ensure = (...addresses: string[]) =>
    ensureDefaultPool({
      client: world.client,
      addresses,
      clock: world.clock,
      log: silentLogger,
      signal: new AbortController().signal,
    });
  const pools = async () =>
    (await world.client.of('IPAddressPool').list()).items.map(
      ({ metadata, spec }) => `${metadata.name} ${spec.addresses.join(',')}`,
    );
  return { world, ensure, pools };
}

test('it is made with what announces it, and not made again over what a person changed', async (t) => {
  const { world, ensure, pools } = await startWorld(t);
  await ensure('10.0.0.1-10.0.0.2');
  assert.deepEqual(await pools(), ['default 10.0.0.1-10.0.0.2']);
  const [advertisement] = (await world.client.of('L2Advertisement').list()).items;
  assert.deepEqual(advertisement?.spec, { ipAddressPools: ['default'] });
  await ensure('10.9.0.0/24');
  assert.deepEqual(await pools(), ['default 10.0.0.1-10.0.0.2']);
});

test('a ConfigMap of old is enough', async (t) => {
  const { world, ensure, pools } = await startWorld(t);
  await world.client.of('Namespace').create({ metadata: { name: 'metallb-system' } });
  const metadata = { name: 'config', namespace: 'metallb-system' };
  await world.client.of('ConfigMap').create({ metadata, data: { config: 'address-pools: []' } });
  await ensure('10.0.0.1-10.0.0.2');
  assert.deepEqual(await pools(), []);
});

test('what could not be made is made later', async (t) => {
  const { world, ensure, pools } = await startWorld(t);
  // The namespace is on its way out: nothing can be made in it.
  const namespaces = world.client.of('Namespace');
  await namespaces.create({ metadata: { name: 'metallb-system' } });
  await namespaces.delete({ name: 'metallb-system' });
  let done = false;
  const ensuring = ensure('10.0.0.1-10.0.0.2').then(() => {
    done = true;
  });
  await world.settle();
  assert.equal(done, false);
  const namespace = await namespaces.get({ name: 'metallb-system' });
  await namespaces.update({ ...namespace, spec: { finalizers: [] } }, { subresource: 'finalize' });
  await world.advance(2000);
  await ensuring;
  assert.deepEqual(await pools(), ['default 10.0.0.1-10.0.0.2']);
});
