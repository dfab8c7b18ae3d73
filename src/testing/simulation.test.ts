import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSimulation } from './simulation.ts';

test('play', async () => {
  const simulation = await startSimulation({ seed: 1, nodes: 2 });
  await simulation.client.of('Pod').create({
    metadata: { name: 'web', namespace: 'default' },
    spec: { nodeName: 'node-1', containers: [{ name: 'web', image: 'nginx:1.29' }] },
  });
  await simulation.settle();
  console.log(JSON.stringify((await simulation.client.of('Pod').get({ namespace: 'default', name: 'web' })).status, null, 1));
  await simulation.advance(1000);
  console.log(JSON.stringify((await simulation.client.of('Pod').get({ namespace: 'default', name: 'web' })).status, null, 1));
  const before = simulation.server.backend.cache.revision;
  await simulation.advance(60_000);
  console.log(simulation.server.backend.cache.revision - before);
  console.log(JSON.stringify((await simulation.client.of('Node').get({ name: 'node-1' })), null, 1));
  await simulation.close();
  assert.ok(true);
});
