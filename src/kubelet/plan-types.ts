/** What is to be done with a pod, in order, each step with its reason. */
import type { ContainerRole } from './containers.ts';
import type { ObservedContainer } from './observed.ts';

/** What a probe said last of a running container; undefined: nothing yet. */
export type ProbeResult = 'Success' | 'Failure' | 'Unknown' | undefined;

export interface ProbeResults {
  readonly liveness: (containerId: string) => ProbeResult;
  readonly readiness: (containerId: string) => ProbeResult;
  readonly startup: (containerId: string) => ProbeResult;
}

export type KillReason = 'DefinitionChanged' | 'LivenessProbe' | 'StartupProbe' | 'Unknown' | 'PodEnds';

export type SandboxReason =
  | 'NoSandbox'
  | 'SandboxNotReady'
  | 'SeveralSandboxesReady'
  | 'NetworkModeChanged'
  | 'NoAddress';

export type PodKillReason = SandboxReason | 'NothingToRun' | 'InitContainerFailed';

export interface KillContainer {
  readonly type: 'killContainer';
  readonly id: string;
  readonly name: string;
  readonly reason: KillReason;
  /** As the Event `Killing` says it. */
  readonly message: string;
  readonly graceSeconds: number;
}

export interface StartContainer {
  readonly type: 'startContainer';
  readonly name: string;
  readonly role: ContainerRole;
  /** One more than the latest container of that name had; 0 for the first. */
  readonly restartCount: number;
  /** The latest one, which it replaces. */
  readonly previous: ObservedContainer | undefined;
}

export type PodStep =
  /** Every container, then every sandbox. */
  | { readonly type: 'killPod'; readonly reason: PodKillReason }
  | KillContainer
  /** `replaces`: the sandbox that is no good any more; then the Event `SandboxChanged` is due. */
  | {
      readonly type: 'createSandbox';
      readonly attempt: number;
      readonly replaces: string | undefined;
      readonly reason: SandboxReason;
    }
  /** An init container that cannot be started ends the plan; any other is passed over. */
  | StartContainer;
