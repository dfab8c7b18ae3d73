/**
 * A pod's containers, moved on to a given time. Everything that happened since is done in its order and at its own
 * time, so a step that comes late changes nothing. Source of the rules: pkg/kubelet/kuberuntime of Kubernetes.
 */
import type { Container, Pod } from '../kinds/generated/types.ts';
import { type Behaviour, behaviourOf } from './behaviour.ts';
import {
  backOffMilliseconds,
  backOffMillisecondsMax,
  failureShownMilliseconds,
  transitionsPerStepMax,
} from './limits.ts';
import { type PodHappening, saysPulling } from './pod-events.ts';
import { type ContainerRun, containersOf, type PodRuntime } from './pod-runtime.ts';

interface Due {
  readonly at: number;
  readonly apply: (at: number) => void;
}

interface World {
  readonly pod: Pod;
  readonly runtime: PodRuntime;
  readonly behaviours: ReadonlyMap<string, Behaviour>;
  readonly containers: ReadonlyMap<string, Container>;
  /** What kubelet would tell, in order. */
  readonly happenings: PodHappening[];
}

export interface Advanced {
  readonly runtime: PodRuntime;
  /** When something will happen by itself; undefined: never. */
  readonly wakeAt: number | undefined;
  readonly happenings: readonly PodHappening[];
}

/** Moves on to `now`; the runtime that is given stays as it is. */
export function advancePod(pod: Pod, before: PodRuntime, now: number): Advanced {
  const runtime: PodRuntime = {
    ...before,
    containers: before.containers.map((run) => ({ ...run })),
    ...(before.stop === undefined ? {} : { stop: { ...before.stop } }),
  };
  const all = containersOf(pod);
  const world: World = {
    pod,
    runtime,
    behaviours: new Map(
      all.map(({ container, role }) => [container.name, behaviourOf(pod, container, role)]),
    ),
    containers: new Map(all.map(({ container }) => [container.name, container])),
    happenings: [],
  };
  markStop(world, now);
  let time = runtime.startedAt;
  for (let count = 0; count < transitionsPerStepMax; count++) {
    startNext(world, Math.min(now, Math.max(time, newestChange(runtime))));
    const next = earliest(world);
    if (next === undefined || next.at > now) {
      probe(world, now);
      return { runtime, wakeAt: wakeAt(world, next?.at, now), happenings: world.happenings };
    }
    time = next.at;
    next.apply(next.at);
  }
  return { runtime, wakeAt: now + failureShownMilliseconds, happenings: world.happenings };
}

const newestChange = ({ containers, startedAt }: PodRuntime): number =>
  containers.reduce(
    (newest, { stage, since }) => (stage === 'waiting' ? newest : Math.max(newest, since)),
    startedAt,
  );

/** A delete counts from when the node hears of it; its deadline is the API's. */
function markStop(world: World, now: number): void {
  const { pod, runtime } = world;
  const { deletionTimestamp } = pod.metadata;
  if (deletionTimestamp === undefined) return;
  const deadline = Date.parse(deletionTimestamp);
  const { stop } = runtime;
  if (stop !== undefined) stop.deadline = Math.max(stop.since, Math.min(stop.deadline, deadline));
  else {
    runtime.stop = { since: now, deadline: Math.max(now, deadline) };
    tellKilling(world);
  }
}

/** All that run are told at once, though sidecars wait for their turn. */
function tellKilling({ runtime, happenings }: World): void {
  for (const { name, stage } of runtime.containers)
    if (stage === 'running') happenings.push({ what: 'killing', container: name });
}

/** An image that is asked for each time, or is not to be had, is asked for when its container's turn comes. */
function beginStart(world: World, run: ContainerRun, at: number): void {
  enter(run, 'starting', at);
  const container = world.containers.get(run.name);
  const isMissing = world.behaviours.get(run.name)?.imageMissing ?? false;
  if (container !== undefined && (isMissing || saysPulling(container)))
    world.happenings.push({ what: 'pulling', container: run.name });
}

/** Whether an ended container comes back. */
function restarts({ pod }: World, run: ContainerRun): boolean {
  const failed = run.exit?.code !== 0;
  if (run.role === 'sidecar') return true;
  const policy = pod.spec?.restartPolicy ?? 'Always';
  if (run.role === 'init') return failed && policy !== 'Never';
  return policy === 'Always' || (policy === 'OnFailure' && failed);
}

/** Ended, and not to come back. */
const isOver = (world: World, run: ContainerRun): boolean =>
  run.stage === 'exited' && (world.runtime.stop !== undefined || !restarts(world, run));

