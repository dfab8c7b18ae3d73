/** Requests and limits as what the kernel is told. Source: kubelet/kuberuntime/helpers_linux.go, kubelet/qos/policy.go. */
import type { LinuxResources } from '../../cri/sandbox-types.ts';
import type { Container, Pod } from '../../kinds/generated/types.ts';
import { qosClass } from '../../kinds/pod/qos.ts';
import { readQuantity } from '../../kinds/quantities.ts';
import { podAmounts } from '../../kinds/quota/pod-resources.ts';
import { milliValue, value } from '../../lib/quantity.ts';

/** Of a pod as a whole. Absent: no limit. */
export interface PodLimits {
  readonly cpuShares: number;
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  readonly memoryLimitInBytes?: number;
}

const sharesPerCpu = 1024;
const sharesMin = 2;
const sharesMax = 262_144;
const quotaPeriodMicroseconds = 100_000;
/** The kernel takes no less. */
const quotaMicrosecondsMin = 1000;

const guaranteedOomScore = -997;
const bestEffortOomScore = 1000;

const amountOf = (amounts: Readonly<Record<string, string>> | undefined, resource: string) =>
  readQuantity(amounts?.[resource]);

export function cpuShares(milliCpu: number): number {
  if (milliCpu === 0) return sharesMin;
  return Math.min(sharesMax, Math.max(sharesMin, Math.floor((milliCpu * sharesPerCpu) / 1000)));
}

/** Microseconds of processor time for each tenth of a second; 0: no limit. */
export function cpuQuota(milliCpu: number): number {
  if (milliCpu === 0) return 0;
  return Math.max(quotaMicrosecondsMin, Math.floor((milliCpu * quotaPeriodMicroseconds) / 1000));
}

/** Whom the kernel kills first when memory runs out: 1000 first, -1000 never. */
export function oomScore(pod: Pod, container: Container, memoryCapacityBytes: number): number {
  if (pod.spec?.priorityClassName === 'system-node-critical') return guaranteedOomScore;
  const qos = qosClass(pod.spec ?? { containers: [] });
  if (qos === 'Guaranteed') return guaranteedOomScore;
  if (qos === 'BestEffort') return bestEffortOomScore;
  const requested = Number(value(amountOf(container.resources?.requests, 'memory')));
  const score = 1000 - Math.floor((1000 * requested) / memoryCapacityBytes);
  // Between those of the other two classes, whatever it asks for.
  if (score < 1000 + guaranteedOomScore) return 1000 + guaranteedOomScore;
  return score === bestEffortOomScore ? score - 1 : score;
}

/** A container without a limit of its own has at most what its pod has as a whole. */
const limitOf = ({ spec }: Pod, { resources }: Container, resource: string) =>
  amountOf(
    resources?.limits?.[resource] === undefined ? spec?.resources?.limits : resources.limits,
    resource,
  );

/** What the kernel is told of a pod as a whole: of one that says so for itself. Source: ResourceConfigForPod of kubelet/cm. */
export function podResources({ spec }: Pod): PodLimits | undefined {
  if (spec?.resources === undefined) return undefined;
  const of = (which: 'requests' | 'limits', resource: string) =>
    podAmounts(spec, which).get(resource) ?? readQuantity('0');
  const quota = cpuQuota(Number(milliValue(of('limits', 'cpu'))));
  const memory = Number(value(of('limits', 'memory')));
  const all = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  // Of containers that are bounded only in part, the sum is no bound.
  const isBounded = (resource: string) =>
    spec.resources?.limits?.[resource] !== undefined ||
    all.every(({ resources }) => readQuantity(resources?.limits?.[resource]).nanos > 0n);
  return {
    cpuShares: cpuShares(Number(milliValue(of('requests', 'cpu')))),
    ...(quota > 0 && isBounded('cpu') ? { cpuQuota: quota, cpuPeriod: quotaPeriodMicroseconds } : {}),
    ...(memory > 0 && isBounded('memory') ? { memoryLimitInBytes: memory } : {}),
  };
}

export function containerResources(
  pod: Pod,
  container: Container,
  memoryCapacityBytes: number,
): LinuxResources {
  const { requests, limits } = container.resources ?? {};
  const cpuLimit = Number(milliValue(limitOf(pod, container, 'cpu')));
  const cpuRequest = requests?.cpu === undefined ? cpuLimit : Number(milliValue(amountOf(requests, 'cpu')));
  const quota = cpuQuota(cpuLimit);
  return {
    cpuShares: cpuShares(cpuRequest),
    ...(quota === 0 ? {} : { cpuQuota: quota, cpuPeriod: quotaPeriodMicroseconds }),
    memoryLimitInBytes: Number(value(limitOf(pod, container, 'memory'))),
    oomScoreAdj: oomScore(pod, container, memoryCapacityBytes),
    hugepageLimits: Object.entries(limits ?? {})
      .filter(([resource]) => resource.startsWith('hugepages-'))
      .map(([resource, amount]) => ({
        pageSize: hugepageSize(resource.slice('hugepages-'.length)),
        limit: Number(value(readQuantity(amount))),
      })),
  };
}

/** `2Mi` as the kernel's files name it: `2MB`. */
const hugepageSize = (size: string): string => size.replace(/i?$/, 'B');

/** `/kubepods/burstable/pod<uid>`, below the node's own cgroup. */
export function podCgroup(pod: Pod, root: string): string {
  const qos = qosClass(pod.spec ?? { containers: [] });
  const folder = qos === 'Guaranteed' ? '' : `/${qos.toLowerCase()}`;
  return `${root}/kubepods${folder}/pod${pod.metadata.uid}`;
}
