/** What a simulated node says of itself: its Node and its Lease, as kubelet writes them. */
import { createHash } from 'node:crypto';
import type { Lease, Node, NodeCondition, NodeStatus } from '../kinds/generated/types.ts';
import { type Cidr, formatCidr, parseCidr } from '../lib/cidr.ts';
import { UserError } from '../lib/errors.ts';
import { formatAddress } from '../lib/ip.ts';
import { microTimestamp, timestamp } from '../lib/timestamp.ts';
import { leaseDurationSeconds, simulatedNodesMax } from './limits.ts';

export interface NodeIdentity {
  /** `node-1` */
  readonly name: string;
  readonly hostIP: string;
  readonly podCIDR: Cidr;
}

export interface NodeShape {
  readonly cpu: string;
  readonly memory: string;
  readonly pods: string;
}

export const defaultShape: NodeShape = { cpu: '4', memory: '16Gi', pods: '110' };

const nodePrefix = 24;
const hostNetwork = 0xac1f0000n; // 172.31.0.0/16

/** 256 nodes have room in the usual range; more get one of 32,768. */
const defaultPodCIDR = (count: number): string => (count <= 256 ? '10.244.0.0/16' : '10.128.0.0/9');

/** node-1 to node-COUNT, each with a /24 of the range; their own addresses follow `hostBase`. Throws UserError when they do not fit. */
export function planNodes(
  count: number,
  podCIDR = defaultPodCIDR(count),
  hostBase = hostNetwork,
): NodeIdentity[] {
  if (!Number.isInteger(count) || count < 0 || count > simulatedNodesMax)
    throw new UserError(
      'TOO_MANY_NODES',
      `${count} simulated nodes were asked for, 0 to ${simulatedNodesMax} can be had`,
    );
  const range = parseCidr(podCIDR);
  if (range === undefined || range.family !== 'IPv4' || range.prefix > nodePrefix)
    throw new UserError(
      'BAD_POD_CIDR',
      `the pod range ${podCIDR} is no IPv4 range of at least a /${nodePrefix}`,
    );
  const room = 2 ** (nodePrefix - range.prefix);
  if (count > room)
    throw new UserError(
      'POD_CIDR_TOO_SMALL',
      `the pod range ${podCIDR} has a /${nodePrefix} for ${room} nodes, ${count} were asked for`,
    );
  return Array.from({ length: count }, (_none, index) => ({
    name: `node-${index + 1}`,
    hostIP: formatAddress('IPv4', hostBase + BigInt(index + 1)),
    podCIDR: { family: 'IPv4', base: range.base + (BigInt(index) << 8n), prefix: nodePrefix },
  }));
}

const pressures: readonly Pick<NodeCondition, 'type' | 'reason' | 'message'>[] = [
  {
    type: 'MemoryPressure',
    reason: 'KubeletHasSufficientMemory',
    message: 'kubelet has sufficient memory available',
  },
  { type: 'DiskPressure', reason: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure' },
  {
    type: 'PIDPressure',
    reason: 'KubeletHasSufficientPID',
    message: 'kubelet has sufficient PID available',
  },
];

/** All is well; conditions keep the time since when it is so. Those of others stay. */
export function nodeConditions(old: readonly NodeCondition[] | undefined, now: number): NodeCondition[] {
  const fine = [
    ...pressures.map((pressure) => ({ ...pressure, status: 'False' })),
    { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
  ];
  const others = (old ?? []).filter(({ type }) => !fine.some((condition) => condition.type === type));
  return [
    ...others,
    ...fine.map((condition) => {
      const before = old?.find(({ type, status }) => type === condition.type && status === condition.status);
      return {
        ...condition,
        lastHeartbeatTime: timestamp(now),
        lastTransitionTime: before?.lastTransitionTime ?? timestamp(now),
      };
    }),
  ];
}

const kubeletVersion = 'v1.36.0';

function nodeStatus({ name, hostIP }: NodeIdentity, shape: NodeShape, now: number): NodeStatus {
  const id = createHash('sha256').update(name).digest('hex');
  const uuid = `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20, 32)}`;
  const amounts = { ...shape, 'ephemeral-storage': '100Gi', 'hugepages-1Gi': '0', 'hugepages-2Mi': '0' };
  return {
    addresses: [
      { type: 'InternalIP', address: hostIP },
      { type: 'Hostname', address: name },
    ],
    allocatable: amounts,
    capacity: amounts,
    conditions: nodeConditions(undefined, now),
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: {
      architecture: 'amd64',
      bootID: uuid,
      containerRuntimeVersion: 'containerd://2.2.0',
      kernelVersion: '6.12.0',
      kubeProxyVersion: '',
      kubeletVersion,
      machineID: id.slice(0, 32),
      operatingSystem: 'linux',
      osImage: 'Wherry (simulated)',
      systemUUID: uuid,
    },
  };
}

/** As it registers itself. */
export function nodeObject(identity: NodeIdentity, shape: NodeShape, now: number): Node {
  const { name, podCIDR } = identity;
  return {
    metadata: {
      name,
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
      },
    },
    spec: { podCIDR: formatCidr(podCIDR), podCIDRs: [formatCidr(podCIDR)] },
    status: nodeStatus(identity, shape, now),
  };
}

export const leaseNamespace = 'kube-node-lease';

/** Owned by its node, so that it goes with it. */
export function leaseObject(node: { name: string; uid: string | undefined }, now: number): Lease {
  return {
    metadata: {
      name: node.name,
      namespace: leaseNamespace,
      ...(node.uid === undefined
        ? {}
        : { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.name, uid: node.uid }] }),
    },
    spec: {
      holderIdentity: node.name,
      leaseDurationSeconds,
      renewTime: microTimestamp(now),
    },
  };
}
