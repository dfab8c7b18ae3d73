/** Containers and images, as the runtime knows them. Names follow the protocol's. */
import type { ContainerSecurityContext, LinuxResources } from './sandbox-types.ts';

export interface ContainerMetadata {
  readonly name: string;
  /** How often it was restarted in this pod. (name, attempt) is unique in a sandbox. */
  readonly attempt: number;
}

export interface Mount {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly readonly?: boolean;
  readonly recursiveReadOnly?: boolean;
  readonly propagation?:
    | 'PROPAGATION_PRIVATE'
    | 'PROPAGATION_HOST_TO_CONTAINER'
    | 'PROPAGATION_BIDIRECTIONAL';
}

export interface ContainerConfig {
  readonly metadata: ContainerMetadata;
  readonly image: { readonly image: string; readonly userSpecifiedImage?: string };
  /** Replaces the image's entrypoint unless empty. */
  readonly command: readonly string[];
  /** Replaces the image's arguments unless empty. */
  readonly args: readonly string[];
  readonly workingDir?: string;
  readonly envs: readonly { readonly key: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly devices?: readonly {
    readonly containerPath: string;
    readonly hostPath: string;
    readonly permissions: string;
  }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** In the sandbox's log directory. */
  readonly logPath: string;
  readonly stdin?: boolean;
  readonly stdinOnce?: boolean;
  readonly tty?: boolean;
  readonly linux?: {
    readonly resources?: LinuxResources;
    readonly securityContext?: ContainerSecurityContext;
  };
}

export type ContainerState = 'Created' | 'Running' | 'Exited' | 'Unknown';

export interface Container {
  readonly id: string;
  readonly sandboxId: string;
  readonly metadata: ContainerMetadata;
  /** The image that was asked for. */
  readonly image: string;
  /** What it was resolved to: an id or a digest. */
  readonly imageRef: string;
  readonly state: ContainerState;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ContainerStatus extends Omit<Container, 'sandboxId'> {
  /** Milliseconds since the epoch; undefined before it started. */
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly exitCode: number;
  /** `OOMKilled`, `Error`, `Completed`, `StartError`, or empty. */
  readonly reason: string;
  readonly message: string;
  readonly mounts: readonly Mount[];
  /** Absolute. */
  readonly logPath: string;
}

/** What a container takes. What the runtime does not say is undefined. Times: milliseconds since the epoch. */
export interface ContainerStats {
  readonly id: string;
  readonly metadata: ContainerMetadata;
  readonly labels: Readonly<Record<string, string>>;
  readonly cpu: { readonly time: number; readonly usageCoreNanoseconds: number | undefined } | undefined;
  readonly memory:
    | {
        readonly time: number;
        /** What cannot be taken away from it under pressure. */
        readonly workingSetBytes: number | undefined;
        readonly availableBytes: number | undefined;
        readonly usageBytes: number | undefined;
        readonly rssBytes: number | undefined;
        readonly pageFaults: number | undefined;
        readonly majorPageFaults: number | undefined;
      }
    | undefined;
  /** What it has written over its image. */
  readonly writableLayer:
    | {
        readonly time: number;
        readonly usedBytes: number | undefined;
        readonly inodesUsed: number | undefined;
      }
    | undefined;
}

export interface Image {
  /** `sha256:` and the digest of its configuration. */
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly sizeBytes: number;
  /** The user its containers run as, by number or by name. */
  readonly uid: number | undefined;
  readonly username: string;
  /** Not to be removed to make room. */
  readonly pinned: boolean;
}

export interface ImageAuth {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly serverAddress?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

export interface FilesystemUsage {
  readonly mountpoint: string;
  readonly usedBytes: number;
  readonly inodesUsed: number;
}
