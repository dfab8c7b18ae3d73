/**
 * Pods bound by the scheduler through the durable API server, with nobody else at work: as upstream's scheduler_perf
 * has it. Its floor is the same bindings, asked for by a client that need not think.
 */

import type { Workshop } from '../api/processes.ts';
import type { Measurement } from '../bench.ts';
import { Cluster, concurrently } from './cluster.ts';
import { followPods } from './follow.ts';
import { bindingOf, namespace, nodeOf, podOf } from './objects.ts';

const nodeCount = 5000;
const podCount = 6000;
const bareBindings = 2000;
const zones = 3;

async function makeNodes({ client }: Cluster): Promise<void> {
  await concurrently(nodeCount, async (index) => {
    const name = `node-${index + 1}`;
    await client.of('Node').create(nodeOf(name, `zone-${index % zones}`));
    // Every node is born with a taint, and here is no controller that would take it off.
    await client.of('Node').patch({ name }, { type: 'merge', patch: { spec: { taints: null } } });
  });
}

/** Bindings a second that one client can ask for. */
async function bareBindingsPerSecond({ client }: Cluster): Promise<number> {
  const name = (index: number) => `bare-${index}`;
  await concurrently(bareBindings, (index) => client.of('Pod').create(podOf(name(index))));
  const start = performance.now();
  await concurrently(bareBindings, (index) => {
    const body = bindingOf(name(index), `node-${(index % nodeCount) + 1}`);
    return client
      .of('Pod')
      .createSubresource({ namespace, name: name(index) }, { subresource: 'binding', body });
  });
  const perSecond = (bareBindings / (performance.now() - start)) * 1000;
  await client.of('Pod').deleteCollection({ namespace, gracePeriodSeconds: 0 });
  return perSecond;
}

export async function benchSchedule(workshop: Workshop): Promise<Measurement> {
  const directory = 'schedule';
  const bare = await Cluster.start(workshop, directory, { bare: true });
  await makeNodes(bare);
  const floor = await bareBindingsPerSecond(bare);
  await concurrently(podCount, (index) => bare.client.of('Pod').create(podOf(`pod-${index}`)));
  await bare.stop();
  const cluster = await Cluster.start(workshop, directory, { args: ['--controllers', 'scheduler'] });
  const { bound, stop } = await followPods(cluster.client);
  await bound.reaches(podCount, 'pods were bound');
  stop();
  await cluster.stop();
  // From the first to the last that a watcher saw.
  const perSecond = ((bound.count - 1) / (bound.lastAt - bound.firstAt)) * 1000;
  return {
    name: `pods bound by the scheduler through the durable API, ${nodeCount} nodes`,
    unit: 'pods/s',
    samples: [perSecond],
    floor: { name: 'the same bindings by a client, 64 in flight', samples: [floor] },
    wanted: { atLeast: 1000 },
  };
}

if (import.meta.main) {
  const { Workshop } = await import('../api/processes.ts');
  const workshop = new Workshop();
  try {
    console.log(await benchSchedule(workshop));
  } finally {
    await workshop.close();
  }
}
