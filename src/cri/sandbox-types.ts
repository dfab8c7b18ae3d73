/** Pod sandboxes: what containers of one pod share (network, addresses, hostname). Names follow the protocol's. */

/** For each of the namespaces: whose it is. */
export type NamespaceMode = 'POD' | 'CONTAINER' | 'NODE' | 'TARGET';

export interface NamespaceOptions {
  readonly network?: NamespaceMode;
  readonly pid?: NamespaceMode;
  readonly ipc?: NamespaceMode;
  /** The container whose process namespace a `TARGET` joins. */
  readonly targetId?: string;
}

export interface SecurityProfile {
  readonly profileType: 'RuntimeDefault' | 'Unconfined' | 'Localhost';
  readonly localhostRef?: string;
}

export interface SelinuxOptions {
  readonly user?: string;
  readonly role?: string;
  readonly type?: string;
  readonly level?: string;
}

/** Cgroup limits. Zero or absent: none. */
export interface LinuxResources {
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpuShares?: number;
  readonly memoryLimitInBytes?: number;
  readonly memorySwapLimitInBytes?: number;
  readonly oomScoreAdj?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limit: number }[];
  readonly unified?: Readonly<Record<string, string>>;
}

interface SecurityContext {
  readonly namespaceOptions?: NamespaceOptions;
  readonly selinuxOptions?: SelinuxOptions;
  readonly runAsUser?: { readonly value: number };
  readonly runAsGroup?: { readonly value: number };
  readonly readonlyRootfs?: boolean;
  readonly supplementalGroups?: readonly number[];
  readonly supplementalGroupsPolicy?: 'Merge' | 'Strict';
  readonly privileged?: boolean;
  readonly seccomp?: SecurityProfile;
  readonly apparmor?: SecurityProfile;
}

export type SandboxSecurityContext = SecurityContext;

export interface ContainerSecurityContext extends SecurityContext {
  readonly runAsUsername?: string;
  readonly noNewPrivs?: boolean;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly capabilities?: {
    readonly addCapabilities?: readonly string[];
    readonly dropCapabilities?: readonly string[];
  };
}

export interface SandboxMetadata {
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
  /** 0 for a pod's first sandbox, one more for each that replaces it. */
  readonly attempt: number;
}

export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface PortMapping {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIp: string;
}

export interface SandboxConfig {
  readonly metadata: SandboxMetadata;
  /** Empty only for a pod in the node's network. */
  readonly hostname: string;
  /** Where the logs of its containers go. */
  readonly logDirectory: string;
  readonly dnsConfig?: DnsConfig;
  readonly portMappings?: readonly PortMapping[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly linux?: {
    readonly cgroupParent?: string;
    readonly securityContext?: SandboxSecurityContext;
    readonly sysctls?: Readonly<Record<string, string>>;
    readonly overhead?: LinuxResources;
    readonly resources?: LinuxResources;
  };
}

export interface Sandbox {
  readonly id: string;
  readonly metadata: SandboxMetadata;
  readonly state: 'Ready' | 'NotReady';
  /** Milliseconds since the epoch; the runtime's nanoseconds stand behind the point. */
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly runtimeHandler: string;
}

export interface SandboxStatus extends Sandbox {
  /** The pod's addresses, the primary one first. None in the node's network, and none when it is not ready. */
  readonly ips: readonly string[];
  /** Whose network it has: `POD` or `NODE`. */
  readonly network: NamespaceMode;
}
