/** One random history of a whole control plane, from a seed: things are done, things fail, then peace, then judgement. */
import { createHash } from 'node:crypto';
import type { Pod } from '../../src/kinds/generated/types.ts';
import { StatusError } from '../../src/kinds/status.ts';
import { randomInteger } from '../../src/lib/random.ts';
import { controllerManager, scheduler } from '../../src/testing/components.ts';
import { noFaults, usualFaults } from '../../src/testing/faults.ts';
import {
  checkInvariants,
  type Violation,
  watchInvariants,
  watchQuiescence,
} from '../../src/testing/invariants.ts';
import { isMeantToRun } from '../../src/testing/pod-invariants.ts';
import { isTerminalPhase } from '../../src/testing/pod-runtime.ts';
import { startSimulation } from '../../src/testing/simulation.ts';
import { followWorld, podsOf, type WorldChange } from '../../src/testing/world.ts';
import { batchActs } from './batch-acts.ts';
import { clusterActs } from './cluster-acts.ts';
import { type Act, pick, type Run } from './run.ts';
import { workloadActs } from './workload-acts.ts';

export interface RunOutcome {
  readonly seed: number;
  /** What was done, in order, with its virtual time: to be read when it failed. */
  readonly actions: readonly string[];
  readonly violations: readonly string[];
  readonly revision: number;
  readonly faults: number;
  /** Of every commit, in order: the same for the same seed. */
  readonly digest: string;
}

const nodeCount = 3;

interface Length {
  readonly acts: number;
  /** Longer than the longest back-off that can have gathered, so that everything gets its next try. */
  readonly peaceMilliseconds: number;
  readonly quietMilliseconds: number;
}

/** Most are short: a thousand beginnings find more than a hundred long lives. */
const lengthOf = (seed: number): Length =>
  seed % 10 === 0
    ? { acts: 80, peaceMilliseconds: 900_000, quietMilliseconds: 360_000 }
    : { acts: 24, peaceMilliseconds: 400_000, quietMilliseconds: 60_000 };

const behaviours: readonly Record<string, string>[] = [
  {},
  {},
  { 'start-seconds': '20' },
  { 'ready-seconds': '5' },
  { 'never-ready': 'true' },
  { crash: 'true' },
  { 'image-missing': 'true' },
  { 'exit-code': '0', 'exit-after-seconds': '4' },
  { 'exit-code': '3', 'exit-after-seconds': '8' },
  { 'stop-seconds': '12' },
  { 'stop-seconds': '100' },
];

async function createPod(run: Run): Promise<string> {
  const { simulation } = run;
  const name = `pod-${++run.made}`;
  const behaviour = pick(run, behaviours) ?? {};
  const annotations = Object.fromEntries(
    Object.entries(behaviour).map(([key, value]) => [`sim.wherry.dev/${key}`, value]),
  );
  const nodeName = pick(run, simulation.nodes.names);
  const pod: Pod = {
    metadata: { name, namespace: 'default', annotations },
    spec: {
      nodeName,
      restartPolicy: pick(run, ['Always', 'OnFailure', 'Never']),
      terminationGracePeriodSeconds: pick(run, [0, 5, 30]),
      initContainers: pick(run, [
        undefined,
        [{ name: 'prepare', image: 'busybox:1.37' }],
        [{ name: 'log', image: 'busybox:1.37', restartPolicy: 'Always' }],
      ]),
      containers: [{ name: 'web', image: 'nginx:1.29' }],
    },
  };
  await simulation.client.of('Pod').create(pod);
  return `create ${name} on ${nodeName}, restart ${pod.spec?.restartPolicy} ${JSON.stringify(behaviour)}`;
}

async function deletePod(run: Run): Promise<string | undefined> {
  const pod = pick(run, podsOf(run.world));
  if (pod === undefined) return undefined;
  const gracePeriodSeconds = pick(run, [undefined, undefined, 1, 0]);
  const { namespace, name = '' } = pod.metadata;
  await run.simulation.client.of('Pod').delete({ namespace, name }, { gracePeriodSeconds });
  return `delete ${name}, grace ${gracePeriodSeconds ?? 'its own'}`;
}

async function annotatePod(run: Run): Promise<string | undefined> {
  const pod = pick(run, podsOf(run.world));
  if (pod === undefined) return undefined;
  const { namespace, name = '' } = pod.metadata;
  const value = pick(run, ['true', null]);
  const patch = { metadata: { annotations: { 'sim.wherry.dev/never-ready': value } } };
  await run.simulation.client.of('Pod').patch({ namespace, name }, { type: 'merge', patch });
  return `annotate ${name} never-ready=${value}`;
}

