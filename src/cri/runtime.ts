/**
 * What a container runtime does for the agent: the Container Runtime Interface v1, as much of it as a Linux node needs.
 * `client.ts` asks a real one over its socket, `fake.ts` is one that runs nothing; `contract.ts` holds both to the same
 * behaviour. Every failure is a CriError.
 */
import type {
  Container,
  ContainerConfig,
  ContainerState,
  ContainerStats,
  ContainerStatus,
  FilesystemUsage,
  Image,
  ImageAuth,
} from './container-types.ts';
import type { LinuxResources, Sandbox, SandboxConfig, SandboxStatus } from './sandbox-types.ts';

export interface ContainerRuntime {
  readonly node: RuntimeNode;
  readonly sandboxes: Sandboxes;
  readonly containers: Containers;
  readonly streams: Streams;
  readonly images: Images;
}

export interface RuntimeVersion {
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  readonly runtimeApiVersion: string;
}

export interface RuntimeCondition {
  /** `RuntimeReady` and `NetworkReady` must be true for a node to be ready. */
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

/** What not every runtime can. */
export interface RuntimeFeatures {
  /** A process has the groups that the pod names, and none of the image's own (KEP-3619). */
  readonly supplementalGroupsPolicy: boolean;
}

export interface RuntimeNode {
  version(): Promise<RuntimeVersion>;
  conditions(): Promise<readonly RuntimeCondition[]>;
  /** Undefined, or left out: the runtime does not say. */
  features?(): Promise<RuntimeFeatures | undefined>;
}

export interface SandboxFilter {
  readonly id?: string;
  readonly state?: Sandbox['state'];
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Sandboxes {
  /** Makes and starts one; resolves to its id when it is ready, with its network. */
  run(config: SandboxConfig, options?: { runtimeHandler?: string }): Promise<string>;
  /** Kills what runs in it and gives its network back. Fine when that was done before, or when there is none. */
  stop(id: string): Promise<void>;
  /** Removes it with its containers. Fine when there is none. */
  remove(id: string): Promise<void>;
  status(id: string): Promise<SandboxStatus>;
  list(filter?: SandboxFilter): Promise<readonly Sandbox[]>;
}

export interface ContainerFilter {
  readonly id?: string;
  readonly state?: ContainerState;
  readonly sandboxId?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Containers {
  /** Resolves to the new container's id. `sandbox` is the configuration that the sandbox was made with. */
  create(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string>;
  start(id: string): Promise<void>;
  /** Asks it to end and kills it after the grace; resolves when it has ended. Fine when it ended before. */
  stop(id: string, graceSeconds: number): Promise<void>;
  /** Kills it first if it runs. Fine when there is none. */
  remove(id: string): Promise<void>;
  status(id: string): Promise<ContainerStatus>;
  list(filter?: ContainerFilter): Promise<readonly Container[]>;
  updateResources(id: string, resources: LinuxResources): Promise<void>;
  /** After its log was renamed: goes on in a new file of the old name. Only for a running container. */
  reopenLog(id: string): Promise<void>;
  /** What containers that run take. */
  stats(filter?: Omit<ContainerFilter, 'state'>): Promise<readonly ContainerStats[]>;
}

export interface ExecResult {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly exitCode: number;
}

export interface ExecStreamRequest {
  readonly containerId: string;
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

export interface Streams {
  /** Fails with DEADLINE_EXCEEDED when the command takes longer; 0 seconds: no limit. */
  execSync(containerId: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult>;
  /** These three resolve to an address at which the runtime's own streaming server waits for the connection. */
  exec(request: ExecStreamRequest): Promise<string>;
  attach(request: Omit<ExecStreamRequest, 'command'>): Promise<string>;
  portForward(sandboxId: string, ports: readonly number[]): Promise<string>;
}

export interface Images {
  list(): Promise<readonly Image[]>;
  /** Undefined when the node does not have it. */
  status(image: string): Promise<Image | undefined>;
  /** Resolves to the reference of the image: its id, or a digest. */
  pull(image: string, options?: { auth?: ImageAuth; sandbox?: SandboxConfig }): Promise<string>;
  /** Fine when there is none. */
  remove(image: string): Promise<void>;
  usage(): Promise<readonly FilesystemUsage[]>;
}
