/** Container statuses. Source: convertToAPIContainerStatuses of kubelet/kubelet_pods.go. */
import type { Container, ContainerState, ContainerStatus, Pod } from '../../kinds/generated/types.ts';
import { timestamp } from '../../lib/timestamp.ts';
import type { PodContainer } from '../containers.ts';
import { kubeletLimits } from '../limits.ts';
import { newestContainer, type ObservedContainer, type ObservedPod } from '../observed.ts';
import { shouldStart } from '../restart.ts';

/** Why a container that should run does not, from the last try: `CrashLoopBackOff`, `ErrImagePull` ... */
export interface StartFailure {
  readonly reason: string;
  readonly message: string;
}

export interface ContainerFacts {
  readonly observed: ObservedPod;
  /** By container name; gone as soon as it could be started. */
  readonly startFailures: ReadonlyMap<string, StartFailure>;
  /** What the status said before. */
  readonly old: readonly ContainerStatus[];
}

const runtimeName = 'containerd';

const lostWhileRunning: ContainerState = {
  terminated: {
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was deleted.  The container used to be Running',
    exitCode: 137,
  },
};

export const lostAtTheEnd: ContainerState = {
  terminated: {
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
    exitCode: 137,
  },
};

const idText = ({ id }: ObservedContainer): string => `${runtimeName}://${id}`;

const timeOf = (milliseconds: number | undefined): string | undefined =>
  milliseconds === undefined ? undefined : timestamp(milliseconds);

function stateOf(seen: ObservedContainer, old: ContainerStatus | undefined): ContainerState {
  if (seen.state === 'Running') return { running: { startedAt: timeOf(seen.startedAt) } };
  if (seen.state === 'Exited')
    return {
      terminated: {
        exitCode: seen.exitCode,
        ...(seen.reason === '' ? {} : { reason: seen.reason }),
        ...(seen.message === '' ? {} : { message: seen.message }),
        startedAt: timeOf(seen.startedAt),
        finishedAt: timeOf(seen.finishedAt),
        containerID: idText(seen),
      },
    };
  // It ran, and nobody can say how it ended: waiting would start it a second time.
  if (seen.state === 'Unknown' && old?.state?.running !== undefined) return lostAtTheEnd;
  return { waiting: {} };
}

/** Of a container that the runtime has: `seen` are its newest two. */
function statusOfSeen(
  container: Container,
  seen: readonly ObservedContainer[],
  old: ContainerStatus | undefined,
): ContainerStatus {
  const [latest, earlier] = seen as [ObservedContainer, ObservedContainer | undefined];
  const state = stateOf(latest, old);
  const { limits, requests } = container.resources ?? {};
  return {
    name: container.name,
    state,
    lastState: earlier === undefined ? {} : stateOf(earlier, undefined),
    ready: false,
    restartCount:
      latest.state === 'Unknown' && state.terminated !== undefined
        ? (old?.restartCount ?? 0) + 1
        : latest.restartCount,
    image: latest.image,
    imageID: latest.imageRef,
    containerID: idText(latest),
    ...(state.running === undefined
      ? {}
      : {
          ...(requests === undefined ? {} : { allocatedResources: requests }),
          resources: { ...(limits && { limits }), ...(requests && { requests }) },
        }),
  };
}

/** Of a container that the runtime does not have (any more). */
function statusOfUnseen(pod: Pod, container: Container, old: ContainerStatus | undefined): ContainerStatus {
  if (old?.state?.terminated !== undefined) return old;
  const initializes = (pod.spec?.initContainers ?? []).length > 0;
  const waiting: ContainerStatus = {
    name: container.name,
    state: { waiting: { reason: initializes ? 'PodInitializing' : 'ContainerCreating' } },
    lastState: old?.lastState ?? {},
    ready: false,
    restartCount: old?.restartCount ?? 0,
    image: container.image ?? '',
    imageID: '',
  };
  if (old?.state?.running === undefined || waiting.lastState?.terminated !== undefined) return waiting;
  const restarts = pod.metadata.deletionTimestamp === undefined ? 1 : 0;
  return { ...waiting, lastState: lostWhileRunning, restartCount: waiting.restartCount + restarts };
}

function mountsOf({ volumeMounts }: Container): ContainerStatus['volumeMounts'] {
  return volumeMounts?.map(({ name, mountPath, readOnly, recursiveReadOnly }) => ({
    name,
    mountPath,
    ...(readOnly
      ? { readOnly, recursiveReadOnly: recursiveReadOnly === 'Enabled' ? 'Enabled' : 'Disabled' }
      : {}),
  }));
}

/** A container that is to be started, and could not be, waits; how it ended before is its last state. */
function withStartFailure(
  pod: Pod,
  { container, role }: PodContainer,
  state: { status: ContainerStatus; facts: ContainerFacts },
): ContainerStatus {
  const { status, facts } = state;
  const latest = newestContainer(facts.observed, container.name);
  const isDone = role === 'init' && latest?.state === 'Exited' && latest.exitCode === 0;
  if (isDone || !shouldStart(pod, container, facts.observed)) return status;
  const failure = facts.startFailures.get(container.name);
  if (failure === undefined) return status;
  const { reason, message } = failure;
  return {
    ...status,
    lastState: status.state?.terminated === undefined ? status.lastState : status.state,
    state: { waiting: { reason, ...(message === '' ? {} : { message }) } },
  };
}

function withinBytes(state: ContainerState | undefined, bytesMax: number): ContainerState | undefined {
  const message = state?.terminated?.message;
  if (state?.terminated === undefined || message === undefined) return state;
  const bytes = Buffer.from(message);
  if (bytes.length <= bytesMax) return state;
  // Where a character is cut in two, nothing of it is left.
  const text = new TextDecoder().decode(bytes.subarray(0, bytesMax), { stream: true });
  return { ...state, terminated: { ...state.terminated, message: text } };
}

/** Last words have the room that there is for them, shared by all of the pod's containers. */
function withinShare({ spec }: Pod, status: ContainerStatus): ContainerStatus {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec ?? {};
  const count = containers.length + initContainers.length + ephemeralContainers.length;
  const bytesMax = Math.floor(kubeletLimits.terminationMessagesBytesMax / Math.max(1, count));
  const state = withinBytes(status.state, bytesMax);
  const lastState = withinBytes(status.lastState, bytesMax);
  return { ...status, ...(state && { state }), ...(lastState && { lastState }) };
}

/** One for each of the containers, in their order; whether they are started and ready is said by `readiness.ts`. */
export function containerStatuses(
  pod: Pod,
  containers: readonly PodContainer[],
  facts: ContainerFacts,
): ContainerStatus[] {
  return containers.map((each) => {
    const { container } = each;
    const old = facts.old.find(({ name }) => name === container.name);
    const seen = facts.observed.containers.filter(({ name }) => name === container.name).slice(0, 2);
    const status =
      seen.length === 0 ? statusOfUnseen(pod, container, old) : statusOfSeen(container, seen, old);
    const volumeMounts = mountsOf(container);
    const whole = withinShare(pod, withStartFailure(pod, each, { status, facts }));
    return volumeMounts === undefined ? whole : { ...whole, volumeMounts };
  });
}
