/** From answers as they come over the wire, with every field present by its default, to our types. */
import type {
  Container,
  ContainerState,
  ContainerStats,
  ContainerStatus,
  Image,
  Mount,
} from './container-types.ts';
import type { NamespaceMode, Sandbox, SandboxMetadata, SandboxStatus } from './sandbox-types.ts';

type Labels = Record<string, string>;

export interface WireSandbox {
  id: string;
  metadata: SandboxMetadata | null;
  state: string;
  createdAt: number;
  labels: Labels;
  annotations: Labels;
  runtimeHandler: string;
}

export interface WireSandboxStatus extends WireSandbox {
  network: { ip: string; additionalIps: { ip: string }[] } | null;
  linux: { namespaces: { options: { network: NamespaceMode } | null } | null } | null;
}

export interface WireContainer {
  id: string;
  podSandboxId: string;
  metadata: { name: string; attempt: number } | null;
  image: { image: string } | null;
  imageRef: string;
  state: string;
  createdAt: number;
  labels: Labels;
  annotations: Labels;
}

export interface WireContainerStatus extends Omit<WireContainer, 'podSandboxId'> {
  startedAt: number;
  finishedAt: number;
  exitCode: number;
  reason: string;
  message: string;
  mounts: Mount[];
  logPath: string;
}

type WireAmount = { value: number } | null;

export interface WireContainerStats {
  attributes: { id: string; metadata: { name: string; attempt: number } | null; labels: Labels } | null;
  cpu: { timestamp: number; usageCoreNanoSeconds: WireAmount } | null;
  memory: {
    timestamp: number;
    workingSetBytes: WireAmount;
    availableBytes: WireAmount;
    usageBytes: WireAmount;
    rssBytes: WireAmount;
    pageFaults: WireAmount;
    majorPageFaults: WireAmount;
  } | null;
  writableLayer: { timestamp: number; usedBytes: WireAmount; inodesUsed: WireAmount } | null;
}

export interface WireImage {
  id: string;
  repoTags: string[];
  repoDigests: string[];
  size: number;
  uid: { value: number } | null;
  username: string;
  pinned: boolean;
}

const nanosecondsPerMillisecond = 1e6;

const milliseconds = (nanoseconds: number): number => nanoseconds / nanosecondsPerMillisecond;

/** The protocol says "not specified" with zero. */
const time = (nanoseconds: number): number | undefined =>
  nanoseconds > 0 ? milliseconds(nanoseconds) : undefined;

const containerStates: Readonly<Record<string, ContainerState>> = {
  CONTAINER_CREATED: 'Created',
  CONTAINER_RUNNING: 'Running',
  CONTAINER_EXITED: 'Exited',
};

export const wireContainerStates: Readonly<Record<ContainerState, string>> = {
  Created: 'CONTAINER_CREATED',
  Running: 'CONTAINER_RUNNING',
  Exited: 'CONTAINER_EXITED',
  Unknown: 'CONTAINER_UNKNOWN',
};

export const wireSandboxStates: Readonly<Record<Sandbox['state'], string>> = {
  Ready: 'SANDBOX_READY',
  NotReady: 'SANDBOX_NOTREADY',
};

export function sandboxOf(wire: WireSandbox): Sandbox {
  return {
    id: wire.id,
    metadata: wire.metadata ?? { name: '', uid: '', namespace: '', attempt: 0 },
    state: wire.state === 'SANDBOX_READY' ? 'Ready' : 'NotReady',
    createdAt: milliseconds(wire.createdAt),
    labels: wire.labels,
    annotations: wire.annotations,
    runtimeHandler: wire.runtimeHandler,
  };
}

export function sandboxStatusOf(wire: WireSandboxStatus): SandboxStatus {
  const { network } = wire;
  const ips = network === null ? [] : [network.ip, ...network.additionalIps.map(({ ip }) => ip)];
  return {
    ...sandboxOf(wire),
    ips: ips.filter((ip) => ip !== ''),
    network: wire.linux?.namespaces?.options?.network ?? 'POD',
  };
}

function commonOf(wire: Omit<WireContainer, 'podSandboxId'>): Omit<Container, 'sandboxId'> {
  return {
    id: wire.id,
    metadata: wire.metadata ?? { name: '', attempt: 0 },
    image: wire.image?.image ?? '',
    imageRef: wire.imageRef,
    state: containerStates[wire.state] ?? 'Unknown',
    createdAt: milliseconds(wire.createdAt),
    labels: wire.labels,
    annotations: wire.annotations,
  };
}

export function containerOf(wire: WireContainer): Container {
  return { ...commonOf(wire), sandboxId: wire.podSandboxId };
}

export function containerStatusOf(wire: WireContainerStatus): ContainerStatus {
  return {
    ...commonOf(wire),
    startedAt: time(wire.startedAt),
    finishedAt: time(wire.finishedAt),
    exitCode: wire.exitCode,
    reason: wire.reason,
    message: wire.message,
    mounts: wire.mounts,
    logPath: wire.logPath,
  };
}

export function containerStatsOf({
  attributes,
  cpu,
  memory,
  writableLayer,
}: WireContainerStats): ContainerStats {
  return {
    id: attributes?.id ?? '',
    metadata: attributes?.metadata ?? { name: '', attempt: 0 },
    labels: attributes?.labels ?? {},
    cpu: cpu
      ? { time: milliseconds(cpu.timestamp), usageCoreNanoseconds: cpu.usageCoreNanoSeconds?.value }
      : undefined,
    memory: memory
      ? {
          time: milliseconds(memory.timestamp),
          workingSetBytes: memory.workingSetBytes?.value,
          availableBytes: memory.availableBytes?.value,
          usageBytes: memory.usageBytes?.value,
          rssBytes: memory.rssBytes?.value,
          pageFaults: memory.pageFaults?.value,
          majorPageFaults: memory.majorPageFaults?.value,
        }
      : undefined,
    writableLayer: writableLayer
      ? {
          time: milliseconds(writableLayer.timestamp),
          usedBytes: writableLayer.usedBytes?.value,
          inodesUsed: writableLayer.inodesUsed?.value,
        }
      : undefined,
  };
}

export function imageOf(wire: WireImage): Image {
  return {
    id: wire.id,
    repoTags: wire.repoTags,
    repoDigests: wire.repoDigests,
    sizeBytes: wire.size,
    uid: wire.uid?.value,
    username: wire.username,
    pinned: wire.pinned,
  };
}
