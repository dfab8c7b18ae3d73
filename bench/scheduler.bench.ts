/**
 * The scheduler on 5,000 nodes: the bare decision, and pods bound through the API server on the memory store.
 * `npm run bench -- scheduler`; `node bench/scheduler.bench.ts` prints one round as JSON lines.
 */
import { startTestServer } from '../src/apiserver/test-server.ts';
import { EventRecorder } from '../src/client/event-recorder.ts';
import { inProcessTransport } from '../src/client/in-process.ts';
import { Informers } from '../src/client/informers.ts';
import { Client } from '../src/client/typed-client.ts';
import type { LabelSelector } from '../src/kinds/generated/types.ts';
import { silentLogger } from '../src/lib/log.ts';
import { seededRandom } from '../src/lib/random.ts';
import { Nominator } from '../src/scheduler/nominator.ts';
import { noLookups } from '../src/scheduler/plugin.ts';
import { viewPod } from '../src/scheduler/pod-view.ts';
import { makeProfile } from '../src/scheduler/profile.ts';
import { schedule } from '../src/scheduler/schedule.ts';
import { startScheduler } from '../src/scheduler/scheduler.ts';
import { Snapshot } from '../src/scheduler/snapshot.ts';
import { makeNode, makePod, type PodWords } from '../src/scheduler/test-kit.ts';
import type { Bench, Measurement } from './bench.ts';

const rounds = 3;
const nodeCount = 5000;
const podsBefore = 20_000;
const decisions = 2000;
const boundPods = 2000;
const inFlight = 64;
const wantedPerSecond = 1000;

interface Sample {
  readonly name: string;
  readonly value: number;
  readonly wanted?: Measurement['wanted'];
}

const nodes = Array.from({ length: nodeCount }, (_, index) =>
  makeNode(`node-${String(index).padStart(4, '0')}`, {
    cpu: '32',
    memory: '256Gi',
    labels: { 'topology.kubernetes.io/zone': `zone-${index % 3}` },
  }),
);

const requests = { cpu: '100m', memory: '128Mi' };
const labels = { app: 'web' };
const selector: LabelSelector = { matchLabels: labels };
const antiAffinity: PodWords = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'kubernetes.io/hostname', labelSelector: selector },
      ],
    },
  },
};
const zoneSpread: PodWords = {
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'topology.kubernetes.io/zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: selector,
    },
  ],
};

/** Decides pods one after the other, each counted on its node before the next. */
function decisionsPerSecond(words: PodWords, selectors: readonly LabelSelector[] = []): number {
  const snapshot = new Snapshot();
  for (const node of nodes) snapshot.setNode(node);
  for (let index = 0; index < podsBefore; index++)
    snapshot.setPod(
      viewPod(makePod(`before-${index}`, { requests, labels: { app: `app-${index % 200}` } })),
      `node-${String(index % nodeCount).padStart(4, '0')}`,
    );
  const cycle = { snapshot, lookups: { ...noLookups, selectorsOf: () => selectors } };
  const options = { profile: makeProfile(), nominator: new Nominator(), random: seededRandom(1) };
  const pods = Array.from({ length: decisions }, (_, index) =>
    makePod(`pod-${index}`, { requests, labels, ...words }),
  );
  let startIndex = 0;
  const start = performance.now();
  for (const each of pods) {
    const pod = viewPod(each);
    const decision = schedule(pod, cycle, { ...options, startIndex });
    if (decision.node === undefined) throw new Error(decision.failure?.message);
    startIndex = (startIndex + decision.evaluated) % nodeCount;
    snapshot.setPod(pod, decision.node);
  }
  return decisions / ((performance.now() - start) / 1000);
}

/** Runs `work` for 0 to count - 1 with so many at a time. */
async function concurrently(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

async function boundPerSecond(): Promise<number> {
  const server = await startTestServer();
  const { clock } = server;
  const user = { name: 'system:kube-scheduler', groups: ['system:masters', 'system:authenticated'] };
  const transport = inProcessTransport(server.server.handle, { user });
  const client = new Client({ transport, clock, userAgent: 'kube-scheduler' });
  const random = seededRandom(1);
  const log = silentLogger;
  const stopping = new AbortController();
  const { signal } = stopping;
  await concurrently(nodeCount, async (index) => {
    const node = nodes[index]!;
    await client.of('Node').create(node);
    const at = { name: node.metadata.name ?? '' };
    await client.of('Node').patch(at, { type: 'merge', patch: { spec: { taints: null } } });
  });
  await concurrently(boundPods, async (index) => {
    const { metadata, ...pod } = makePod(`pod-${index}`, { requests, labels });
    const { name, namespace } = metadata;
    await client.of('Pod').create({ ...pod, metadata: { name, namespace, labels } });
  });
  const informers = new Informers({ client, clock, random, log });
  const recorder = new EventRecorder({ client, clock, random, log, signal });
  let bound = 0;
  let started = 0;
  const allBound = new Promise<void>((resolve) => {
    informers.of('Pod').handle({
      update(pod, old) {
        if (pod.spec?.nodeName && !old.spec?.nodeName && ++bound === boundPods) resolve();
      },
    });
  });
  informers.of('Pod').onSynced(() => {
    started = performance.now();
  });
  startScheduler({ client, informers, recorder, clock, random, log, signal });
  informers.start(signal);
  await allBound;
  const perSecond = boundPods / ((performance.now() - started) / 1000);
  stopping.abort();
  await transport.close();
  await server.close();
  return perSecond;
}

async function round(): Promise<Sample[]> {
  const wanted = { atLeast: wantedPerSecond };
  const among = `${nodeCount} nodes, ${podsBefore} pods`;
  return [
    { name: `decisions, ${among}`, value: decisionsPerSecond({}), wanted },
    {
      name: `decisions on pods of a Service, spread by default, ${among}`,
      value: decisionsPerSecond({}, [selector]),
      wanted,
    },
    { name: `decisions with zone spread, ${among}`, value: decisionsPerSecond(zoneSpread) },
    { name: `decisions with anti-affinity by host, ${among}`, value: decisionsPerSecond(antiAffinity) },
    { name: `pods bound through the API server, ${nodeCount} nodes`, value: await boundPerSecond(), wanted },
  ];
}

export const bench: Bench = {
  async run() {
    const all: Sample[][] = [];
    for (let index = 0; index < rounds; index++) all.push(await round());
    return all[0]!.map(({ name, wanted }, index): Measurement => {
      const samples = all.map((found) => found[index]!.value);
      return { name, unit: 'pods/s', samples, wanted };
    });
  },
};

if (import.meta.main)
  for (const { name, value } of await round())
    console.log(JSON.stringify({ name, value: Math.round(value), unit: 'pods/s' }));
