/** 5,000 nodes: workloads that come, the endpoints made of their pods, and what all of it takes when it rests. */
import { setTimeout as sleep } from 'node:timers/promises';
import { residentMegabytes, type Workshop } from '../api/processes.ts';
import type { Measurement } from '../bench.ts';
import { Cluster, concurrently } from './cluster.ts';
import { type Followed, followEndpoints, followNodes, followPods } from './follow.ts';
import { benchIdle } from './idle.ts';
import { deploymentOf, namespace, serviceOf } from './objects.ts';

export interface Size {
  readonly nodeCount: number;
  readonly podCount: number;
}

const wantedSize: Size = { nodeCount: 5000, podCount: 20_000 };
const replicas = 1000;
/** Deployments that are timed one after the other; the rest comes at once. */
const timed = 3;
/** Pods that become ready one at a time in a Service of so many. */
const singles = 100;
const singleMilliseconds = 40;
const singleDelayMax = 100;
const settleMilliseconds = 15_000;

/** In milliseconds. */
interface Delays {
  readonly found: readonly number[];
  readonly floor: readonly number[];
}

interface Scene {
  readonly size: Size;
  readonly cluster: Cluster;
  readonly pods: Followed & { readonly readyAt: ReadonlyMap<string, number> };
}

async function startNodes(
  workshop: Workshop,
  { nodeCount }: Size,
): Promise<{ cluster: Cluster; seconds: number }> {
  const start = performance.now();
  const args = ['--simulated-nodes', String(nodeCount), '--simulated-node-events', 'off'];
  const cluster = await Cluster.start(workshop, 'control', { args });
  const { ready, stop } = await followNodes(cluster.client);
  await ready.reaches(nodeCount, 'nodes are ready');
  const seconds = (ready.lastAt - start) / 1000;
  stop();
  return { cluster, seconds };
}

/** Seconds from create to the last pod that is ready. */
async function timeDeployment({ cluster, pods }: Scene, name: string): Promise<number> {
  const before = pods.ready.count;
  const start = performance.now();
  await cluster.client.of('Deployment').create(deploymentOf(name, replicas));
  await pods.ready.reaches(before + replicas, 'pods are ready');
  return (pods.ready.lastAt - start) / 1000;
}

const percentile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ??
  Number.NaN;

/** Milliseconds from a pod that is seen ready to its place in a slice, as the same client sees both. */
function delays(readyAt: ReadonlyMap<string, number>, writtenAt: ReadonlyMap<string, number>): number[] {
  const names = [...writtenAt.keys()].filter((name) => readyAt.has(name));
  return names.map((name) => Math.max(0, (writtenAt.get(name) ?? 0) - (readyAt.get(name) ?? 0)));
}

/** What a write takes to be seen by a watcher on the same connection: nothing that reacts to it can be quicker. */
async function writeToWatch({ client }: Cluster): Promise<number[]> {
  const name = 'echo';
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name } };
  await client.of('ConfigMap').create(configMap);
  const sentAt = new Map<string, number>();
  const found: number[] = [];
  const stop = await client.of('ConfigMap').watch(
    { namespace },
    {
      onEvent({ object }) {
        const sent = sentAt.get((object as { data?: { at?: string } }).data?.at ?? '');
        if (sent !== undefined) found.push(performance.now() - sent);
      },
      onEnd() {},
    },
  );
  for (let index = 0; index < singles; index++) {
    sentAt.set(String(index), performance.now());
    const patch = { data: { at: String(index) } };
    await client.of('ConfigMap').patch({ namespace, name }, { type: 'merge', patch });
    await sleep(singleMilliseconds / 4);
  }
  stop();
  return found;
}

/** Pods of one Service that become ready one at a time. */
async function singleEndpoints({ cluster, pods }: Scene): Promise<number[]> {
  const { client } = cluster;
  const name = 'single';
  await client.of('Service').create(serviceOf(name));
  await client.of('Deployment').create(deploymentOf(name, 1));
  const { written, writtenAt, stop } = await followEndpoints(client, name);
  for (let count = 2; count <= singles; count++) {
    const patch = { spec: { replicas: count } };
    await client.of('Deployment').patch({ namespace, name }, { type: 'merge', patch });
    await sleep(singleMilliseconds);
  }
  await written.reaches(singles, 'endpoints were written');
  stop();
  return delays(pods.readyAt, writtenAt);
}

