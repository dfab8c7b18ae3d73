/**
 * Whether the node takes a pod that was given to it: the scheduler may not have been asked, or have known less. Pure.
 * Source: kubelet/lifecycle/predicate.go, AdmissionCheck of pkg/scheduler.
 */
import type { Node, Pod } from '../../kinds/generated/types.ts';
import { type AmountMap, addAmounts, readAmounts } from '../../kinds/pod/amounts.ts';
import { requiredNodeMatch } from '../../kinds/pod/node-selector.ts';
import { isTolerated } from '../../kinds/pod/taints.ts';
import { podAmounts } from '../../kinds/quota/pod-resources.ts';
import { milliValue, type Quantity, value } from '../../lib/quantity.ts';
import { isStatic } from '../static/manifest.ts';
import type { Rejection } from './rejection.ts';
import { forbiddenSysctl } from './sysctls.ts';

export interface AdmitFacts {
  /** As the server has it; undefined: nobody could be asked yet, and only amounts count. */
  readonly node: Node | undefined;
  readonly nodeName: string;
  readonly allocatable: Readonly<Record<string, string>>;
  /** Those that were admitted and have not ended. */
  readonly others: readonly Pod[];
}

const predicate = (name: string, why: string): Rejection => ({
  reason: name,
  message: `Predicate ${name} failed: ${why}`,
});

export const affinityReason = 'NodeAffinity';

export function admitPod(pod: Pod, facts: AdmitFacts): Rejection | undefined {
  return (
    forbiddenSysctl(pod) ??
    systemMismatch(pod, facts.node) ??
    groupsMismatch(pod, facts.node) ??
    shortage(pod, facts) ??
    (facts.node === undefined ? undefined : placeMismatch(pod, facts.node)) ??
    nameMismatch(pod, facts) ??
    portConflict(pod, facts.others) ??
    (facts.node === undefined ? undefined : untolerated(pod, facts.node))
  );
}

function systemMismatch({ metadata, spec }: Pod, node: Node | undefined): Rejection | undefined {
  const label = metadata.labels?.['kubernetes.io/os'];
  const system = node?.metadata.labels?.['kubernetes.io/os'] ?? 'linux';
  if (label !== undefined && label !== system)
    return {
      reason: 'PodOSSelectorNodeLabelDoesNotMatch',
      message: "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    };
  if (spec?.os !== undefined && spec.os.name !== 'linux')
    return {
      reason: 'PodOSNotSupported',
      message: "Failed to admit pod as the OS field doesn't match node OS",
    };
  return undefined;
}

/** Where the runtime adds the groups of the image all the same, a pod that must not have them does not run. */
function groupsMismatch({ spec }: Pod, node: Node | undefined): Rejection | undefined {
  const isStrict = spec?.securityContext?.supplementalGroupsPolicy === 'Strict';
  if (!isStrict || node?.status?.features?.supplementalGroupsPolicy === true) return undefined;
  return {
    reason: 'SupplementalGroupsPolicyNotSupported',
    message: 'SupplementalGroupsPolicy=Strict is not supported in this node',
  };
}

/** Processors in thousandths, everything else in its own unit. */
const amountOf = (resource: string, quantity: Quantity | undefined): bigint =>
  quantity === undefined ? 0n : resource === 'cpu' ? milliValue(quantity) : value(quantity);

function shortage(pod: Pod, { allocatable, others }: AdmitFacts): Rejection | undefined {
  const capacity = readAmounts(allocatable);
  const podsMax = value(capacity.get('pods') ?? (readAmounts({ pods: '110' }).get('pods') as Quantity));
  if (BigInt(others.length + 1) > podsMax)
    return outOf('pods', { requested: 1n, used: BigInt(others.length), capacity: podsMax });
  const requested = podAmounts(pod.spec ?? { containers: [] }, 'requests');
  const used: AmountMap = new Map();
  for (const { spec } of others) addAmounts(used, podAmounts(spec ?? { containers: [] }, 'requests'));
  const first = ['cpu', 'memory', 'ephemeral-storage'];
  const resources = [...first, ...[...requested.keys()].filter((each) => !first.includes(each)).sort()];
  for (const resource of resources) {
    // What no node counts, some other part of the cluster gives.
    if (!capacity.has(resource) && !first.includes(resource)) continue;
    const amounts = {
      requested: amountOf(resource, requested.get(resource)),
      used: amountOf(resource, used.get(resource)),
      capacity: amountOf(resource, capacity.get(resource)),
    };
    const isCounted = capacity.has(resource) || resource !== 'ephemeral-storage';
    if (isCounted && amounts.requested > 0n && amounts.requested > amounts.capacity - amounts.used)
      return outOf(resource, amounts);
  }
  return undefined;
}

function outOf(
  resource: string,
  { requested, used, capacity }: { requested: bigint; used: bigint; capacity: bigint },
): Rejection {
  const amounts = `requested: ${requested}, used: ${used}, capacity: ${capacity}`;
  return {
    reason: `OutOf${resource}`,
    message: `Node didn't have enough resource: ${resource}, ${amounts}`,
  };
}

function placeMismatch(pod: Pod, { metadata }: Node): Rejection | undefined {
  const matches = requiredNodeMatch(pod);
  if (matches === undefined || matches({ name: metadata.name ?? '', labels: metadata.labels ?? {} }))
    return undefined;
  return predicate(affinityReason, "node(s) didn't match Pod's node affinity/selector");
}

function nameMismatch({ spec }: Pod, { nodeName }: AdmitFacts): Rejection | undefined {
  if ((spec?.nodeName ?? '') === '' || spec?.nodeName === nodeName) return undefined;
  return predicate('NodeName', "node(s) didn't match the requested node name");
}

interface HostPort {
  readonly protocol: string;
  readonly port: number;
  readonly address: string;
}

const everyAddress = '0.0.0.0';

function hostPorts({ spec }: Pod): HostPort[] {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...sidecars, ...(spec?.containers ?? [])]
    .flatMap(({ ports = [] }) => ports)
    .flatMap(({ hostPort = 0, hostIP = '', protocol = 'TCP' }) =>
      hostPort === 0 ? [] : [{ protocol, port: hostPort, address: hostIP || everyAddress }],
    );
}

function portConflict(pod: Pod, others: readonly Pod[]): Rejection | undefined {
  const wanted = hostPorts(pod);
  if (wanted.length === 0) return undefined;
  const taken = others.flatMap(hostPorts);
  const collides = (one: HostPort, other: HostPort): boolean =>
    one.port === other.port &&
    one.protocol === other.protocol &&
    (one.address === other.address || one.address === everyAddress || other.address === everyAddress);
  if (!wanted.some((one) => taken.some((other) => collides(one, other)))) return undefined;
  return predicate('NodePorts', "node(s) didn't have free ports for the requested pod ports");
}

/** Only what would drive it away again at once. */
function untolerated(pod: Pod, { spec }: Node): Rejection | undefined {
  if (isStatic(pod)) return undefined;
  const tolerations = pod.spec?.tolerations ?? [];
  const taints = (spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
  if (taints.every((taint) => isTolerated(taint, tolerations))) return undefined;
  return predicate('TaintToleration', "node(s) had taints that the pod didn't tolerate");
}
