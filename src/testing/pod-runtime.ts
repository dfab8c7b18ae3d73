/**
 * What the container runtime of a simulated node knows of a pod. Times are milliseconds since the epoch, finer than the
 * seconds of the API, so that delays are exact. After a restart of the process it is made again from the pod's status.
 */
import type { Container, ContainerState, ContainerStatus, Pod } from '../kinds/generated/types.ts';
import type { ContainerRole } from './behaviour.ts';
import { backOffMilliseconds } from './limits.ts';

/**
 * - waiting: others must come first
 * - starting: image and container are on their way
 * - pullFailed, pullBackOff: the image could not be had, and the wait for the next try
 * - running
 * - exited, backOff: has ended, and the wait for the next start
 */
export type Stage = 'waiting' | 'starting' | 'pullFailed' | 'pullBackOff' | 'running' | 'exited' | 'backOff';

export interface Exit {
  startedAt: number;
  finishedAt: number;
  code: number;
  /** Else Completed or Error, by the code. */
  reason?: string;
  message?: string;
}

export interface ContainerRun {
  readonly name: string;
  readonly role: ContainerRole;
  stage: Stage;
  /** Since when it is at this stage. */
  since: number;
  restarts: number;
  /** How it ended last; of a running one, its predecessor's end. */
  exit?: Exit;
  /** The wait that the next start has to keep from the last end, and when that was set; none: it may start at once. */
  backOff?: { milliseconds: number; setAt: number };
  /** The wait after the next failed pull. */
  pullBackOff?: number;
  /** When its readiness probe failed last. */
  probedAt?: number;
}

export interface Stop {
  since: number;
  /** When everything that still runs is killed. */
  deadline: number;
  /** Why, when it was not a delete. */
  failure?: { reason: string; message: string };
}

export interface PodRuntime {
  readonly uid: string;
  /** Undefined until it is known which address the pod gets. */
  readonly ip: string | undefined;
  /** When the node took the pod. */
  readonly startedAt: number;
  /** In the order of the spec, init containers first. */
  readonly containers: ContainerRun[];
  stop?: Stop;
}

export const isTerminalPhase = (phase: string | undefined): boolean =>
  phase === 'Succeeded' || phase === 'Failed';

const roleOf = (container: Container): ContainerRole =>
  container.restartPolicy === 'Always' ? 'sidecar' : 'init';

/** Each container of the pod with its role, init containers first. */
export function containersOf(pod: Pod): { container: Container; role: ContainerRole }[] {
  return [
    ...(pod.spec?.initContainers ?? []).map((container) => ({ container, role: roleOf(container) })),
    ...(pod.spec?.containers ?? []).map((container) => ({ container, role: 'app' as const })),
  ];
}

/** Of a pod that no node has seen yet; with `ip`, its address. */
export function newRuntime(pod: Pod, ip: string | undefined, now: number): PodRuntime {
  return {
    uid: pod.metadata.uid ?? '',
    ip,
    startedAt: now,
    containers: containersOf(pod).map(({ container, role }) => ({
      name: container.name,
      role,
      stage: 'waiting',
      since: now,
      restarts: 0,
    })),
  };
}

const timeOf = (text: string | undefined, otherwise: number): number => {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? otherwise : time;
};

function exitOf(terminated: ContainerState['terminated'], now: number): Exit | undefined {
  if (terminated == null) return undefined;
  return {
    startedAt: timeOf(terminated.startedAt, now),
    finishedAt: timeOf(terminated.finishedAt, now),
    code: terminated.exitCode ?? 0,
  };
}

/** The length of the wait is the one thing that only a message says; a container that waited starts it anew. */
function recoverContainer(run: ContainerRun, status: ContainerStatus, now: number): ContainerRun {
  const { state = {}, lastState, restartCount } = status;
  const restarts = restartCount ?? 0;
  const last = exitOf(lastState?.terminated, now);
  const waited = restarts > 0 ? { backOff: { milliseconds: backOffMilliseconds, setAt: now } } : {};
  const known = { ...run, restarts, ...waited };
  if (state.running != null)
    return { ...known, stage: 'running', since: timeOf(state.running.startedAt, now), exit: last };
  const exit = exitOf(state.terminated, now);
  if (exit !== undefined) return { ...known, stage: 'exited', since: exit.finishedAt, exit };
  if (last !== undefined) return { ...known, stage: 'exited', since: last.finishedAt, exit: last };
  return known;
}

/** Of a pod that was taken before: from what its status says. */
export function recoverRuntime(pod: Pod, ip: string | undefined, now: number): PodRuntime {
  const fresh = newRuntime(pod, ip, timeOf(pod.status?.startTime, now));
  const statuses = new Map(
    [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].map((status) => [
      status.name,
      status,
    ]),
  );
  const containers = fresh.containers.map((run) => {
    const status = statuses.get(run.name);
    return status === undefined ? { ...run, since: now } : recoverContainer(run, status, now);
  });
  return { ...fresh, containers };
}

/** The machine was switched off: what ran has ended, and nobody saw how. */
export function lostRuntime(runtime: PodRuntime, now: number): PodRuntime {
  return {
    ...runtime,
    containers: runtime.containers.map((run) =>
      run.stage === 'running'
        ? {
            ...run,
            stage: 'exited',
            since: now,
            exit: { startedAt: run.since, finishedAt: now, code: 255, reason: 'Unknown' },
            backOff: undefined,
          }
        : run,
    ),
  };
}
