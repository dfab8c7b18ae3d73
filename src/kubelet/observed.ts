/** What the runtime has of one pod. */
import type { ContainerState, ContainerStatus } from '../cri/container-types.ts';
import type { SandboxStatus } from '../cri/sandbox-types.ts';
import { containerLabels } from './labels.ts';

export interface ObservedContainer {
  readonly id: string;
  readonly name: string;
  readonly state: ContainerState;
  readonly restartCount: number;
  /** Of the definition it was made from; empty when the runtime does not say. */
  readonly hash: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly exitCode: number;
  /** `OOMKilled`, `Error`, `Completed`, `StartError`, or empty. */
  readonly reason: string;
  /** The termination message once it has ended. */
  readonly message: string;
  readonly image: string;
  readonly imageRef: string;
  /** Absolute. */
  readonly logPath: string;
}

export interface ObservedPod {
  /** The newest first. */
  readonly sandboxes: readonly SandboxStatus[];
  /** The newest first, those of earlier sandboxes too. */
  readonly containers: readonly ObservedContainer[];
}

export const nothingObserved: ObservedPod = { sandboxes: [], containers: [] };

/** The latest container of that name. */
export function newestContainer(observed: ObservedPod, name: string): ObservedContainer | undefined {
  return observed.containers.find((container) => container.name === name);
}

/** The pod's addresses: those of its ready sandbox. */
export function addressesOf(observed: ObservedPod): readonly string[] {
  return observed.sandboxes.find(({ state }) => state === 'Ready')?.ips ?? [];
}

function observedContainer(status: ContainerStatus): ObservedContainer {
  const { id, state, createdAt, startedAt, finishedAt, exitCode, reason, message, labels, annotations } =
    status;
  const { image, imageRef, logPath } = status;
  return {
    id,
    name: labels[containerLabels.name] ?? status.metadata.name,
    state,
    restartCount: Number.parseInt(annotations[containerLabels.restartCount] ?? '', 10) || 0,
    hash: annotations[containerLabels.hash] ?? '',
    createdAt,
    startedAt,
    finishedAt,
    exitCode,
    reason,
    message,
    image,
    imageRef,
    logPath,
  };
}

/** The newest first. */
export function observedPod(
  sandboxes: readonly SandboxStatus[],
  containers: readonly ContainerStatus[],
): ObservedPod {
  return {
    // Made at the same moment of a coarse clock: the later attempt is the newer one.
    sandboxes: [...sandboxes].sort(
      (left, right) => right.createdAt - left.createdAt || right.metadata.attempt - left.metadata.attempt,
    ),
    containers: containers
      .map(observedContainer)
      .sort((left, right) => right.createdAt - left.createdAt || right.restartCount - left.restartCount),
  };
}