const initFailed = (world: World): boolean =>
  world.runtime.containers.some(
    (run) => run.role === 'init' && run.stage === 'exited' && run.exit?.code !== 0 && !restarts(world, run),
  );

/** All work is done, for good or ill: what is left are sidecars. */
export function isFinished(pod: Pod, runtime: PodRuntime): boolean {
  return isWorkOver({ pod, runtime, behaviours: new Map(), containers: new Map(), happenings: [] });
}

const isWorkOver = (world: World): boolean =>
  initFailed(world) ||
  world.runtime.containers.filter(({ role }) => role === 'app').every((run) => isOver(world, run));

/** Lets the turn of containers come: init containers one by one, a sidecar running, then the others all together. */
function startNext(world: World, at: number): void {
  const { containers, stop } = world.runtime;
  if (stop !== undefined || isWorkOver(world)) return;
  for (const run of containers) {
    if (run.stage === 'waiting') beginStart(world, run, at);
    if (run.role === 'init' && !(run.stage === 'exited' && run.exit?.code === 0)) return;
    if (run.role === 'sidecar' && run.stage !== 'running' && run.restarts === 0) return;
  }
}

function earliest(world: World): Due | undefined {
  let first: Due | undefined;
  const take = (due: Due | undefined) => {
    if (due !== undefined && (first === undefined || due.at < first.at)) first = due;
  };
  const { stop, containers } = world.runtime;
  if (stop === undefined) take(deadlineDue(world));
  for (const run of containers) take(stop === undefined ? containerDue(world, run) : undefined);
  if (stop !== undefined || isWorkOver(world)) take(stopDue(world));
  return first;
}

/** activeDeadlineSeconds: kubelet ends the pod, with the usual grace. */
function deadlineDue(world: World): Due | undefined {
  const { pod, runtime } = world;
  const seconds = pod.spec?.activeDeadlineSeconds;
  if (seconds === undefined) return undefined;
  return {
    at: runtime.startedAt + seconds * 1000,
    apply: (at) => {
      const grace = pod.spec?.terminationGracePeriodSeconds ?? 30;
      const message = 'Pod was active on the node longer than the specified deadline';
      runtime.stop = {
        since: at,
        deadline: at + grace * 1000,
        failure: { reason: 'DeadlineExceeded', message },
      };
      world.happenings.push({ what: 'deadlineExceeded' });
      tellKilling(world);
    },
  };
}

function enter(run: ContainerRun, stage: ContainerRun['stage'], at: number): void {
  run.stage = stage;
  run.since = at;
}

function end(run: ContainerRun, at: number, code: number): void {
  run.exit = { startedAt: run.since, finishedAt: at, code };
  enter(run, 'exited', at);
}

function containerDue(world: World, run: ContainerRun): Due | undefined {
  const behaviour = world.behaviours.get(run.name);
  if (behaviour === undefined || (run.stage !== 'running' && isWorkOver(world))) return undefined;
  switch (run.stage) {
    case 'starting':
      return { at: run.since + behaviour.startMilliseconds, apply: (at) => started(world, run, at) };
    case 'pullFailed':
      return {
        at: run.since + failureShownMilliseconds,
        apply: (at) => enterTelling(world, run, { stage: 'pullBackOff', at }),
      };
    case 'pullBackOff': {
      const wait = (run.pullBackOff ?? backOffMilliseconds) - failureShownMilliseconds;
      return { at: run.since + wait, apply: (at) => beginStart(world, run, at) };
    }
    case 'running':
      if (behaviour.exitAfterMilliseconds === undefined) return undefined;
      return {
        at: run.since + behaviour.exitAfterMilliseconds,
        apply: (at) => end(run, at, behaviour.exitCode),
      };
    case 'exited':
      return restarts(world, run) ? restartDue(world, run) : undefined;
    case 'backOff':
      return {
        at: (run.exit?.finishedAt ?? run.since) + (run.backOff?.milliseconds ?? 0),
        apply: (at) => beginStart(world, run, at),
      };
    default:
      return undefined;
  }
}

/** A back-off is told when it begins. */
function enterTelling(
  world: World,
  run: ContainerRun,
  { stage, at }: { stage: 'backOff' | 'pullBackOff'; at: number },
): void {
  enter(run, stage, at);
  world.happenings.push({ what: stage, container: run.name });
}

