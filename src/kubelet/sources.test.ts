import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestWorld } from '../../test/client/world.ts';
import { informerSources } from './sources.ts';

test('what pods are configured with is found by namespace and name', async (t) => {
  const world = await startTestWorld();
  t.after(() => world.close());
  const sources = informerSources(world.informers);
  const metadata = { name: 'x', namespace: 'default' };
  await world.client.of('ConfigMap').create({ metadata, data: { k: 'v' } });
  await world.client.of('Secret').create({ metadata, data: { k: 'dg==' } });
  await world.client.of('Service').create({ metadata, spec: { ports: [{ port: 80 }] } });
  await world.settle();
  assert.deepEqual(sources.configMap('default', 'x')?.data, { k: 'v' });
  assert.deepEqual(sources.secret('default', 'x')?.data, { k: 'dg==' });
  assert.equal(sources.configMap('other', 'x'), undefined);
  assert.ok(sources.services().some(({ metadata }) => metadata.name === 'x'));
});
