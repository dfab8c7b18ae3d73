/**
 * A pod's status as kubelet writes it, from what the runtime knows. Source of shapes, reasons and wording:
 * pkg/kubelet/kubelet_pods.go and pkg/kubelet/status/generate.go of Kubernetes.
 */
import { createHash } from 'node:crypto';
import type { Container, ContainerState, ContainerStatus, Pod, PodStatus } from '../kinds/generated/types.ts';
import { podConditions } from '../kinds/pod/conditions.ts';
import { goDuration } from '../lib/go-duration.ts';
import { timestamp } from '../lib/timestamp.ts';
import { isFinished } from './advance-pod.ts';
import { type Behaviour, behaviourOf } from './behaviour.ts';
import { fullReference, imageID, pullError } from './images.ts';
import {
  type ContainerRun,
  containersOf,
  type Exit,
  isTerminalPhase,
  type PodRuntime,
} from './pod-runtime.ts';

/** What the status says of the node. */
export interface NodeFacts {
  readonly name: string;
  readonly hostIP: string;
}

interface Context {
  readonly pod: Pod;
  readonly runtime: PodRuntime;
  readonly now: number;
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

const containerID = ({ runtime }: Context, name: string, restarts: number): string =>
  `containerd://${hash(`${runtime.uid}/${name}/${restarts}`)}`;

function terminatedState(context: Context, run: ContainerRun, exit: Exit): ContainerState {
  // Beside a running container it is its predecessor that has ended.
  const restarts = run.stage === 'running' ? Math.max(0, run.restarts - 1) : run.restarts;
  return {
    terminated: {
      containerID: containerID(context, run.name, restarts),
      exitCode: exit.code,
      finishedAt: timestamp(exit.finishedAt),
      reason: exit.reason ?? (exit.code === 0 ? 'Completed' : 'Error'),
      startedAt: timestamp(exit.startedAt),
    },
  };
}

const lost: ContainerState = {
  terminated: {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
    startedAt: undefined,
    finishedAt: undefined,
  },
};

function waitingState({ pod }: Context, run: ContainerRun, image: string): ContainerState {
  const { name, namespace, uid } = pod.metadata;
  if (run.stage === 'pullFailed') return { waiting: { reason: 'ErrImagePull', message: pullError(image) } };
  if (run.stage === 'pullBackOff' || run.pullBackOff !== undefined) {
    const message = `Back-off pulling image "${image}": ErrImagePull: ${pullError(image)}`;
    return { waiting: { reason: 'ImagePullBackOff', message } };
  }
  if (run.backOff !== undefined) {
    const wait = goDuration(run.backOff.milliseconds);
    const message = `back-off ${wait} restarting failed container=${run.name} pod=${name}_${namespace}(${uid})`;
    return { waiting: { reason: 'CrashLoopBackOff', message } };
  }
  const initializes = (pod.spec?.initContainers ?? []).length > 0;
  return { waiting: { reason: initializes ? 'PodInitializing' : 'ContainerCreating' } };
}

function statesOf(
  context: Context,
  run: ContainerRun,
  image: string,
): { state: ContainerState; last: ContainerState } {
  const ended = run.exit === undefined ? {} : terminatedState(context, run, run.exit);
  if (run.stage === 'running')
    return { state: { running: { startedAt: timestamp(run.since) } }, last: ended };
  // A container that comes back at once is shown as ended until it does, one that had to wait as waiting.
  const isEnded = run.stage === 'exited' || (run.stage === 'starting' && !run.pullBackOff && !run.backOff);
  if (run.exit !== undefined && (isEnded || context.runtime.stop !== undefined))
    return { state: ended, last: {} };
  if (context.runtime.stop !== undefined && run.role === 'app') return { state: lost, last: ended };
  return { state: waitingState(context, run, image), last: ended };
}

function isReady(context: Context, run: ContainerRun, behaviour: Behaviour): boolean {
  if (run.role === 'init') return run.stage === 'exited' && run.exit?.code === 0;
  if (run.stage !== 'running' || behaviour.neverReady) return false;
  return run.since + behaviour.readyMilliseconds <= context.now;
}

function mountsOf(container: Container): ContainerStatus['volumeMounts'] {
  return container.volumeMounts?.map(({ name, mountPath, readOnly }) => ({
    name,
    mountPath,
    ...(readOnly ? { readOnly, recursiveReadOnly: 'Disabled' } : {}),
  }));
}

/** Images are not looked at, so that whoever asks for nobody else is root. Source: KEP-3619. */
function userOf(pod: Pod, container: Container): ContainerStatus['user'] {
  const { securityContext: forPod } = pod.spec ?? {};
  const uid = container.securityContext?.runAsUser ?? forPod?.runAsUser ?? 0;
  const gid = container.securityContext?.runAsGroup ?? forPod?.runAsGroup ?? 0;
  const { fsGroup, supplementalGroups = [] } = forPod ?? {};
  const groups = new Set([gid, ...(fsGroup === undefined ? [] : [fsGroup]), ...supplementalGroups]);
  return { linux: { gid, supplementalGroups: [...groups].sort((a, b) => a - b), uid } };
}

function containerStatus(context: Context, run: ContainerRun, container: Container): ContainerStatus {
  const behaviour = behaviourOf(context.pod, container, run.role);
  const image = container.image ?? '';
  const { state, last } = statesOf(context, run, image);
  const wasCreated = run.stage === 'running' || run.exit !== undefined;
  const { limits, requests } = container.resources ?? {};
  return {
    ...(wasCreated && requests !== undefined ? { allocatedResources: requests } : {}),
    ...(wasCreated ? { containerID: containerID(context, run.name, run.restarts) } : {}),
    image: wasCreated ? fullReference(image) : image,
    imageID: wasCreated ? imageID(image) : '',
    lastState: last,
    name: run.name,
    ready: isReady(context, run, behaviour),
    ...(wasCreated
      ? { resources: { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) } }
      : {}),
    restartCount: run.restarts,
    started: run.stage === 'running' && run.role !== 'init',
    state,
    ...(wasCreated ? { user: userOf(context.pod, container) } : {}),
    ...(container.volumeMounts === undefined ? {} : { volumeMounts: mountsOf(container) }),
  };
}