function started(world: World, run: ContainerRun, at: number): void {
  if (world.behaviours.get(run.name)?.imageMissing) {
    const doubled = run.pullBackOff === undefined ? backOffMilliseconds : run.pullBackOff * 2;
    run.pullBackOff = Math.min(backOffMillisecondsMax, doubled);
    enter(run, 'pullFailed', at);
    world.happenings.push({ what: 'pullFailed', container: run.name });
    return;
  }
  delete run.pullBackOff;
  if (run.exit !== undefined) {
    const wait = run.backOff === undefined ? backOffMilliseconds : run.backOff.milliseconds * 2;
    run.backOff = { milliseconds: Math.min(backOffMillisecondsMax, wait), setAt: at };
    run.restarts += 1;
  }
  world.happenings.push({ what: 'started', container: run.name, pullMilliseconds: at - run.since });
  enter(run, 'running', at);
}

/** The first restart is at once; what has run for twice the longest wait is forgiven. */
function restartDue(world: World, run: ContainerRun): Due {
  const finishedAt = run.exit?.finishedAt ?? run.since;
  const { backOff } = run;
  if (backOff !== undefined && finishedAt - backOff.setAt > 2 * backOffMillisecondsMax)
    run.backOff = undefined;
  if (run.backOff === undefined) return { at: run.since, apply: (at) => beginStart(world, run, at) };
  return {
    at: run.since + failureShownMilliseconds,
    apply: (at) => enterTelling(world, run, { stage: 'backOff', at }),
  };
}

/** Containers are told to stop all together; sidecars after them, the last first (KEP-753). */
function stopDue(world: World): Due | undefined {
  const { containers, stop } = world.runtime;
  const isActive = (run: ContainerRun) => run.stage === 'running';
  const apps = containers.filter((run) => run.role !== 'sidecar' && isActive(run));
  const told = apps.length > 0 ? apps : containers.filter(isActive).slice(-1);
  const since = Math.max(stop?.since ?? 0, apps.length > 0 ? 0 : newestExit(world.runtime));
  let first: Due | undefined;
  for (const run of told) {
    const wanted = since + (world.behaviours.get(run.name)?.stopMilliseconds ?? 0);
    const killedAt = stop?.deadline ?? Number.POSITIVE_INFINITY;
    const at = Math.max(run.since, Math.min(wanted, killedAt));
    const code = wanted > killedAt ? 137 : 0;
    if (first === undefined || at < first.at) first = { at, apply: (time) => end(run, time, code) };
  }
  return first;
}

const newestExit = ({ containers }: PodRuntime): number =>
  containers.reduce((newest, { stage, since }) => (stage === 'exited' ? Math.max(newest, since) : newest), 0);

/** A readiness probe that fails is told each time; what is unready without one is told once for each start. */
function probe({ runtime, behaviours, containers, happenings }: World, now: number): void {
  if (runtime.stop !== undefined) return;
  for (const run of runtime.containers) {
    if (!isProbed(run, behaviours.get(run.name))) continue;
    const at = nextProbe(run, behaviours.get(run.name) as Behaviour, containers.get(run.name));
    if (at > now) continue;
    run.probedAt = now;
    happenings.push({ what: 'unhealthy', container: run.name });
  }
}

const isProbed = (run: ContainerRun, behaviour: Behaviour | undefined): boolean =>
  run.stage === 'running' && run.role !== 'init' && behaviour?.neverReady === true;

const probePeriodSeconds = 10;

function nextProbe(run: ContainerRun, behaviour: Behaviour, container: Container | undefined): number {
  if (run.probedAt === undefined || run.probedAt < run.since) return run.since + behaviour.readyMilliseconds;
  const { readinessProbe } = container ?? {};
  if (readinessProbe === undefined) return Number.POSITIVE_INFINITY;
  return run.probedAt + (readinessProbe.periodSeconds ?? probePeriodSeconds) * 1000;
}

/** The next transition, the next container that becomes ready, or the next probe that fails. */
function wakeAt(
  { runtime, behaviours, containers }: World,
  next: number | undefined,
  now: number,
): number | undefined {
  let first = next ?? Number.POSITIVE_INFINITY;
  if (runtime.stop === undefined)
    for (const run of runtime.containers) {
      const behaviour = behaviours.get(run.name);
      if (run.stage !== 'running' || behaviour === undefined) continue;
      if (isProbed(run, behaviour))
        first = Math.min(first, nextProbe(run, behaviour, containers.get(run.name)));
      if (behaviour.neverReady) continue;
      const readyAt = run.since + behaviour.readyMilliseconds;
      if (readyAt > now) first = Math.min(first, readyAt);
    }
  return first === Number.POSITIVE_INFINITY ? undefined : first;
}
