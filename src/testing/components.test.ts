import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controllerManager, scheduler } from './components.ts';
import { startSimulation } from './simulation.ts';

test('a whole control plane makes a Deployment so, and loops that start anew go on with it', async () => {
  const simulation = await startSimulation({
    seed: 1,
    nodes: 2,
    components: [controllerManager(), scheduler()],
    nodeOptions: { removeNotReadyTaint: false },
  });
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image: 'nginx:1.29' }] },
  };
  const deployments = simulation.client.of('Deployment');
  const at = { namespace: 'default', name: 'web' };
  await deployments.create({
    metadata: at,
    spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template },
  });
  await simulation.advance(30_000);
  assert.equal((await deployments.get(at)).status?.readyReplicas, 2);
  await simulation.restart('controllers');
  await simulation.restart('scheduler');
  await deployments.patch(at, { type: 'merge', patch: { spec: { replicas: 3 } } });
  await simulation.advance(30_000);
  assert.equal((await deployments.get(at)).status?.readyReplicas, 3);
  await simulation.close();
});
