/** What running pods takes: made once for a node. */
import type { ContainerRuntime } from '../../cri/runtime.ts';
import type { DnsConfig } from '../../cri/sandbox-types.ts';
import type { Pod } from '../../kinds/generated/types.ts';
import type { Clock } from '../../lib/clock.ts';
import type { BackOffEntry } from '../back-off.ts';
import type { ClusterDns } from '../config/dns.ts';
import type { ConfigSources } from '../config/env.ts';
import type { PodPlace } from '../config/field-ref.ts';
import type { PodLimits } from '../config/resources.ts';
import type { ObservedPod } from '../observed.ts';
import type { ProbeResults } from '../plan-types.ts';
import type { StartFailure } from '../status/container-status.ts';
import type { Gate } from './gate.ts';
import type { HookRunner } from './hooks.ts';
import type { ImagePuller } from './image-puller.ts';
import type { RecordPodEvent } from './pod-event.ts';
import type { PodFiles } from './pod-files.ts';

export interface NodeFacts {
  /** The primary one first. */
  readonly hostIPs: readonly string[];
  readonly allocatable: Readonly<Record<string, string>>;
  readonly memoryCapacityBytes: number;
  readonly clusterDns: ClusterDns;
  readonly nodeDns: DnsConfig;
  /** The node's own /etc/hosts. */
  readonly nodeHosts: string;
  readonly logsFolder: string;
  readonly seccompFolder: string;
  /** The node's own cgroup; empty: the root. */
  readonly cgroupRoot: string;
}

/** A part of a volume, for one of a container's mounts. */
export interface SubPathRequest {
  readonly podUid: string;
  readonly volume: string;
  /** Where the volume is. */
  readonly place: string;
  /** Within it. */
  readonly relative: string;
  readonly container: string;
  /** Of the mount among the container's. */
  readonly index: number;
}

/** Makes a pod's volumes on the node. */
export interface Volumes {
  /** The place of each, by name. Throws VolumeError. Called again and again: makes what is missing, updates the rest. */
  prepare(pod: Pod, place: PodPlace): Promise<ReadonlyMap<string, string>>;
  /** A place that leads there whatever the pod does with its volume; undefined when the path leads out of it. */
  subPath(request: SubPathRequest): Promise<string | undefined>;
  /** Once nothing of the pod runs any more. */
  remove(pod: Pod): Promise<void>;
  /** The same for a pod of which only its uid is known: an agent before this one made them. */
  removeOrphans?(podUid: string): Promise<void>;
}

/** What probes say, and whom they ask. */
export interface PodProbes extends ProbeResults {
  /** After each look at a pod: asks what runs, forgets what does not. */
  follow(pod: Pod, observed: ObservedPod): void;
  /** Calls whenever what holds has changed for one of the pod's containers, until what it gives is called. */
  listen(podUid: string, onChange: () => void): () => void;
  forget(podUid: string): void;
}

export interface RunTools {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly puller: ImagePuller;
  readonly hooks: HookRunner;
  readonly files: PodFiles;
  readonly record: RecordPodEvent;
  readonly probes: PodProbes;
  readonly volumes: Volumes;
  readonly sources: ConfigSources;
  readonly node: NodeFacts;
  /** By which of the runtime's handlers pods of a RuntimeClass run; without: none has any. */
  readonly runtimeHandler?: (runtimeClass: string) => Promise<string>;
  /** Bounds a pod as a whole, by its cgroup, which is there as soon as its sandbox is. */
  readonly limitPod?: (cgroup: string, limits: PodLimits) => Promise<void>;
  /** For what costs the machine most: sandboxes and containers being made. */
  readonly gate: Gate;
}

/** What is remembered of a pod between two looks at it. */
export interface PodMemory {
  /** By container name and the hash of its definition: as many as it was given images. */
  readonly backOffs: Map<string, BackOffEntry>;
  /** By container name. */
  readonly startFailures: Map<string, StartFailure>;
}

export const newMemory = (): PodMemory => ({ backOffs: new Map(), startFailures: new Map() });
