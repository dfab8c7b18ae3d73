/**
 * A pod's containers, moved on to a given time. Everything that happened since is done in its order and at its own
 * time, so a step that comes late changes nothing. Source of the rules: pkg/kubelet/kuberuntime of Kubernetes.
 */
import type { Pod } from '../kinds/generated/types.ts';
import { type Behaviour, behaviourOf } from './behaviour.ts';
import {
  backOffMilliseconds,
  backOffMillisecondsMax,
  failureShownMilliseconds,
  transitionsPerStepMax,
} from './limits.ts';
import { type ContainerRun, containersOf, type PodRuntime } from './pod-runtime.ts';

interface Due {
  readonly at: number;
  readonly apply: (at: number) => void;
}

interface World {
  readonly pod: Pod;
  readonly runtime: PodRuntime;
  readonly behaviours: ReadonlyMap<string, Behaviour>;
}

export interface Advanced {
  readonly runtime: PodRuntime;
  /** When something will happen by itself; undefined: never. */
  readonly wakeAt: number | undefined;
}

/** Moves on to `now`; the runtime that is given stays as it is. */
export function advancePod(pod: Pod, before: PodRuntime, now: number): Advanced {
  const runtime: PodRuntime = {
    ...before,
    containers: before.containers.map((run) => ({ ...run })),
    ...(before.stop === undefined ? {} : { stop: { ...before.stop } }),
  };
  const behaviours = new Map(
    containersOf(pod).map(({ container, role }) => [container.name, behaviourOf(pod, container, role)]),
  );
  const world: World = { pod, runtime, behaviours };
  markStop(world, now);
  let time = runtime.startedAt;
  for (let count = 0; count < transitionsPerStepMax; count++) {
    startNext(world, Math.min(now, Math.max(time, newestChange(runtime))));
    const next = earliest(world);
    if (next === undefined || next.at > now) return { runtime, wakeAt: wakeAt(world, next?.at, now) };
    time = next.at;
    next.apply(next.at);
  }
  return { runtime, wakeAt: now + failureShownMilliseconds };
}

const newestChange = ({ containers, startedAt }: PodRuntime): number =>
  containers.reduce(
    (newest, { stage, since }) => (stage === 'waiting' ? newest : Math.max(newest, since)),
    startedAt,
  );

/** A delete counts from when the node hears of it; its deadline is the API's. */
function markStop({ pod, runtime }: World, now: number): void {
  const { deletionTimestamp } = pod.metadata;
  if (deletionTimestamp === undefined) return;
  const deadline = Date.parse(deletionTimestamp);
  const { stop } = runtime;
  if (stop === undefined) runtime.stop = { since: now, deadline: Math.max(now, deadline) };
  else stop.deadline = Math.max(stop.since, Math.min(stop.deadline, deadline));
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
  const world: World = { pod, runtime, behaviours: new Map() };
  return isWorkOver(world);
}

const isWorkOver = (world: World): boolean =>
  initFailed(world) ||
  world.runtime.containers.filter(({ role }) => role === 'app').every((run) => isOver(world, run));

/** Lets the turn of containers come: init containers one by one, a sidecar running, then the others all together. */
function startNext(world: World, at: number): void {
  const { containers, stop } = world.runtime;
  if (stop !== undefined || isWorkOver(world)) return;
  for (const run of containers) {
    if (run.stage === 'waiting') {
      run.stage = 'starting';
      run.since = at;
    }
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
function deadlineDue({ pod, runtime }: World): Due | undefined {
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
      return { at: run.since + behaviour.startMilliseconds, apply: (at) => started(run, behaviour, at) };
    case 'pullFailed':
      return { at: run.since + failureShownMilliseconds, apply: (at) => enter(run, 'pullBackOff', at) };
    case 'pullBackOff': {
      const wait = (run.pullBackOff ?? backOffMilliseconds) - failureShownMilliseconds;
      return { at: run.since + wait, apply: (at) => enter(run, 'starting', at) };
    }
    case 'running':
      if (behaviour.exitAfterMilliseconds === undefined) return undefined;
      return {
        at: run.since + behaviour.exitAfterMilliseconds,
        apply: (at) => end(run, at, behaviour.exitCode),
      };
    case 'exited':
      return restarts(world, run) ? restartDue(run) : undefined;
    case 'backOff':
      return {
        at: (run.exit?.finishedAt ?? run.since) + (run.backOff?.milliseconds ?? 0),
        apply: (at) => enter(run, 'starting', at),
      };
    default:
      return undefined;
  }
}

function started(run: ContainerRun, behaviour: Behaviour, at: number): void {
  if (behaviour.imageMissing) {
    const doubled = run.pullBackOff === undefined ? backOffMilliseconds : run.pullBackOff * 2;
    run.pullBackOff = Math.min(backOffMillisecondsMax, doubled);
    enter(run, 'pullFailed', at);
    return;
  }
  delete run.pullBackOff;
  if (run.exit !== undefined) {
    const wait = run.backOff === undefined ? backOffMilliseconds : run.backOff.milliseconds * 2;
    run.backOff = { milliseconds: Math.min(backOffMillisecondsMax, wait), setAt: at };
    run.restarts += 1;
  }
  enter(run, 'running', at);
}

/** The first restart is at once; what has run for twice the longest wait is forgiven. */
function restartDue(run: ContainerRun): Due {
  const finishedAt = run.exit?.finishedAt ?? run.since;
  const { backOff } = run;
  if (backOff !== undefined && finishedAt - backOff.setAt > 2 * backOffMillisecondsMax)
    run.backOff = undefined;
  if (run.backOff === undefined) return { at: run.since, apply: (at) => enter(run, 'starting', at) };
  return { at: run.since + failureShownMilliseconds, apply: (at) => enter(run, 'backOff', at) };
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

/** The next transition, or the next container that becomes ready. */
function wakeAt({ runtime, behaviours }: World, next: number | undefined, now: number): number | undefined {
  let first = next ?? Number.POSITIVE_INFINITY;
  if (runtime.stop === undefined)
    for (const run of runtime.containers) {
      const behaviour = behaviours.get(run.name);
      if (run.stage !== 'running' || behaviour === undefined || behaviour.neverReady) continue;
      const readyAt = run.since + behaviour.readyMilliseconds;
      if (readyAt > now) first = Math.min(first, readyAt);
    }
  return first === Number.POSITIVE_INFINITY ? undefined : first;
}