/** As often as they stand here. */
const acts: readonly Act[] = [
  createPod,
  createPod,
  createPod,
  createPod,
  deletePod,
  deletePod,
  annotatePod,
  annotatePod,
  ...workloadActs,
  ...batchActs,
  ...clusterActs,
];

/** A pod that goes from one failure to the next is never at rest. */
const mayMove = (pod: Pod): boolean => !isMeantToRun(pod) && !isTerminalPhase(pod.status?.phase);

/** What was to be acted upon is gone, or has changed meanwhile, or a quota stands against it: that is life. */
const usualRefusals: readonly number[] = [403, 404, 409, 422];

async function perform(run: Run, act: Act): Promise<string> {
  try {
    return (await act(run)) ?? 'nothing to do';
  } catch (error) {
    if (error instanceof StatusError && usualRefusals.includes(error.httpCode)) return error.message;
    throw error;
  }
}

async function performDue(run: Run, now: number): Promise<string[]> {
  const due = run.later.filter(({ at }) => at <= now);
  run.later.splice(0, run.later.length, ...run.later.filter(({ at }) => at > now));
  const told: string[] = [];
  for (const { act } of due) told.push(await perform(run, act));
  return told;
}

export interface RunOptions {
  /** Told of everything, as it happens: of what is done, and of every change. */
  readonly watch?: { act(text: string): void; change(change: WorldChange): void };
}

interface Judged {
  readonly run: Run;
  readonly length: Length;
  readonly note: (text: string) => void;
  readonly check: (isSettled: boolean) => void;
}

async function live({ run, length, note, check }: Judged): Promise<void> {
  const { simulation } = run;
  const { clock, random } = simulation;
  simulation.setFaults(random.next() < 0.8 ? usualFaults : noFaults);
  for (let count = 0; count < length.acts; count++) {
    note(await perform(run, pick(run, acts) as Act));
    await simulation.advance(randomInteger(random, 20_000));
    for (const told of await performDue(run, clock.now())) note(told);
    check(false);
  }
}

async function makePeace({ run, length, note, check }: Judged): Promise<void> {
  const { simulation, world } = run;
  simulation.setFaults(noFaults);
  for (const told of await performDue(run, Number.POSITIVE_INFINITY)) note(told);
  for (const name of simulation.nodes.names) {
    if (simulation.nodes.isUp(name)) continue;
    simulation.nodes.up(name);
    world.noteSwitch(name);
  }
  note('peace');
  await simulation.advance(length.peaceMilliseconds);
  check(true);
}

export async function runSeed(seed: number, { watch }: RunOptions = {}): Promise<RunOutcome> {
  const length = lengthOf(seed);
  const simulation = await startSimulation({
    seed,
    nodes: nodeCount,
    components: [controllerManager(), scheduler()],
    nodeOptions: { removeNotReadyTaint: false },
  });
  const { clock, store } = simulation;
  const world = await followWorld({ store, clock, nodes: () => simulation.nodes });
  const history = createHash('sha256');
  world.onChange((change) => {
    const { key, object, revision, at } = change;
    history.update(JSON.stringify([key, object, revision, at]));
    watch?.change(change);
  });
  const watched = watchInvariants(world);
  const run: Run = { simulation, world, made: 0, later: [] };
  const actions: string[] = [];
  const start = clock.now();
  const note = (text: string) => {
    actions.push(`${((clock.now() - start) / 1000).toFixed(3)} s: ${text}`);
    watch?.act(text);
  };
  const found: string[] = [];
  const tell = ({ invariant, message, at }: Violation) => found.push(`${at} ${invariant}: ${message}`);
  const check = (isSettled: boolean) => checkInvariants(world, { isSettled }).forEach(tell);
  try {
    const judged: Judged = { run, length, note, check };
    await live(judged);
    await makePeace(judged);
    const quiet = watchQuiescence(world, mayMove);
    await simulation.advance(length.quietMilliseconds);
    quiet.stop();
    found.push(...quiet.writes.map((write) => `a settled cluster is quiet: ${write}`));
    watched.violations.forEach(tell);
    const violations = [...new Set(found)].sort();
    const { revision } = simulation.server.backend.cache;
    return { seed, actions, violations, revision, faults: simulation.faults, digest: history.digest('hex') };
  } finally {
    watched.stop();
    world.close();
    await simulation.close();
  }
}