/** Source: getPhase of kubelet_pods.go. */
function phaseOf(context: Context, statuses: readonly ContainerStatus[]): string {
  const { pod, runtime } = context;
  const { containers, stop } = runtime;
  const apps = statuses.slice(containers.length - (pod.spec?.containers ?? []).length);
  const isDone = stop !== undefined ? isStopped(runtime) : isFinished(pod, runtime) && isStopped(runtime);
  if (isDone) {
    const failed = statuses.some(
      ({ state }, index) =>
        containers[index]?.role !== 'sidecar' && state?.terminated != null && state.terminated.exitCode !== 0,
    );
    const unfinished = containers.some((run) => run.role !== 'sidecar' && run.exit === undefined);
    return stop?.failure !== undefined || failed || unfinished ? 'Failed' : 'Succeeded';
  }
  const initializing = containers.some((run) =>
    run.role === 'init'
      ? !(run.stage === 'exited' && run.exit?.code === 0)
      : run.role === 'sidecar' && neverRan(run),
  );
  if (initializing) return 'Pending';
  const anyWaits = apps.some(
    ({ state, lastState }) => state?.waiting != null && lastState?.terminated == null,
  );
  if (anyWaits) return 'Pending';
  return 'Running';
}

const neverRan = ({ stage, exit }: ContainerRun): boolean => stage !== 'running' && exit === undefined;

/** Nothing runs any more. */
export const isStopped = ({ containers }: PodRuntime): boolean =>
  containers.every(({ stage }) => stage !== 'running');

/** Kubelet sorts them by name, init containers as they stand in the spec. */
const byName = (left: ContainerStatus, right: ContainerStatus): number =>
  left.name < right.name ? -1 : left.name > right.name ? 1 : 0;

function addresses({ pod, runtime }: Context, hostIP: string, hasSandbox: boolean): Partial<PodStatus> {
  const ip = pod.spec?.hostNetwork === true ? hostIP : runtime.ip;
  return {
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(hasSandbox && ip !== undefined ? { podIP: ip, podIPs: [{ ip }] } : {}),
  };
}

/** Has a network: something has been started, or tried. */
const sandboxIsThere = ({ containers }: PodRuntime): boolean =>
  containers.some(
    (run) => run.exit !== undefined || run.pullBackOff !== undefined || run.stage === 'running',
  );

/** The whole status; what others wrote into it stays. */
export function podStatus(pod: Pod, state: { node: NodeFacts; runtime: PodRuntime; now: number }): PodStatus {
  const { node, runtime, now } = state;
  const context: Context = { pod, runtime, now };
  const containers = new Map(containersOf(pod).map(({ container }) => [container.name, container]));
  const all = runtime.containers.map((run) =>
    containerStatus(context, run, containers.get(run.name) ?? { name: run.name }),
  );
  const initCount = (pod.spec?.initContainers ?? []).length;
  const phase = phaseOf(context, all);
  const hasSandbox = sandboxIsThere(runtime);
  const { failure } = runtime.stop ?? {};
  const old = pod.status ?? {};
  return {
    ...old,
    conditions: podConditions(pod, {
      phase,
      init: all.slice(0, initCount),
      app: all.slice(initCount),
      hasSandbox: hasSandbox && !isTerminalPhase(phase),
      now,
    }),
    containerStatuses: all.slice(initCount).sort(byName),
    ...addresses(context, node.hostIP, hasSandbox),
    ...(initCount > 0 ? { initContainerStatuses: all.slice(0, initCount) } : {}),
    // Told with the phase: kubelet holds both back while anything runs.
    ...(isTerminalPhase(phase) ? failure : {}),
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    startTime: old.startTime ?? timestamp(runtime.startedAt),
  };
}