function delayMeasurements({ found, floor }: Delays): Measurement[] {
  return ([0.5, 0.99] as const).map(
    (part): Measurement => ({
      name: `ready pod to EndpointSlice, one at a time, p${part * 100}`,
      unit: 'ms',
      samples: [percentile(found, part)],
      floor: { name: 'a write to its watcher', samples: [percentile(floor, part)] },
      ...(part === 0.99 ? { wanted: { atMost: singleDelayMax } } : {}),
    }),
  );
}

async function measureEndpoints(scene: Scene): Promise<Measurement[]> {
  const floor = await writeToWatch(scene.cluster);
  return delayMeasurements({ found: await singleEndpoints(scene), floor });
}

async function measureDeployments(scene: Scene): Promise<Measurement[]> {
  const { podCount } = scene.size;
  const { client } = scene.cluster;
  await client.of('Service').create(serviceOf('timed-0'));
  const slices = await followEndpoints(client, 'timed-0');
  const seconds: number[] = [];
  for (let index = 0; index < timed; index++) seconds.push(await timeDeployment(scene, `timed-${index}`));
  await slices.written.reaches(replicas, 'endpoints were written');
  slices.stop();
  const burst = delays(scene.pods.readyAt, slices.writtenAt);
  const left = (podCount - timed * replicas - singles) / replicas;
  const before = scene.pods.ready.count;
  const rest = podCount - before;
  const cpuBefore = scene.cluster.cpuMilliseconds;
  const start = performance.now();
  await concurrently(Math.ceil(left), (index) =>
    client
      .of('Deployment')
      .create(deploymentOf(`rest-${index}`, Math.min(replicas, rest - index * replicas))),
  );
  await scene.pods.ready.reaches(podCount, 'pods are ready');
  const perSecond = (rest / (scene.pods.ready.lastAt - start)) * 1000;
  const cpu = (scene.cluster.cpuMilliseconds - cpuBefore) / rest;
  return [
    {
      name: `a Deployment of ${replicas} replicas, from create to all Ready`,
      unit: 's',
      samples: seconds,
      wanted: { atMost: 10 },
    },
    {
      name: `ready pod to EndpointSlice, ${replicas} at once, p99`,
      unit: 'ms',
      samples: [percentile(burst, 0.99)],
      wanted: { atMost: 1000 },
    },
    {
      name: `pods from create to Ready, ${rest} in Deployments of ${replicas}`,
      unit: '/s',
      samples: [perSecond],
    },
    { name: 'CPU time of the process for one such pod, heartbeats included', unit: 'ms', samples: [cpu] },
  ];
}

/** What the API server alone takes with the same data. */
async function bareMegabytes(workshop: Workshop): Promise<number> {
  const server = await workshop.startServer('control', { bare: true });
  await sleep(settleMilliseconds / 5);
  const megabytes = residentMegabytes(server);
  await server.stop();
  return megabytes;
}

export async function benchWorkloads(workshop: Workshop, size = wantedSize): Promise<Measurement[]> {
  const { nodeCount, podCount } = size;
  const { cluster, seconds } = await startNodes(workshop, size);
  const pods = await followPods(cluster.client);
  const scene = { size, cluster, pods };
  const endpoints = await measureEndpoints(scene);
  const deployments = await measureDeployments(scene);
  pods.stop();
  await sleep(settleMilliseconds);
  const idle = await benchIdle(cluster, nodeCount);
  const memory = residentMegabytes(cluster.server);
  await cluster.stop();
  return [
    { name: `start to ${nodeCount} simulated nodes Ready`, unit: 's', samples: [seconds] },
    ...deployments,
    ...endpoints,
    ...idle,
    {
      name: `RSS with ${nodeCount} nodes and ${podCount} running pods, everything in one process`,
      unit: 'MB',
      samples: [memory],
      floor: { name: 'the API server alone with the same data', samples: [await bareMegabytes(workshop)] },
      wanted: { atMost: 1000 },
    },
  ];
}

if (import.meta.main) {
  const { Workshop } = await import('../api/processes.ts');
  const workshop = new Workshop();
  try {
    // Sizes may be given, to try it out: nodes and pods.
    const [nodeCount = wantedSize.nodeCount, podCount = wantedSize.podCount] = process.argv
      .slice(2)
      .map(Number);
    for (const each of await benchWorkloads(workshop, { nodeCount, podCount }))
      console.log(JSON.stringify(each));
  } finally {
    await workshop.close();
  }
}
