/** One random history of a whole control plane, from a seed: things are done, things fail, then peace, then judgement. */
import { createHash } from 'node:crypto';
import type { Pod } from '../../src/kinds/generated/types.ts';
import { StatusError } from '../../src/kinds/status.ts';
import { randomInteger } from '../../src/lib/random.ts';
import { controllerManager, scheduler } from '../../src/testing/components.ts';
import { noFaults, usualFaults } from '../../src/testing/faults.ts';
import { checkInvariants, watchInvariants, watchQuiescence } from '../../src/testing/invariants.ts';
import { isMeantToRun } from '../../src/testing/pod-invariants.ts';
import { isTerminalPhase } from '../../src/testing/pod-runtime.ts';
import { startSimulation } from '../../src/testing/simulation.ts';
import { followWorld, podsOf } from '../../src/testing/world.ts';
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
const actionsPerRun = 40;
/** Longer than the longest back-off, so that everything gets its next try. */
const peaceMilliseconds = 600_000;
const quietMilliseconds = 120_000;

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

async function switchNode(run: Run): Promise<string> {
  const { simulation, world } = run;
  const name = pick(run, simulation.nodes.names) ?? '';
  const isUp = simulation.nodes.isUp(name);
  const rebooted = simulation.random.next() < 0.5;
  if (isUp) simulation.nodes.down(name);
  else simulation.nodes.up(name, { rebooted });
  world.noteSwitch(name);
  return isUp ? `${name} down` : `${name} up${rebooted ? ', rebooted' : ''}`;
}

async function restartNodes({ simulation }: Run): Promise<string> {
  await simulation.restart('nodes');
  return 'restart the nodes';
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
  switchNode,
  restartNodes,
  ...workloadActs,
];

/** A pod that goes from one failure to the next is never at rest. */
const mayMove = (pod: Pod): boolean => !isMeantToRun(pod) && !isTerminalPhase(pod.status?.phase);

async function act(run: Run): Promise<string> {
  const what = pick(run, acts) as Act;
  try {
    return (await what(run)) ?? 'nothing to do';
  } catch (error) {
    // The pod is gone by now.
    if (error instanceof StatusError && error.httpCode === 404) return error.message;
    throw error;
  }
}

export async function runSeed(seed: number): Promise<RunOutcome> {
  const simulation = await startSimulation({
    seed,
    nodes: nodeCount,
    components: [controllerManager(), scheduler()],
    nodeOptions: { removeNotReadyTaint: false },
  });
  const { clock, random } = simulation;
  const world = await followWorld({ store: simulation.store, clock, nodes: () => simulation.nodes });
  const watched = watchInvariants(world);
  const history = createHash('sha256');
  world.onChange(({ key, object, revision, at }) =>
    history.update(JSON.stringify([key, object, revision, at])),
  );
  const run: Run = { simulation, world, made: 0 };
  const actions: string[] = [];
  const start = clock.now();
  const note = (text: string) => actions.push(`${((clock.now() - start) / 1000).toFixed(3)} s: ${text}`);
  const found: string[] = [];
  const check = (isSettled: boolean) => {
    for (const { invariant, message } of checkInvariants(world, { isSettled }))
      found.push(`${invariant}: ${message}`);
  };
  try {
    simulation.setFaults(random.next() < 0.8 ? usualFaults : noFaults);
    for (let count = 0; count < actionsPerRun; count++) {
      note(await act(run));
      await simulation.advance(randomInteger(random, 20_000));
      check(false);
    }
    simulation.setFaults(noFaults);
    for (const name of simulation.nodes.names) {
      if (simulation.nodes.isUp(name)) continue;
      simulation.nodes.up(name);
      world.noteSwitch(name);
    }
    note('peace');
    await simulation.advance(peaceMilliseconds);
    check(true);
    const quiet = watchQuiescence(world, mayMove);
    await simulation.advance(quietMilliseconds);
    quiet.stop();
    found.push(...quiet.writes.map((write) => `a settled cluster is quiet: ${write}`));
    found.unshift(
      ...watched.violations.map(({ invariant, message, at }) => `${invariant}: ${message} (${at})`),
    );
    const { revision } = simulation.server.backend.cache;
    const digest = history.digest('hex');
    return { seed, actions, violations: [...new Set(found)], revision, faults: simulation.faults, digest };
  } finally {
    watched.stop();
    world.close();
    await simulation.close();
  }
}
