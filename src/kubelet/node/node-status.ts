/** What a node says of itself. Source: kubelet/nodestatus/setters.go of Kubernetes. */
import type { Image } from '../../cri/container-types.ts';
import type { RuntimeCondition, RuntimeFeatures } from '../../cri/runtime.ts';
import type { Node, NodeCondition, NodeStatus, NodeSystemInfo } from '../../kinds/generated/types.ts';
import { timestamp } from '../../lib/timestamp.ts';
import { kubeletLimits } from '../limits.ts';

export interface NodeIdentity {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly info: NodeSystemInfo;
  /** Where the agent itself answers. */
  readonly port: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface NodeObservation {
  /** Undefined: the runtime does not answer, for this reason. */
  readonly runtime: readonly RuntimeCondition[] | Error;
  readonly images: readonly Image[];
  readonly now: number;
  /** What the node runs short of: `MemoryPressure`, ... */
  readonly pressures?: readonly string[];
  readonly isShuttingDown?: boolean;
  /** Undefined: the runtime has not said. */
  readonly features?: RuntimeFeatures;
}

type Verdict = Pick<NodeCondition, 'status' | 'reason' | 'message'>;

/** The condition's name; the reasons and messages for being short, and for not being so. */
const pressures = [
  {
    type: 'MemoryPressure',
    short: ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
    fine: ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  },
  {
    type: 'DiskPressure',
    short: ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
    fine: ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  },
  {
    type: 'PIDPressure',
    short: ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
    fine: ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  },
] as const;

function pressureVerdicts(found: readonly string[] = []): (readonly [string, Verdict])[] {
  return pressures.map(({ type, short, fine }) => {
    const isShort = found.includes(type);
    const [reason, message] = isShort ? short : fine;
    return [type, { status: isShort ? 'True' : 'False', reason, message }];
  });
}

function ready({ runtime, isShuttingDown }: NodeObservation): Verdict {
  const not = (message: string): Verdict => ({ status: 'False', reason: 'KubeletNotReady', message });
  if (isShuttingDown) return not('node is shutting down');
  if (runtime instanceof Error) return not(`container runtime is down: ${runtime.message}`);
  const failed = ['RuntimeReady', 'NetworkReady']
    .map(
      (type) =>
        runtime.find((condition) => condition.type === type) ?? {
          type,
          status: false,
          reason: '',
          message: 'not reported',
        },
    )
    .filter(({ status }) => !status);
  if (failed.length === 0)
    return { status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' };
  const texts = failed.map(({ type, reason, message }) => {
    const what =
      type === 'NetworkReady'
        ? 'container runtime network not ready'
        : 'container runtime status check may not have completed yet';
    return `${what}: ${type}=false reason:${reason} message:${message}`;
  });
  return not(texts.join(', '));
}

/** Others' conditions stay; one that stays as it is keeps the time since when it is so. */
function conditions(old: readonly NodeCondition[], observation: NodeObservation): NodeCondition[] {
  const now = timestamp(observation.now);
  const own = [...pressureVerdicts(observation.pressures), ['Ready', ready(observation)] as const];
  return [
    ...old.filter(({ type }) => own.every(([mine]) => mine !== type)),
    ...own.map(([type, verdict]) => {
      const before = old.find((condition) => condition.type === type && condition.status === verdict.status);
      return {
        type,
        ...verdict,
        lastHeartbeatTime: now,
        lastTransitionTime: before?.lastTransitionTime ?? now,
      };
    }),
  ];
}

/** The largest first, as many as a status should carry. */
function imageList(images: readonly Image[]): NodeStatus['images'] {
  return [...images]
    .sort((left, right) => right.sizeBytes - left.sizeBytes)
    .slice(0, kubeletLimits.nodeImagesMax)
    .map(({ repoDigests, repoTags, sizeBytes }) => ({
      names: [...repoDigests, ...repoTags].slice(0, kubeletLimits.imageNamesMax),
      sizeBytes,
    }));
}

export function nodeStatus(
  identity: NodeIdentity,
  observation: NodeObservation,
  old: NodeStatus = {},
): NodeStatus {
  const { name, addresses, capacity, allocatable, info, port } = identity;
  return {
    ...old,
    addresses: [
      ...addresses.map((address) => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: name },
    ],
    capacity,
    allocatable,
    conditions: conditions(old.conditions ?? [], observation),
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
    ...(observation.features === undefined ? {} : { features: observation.features }),
    images: imageList(observation.images),
    nodeInfo: info,
  };
}

export function nodeObject(identity: NodeIdentity, status: NodeStatus): Node {
  const { name, info, labels } = identity;
  return {
    metadata: {
      name,
      annotations: {
        'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
        ...identity.annotations,
      },
      labels: {
        'beta.kubernetes.io/arch': info.architecture,
        'beta.kubernetes.io/os': info.operatingSystem,
        'kubernetes.io/arch': info.architecture,
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': info.operatingSystem,
        ...labels,
      },
    },
    spec: {},
    status,
  };
}
