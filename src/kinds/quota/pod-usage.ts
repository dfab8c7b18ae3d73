/** What a pod takes from a quota. Source: pkg/quota/v1/evaluator/core/pods.go of Kubernetes. */
import type { Quantity } from '../../lib/quantity.ts';
import type { Container, Pod, PodAffinityTerm, PodSpec } from '../generated/types.ts';
import { readAmounts } from '../pod/amounts.ts';
import { qosClass } from '../pod/qos.ts';
import { isExtendedResource, isHugePages, isNativeResource } from '../pod/resource-names.ts';
import { one, type Usage } from './amounts.ts';
import { hasPodLevelResources, podAmounts } from './pod-resources.ts';
import { matchesValue, type ScopeRequirement } from './scopes.ts';

const podCount = 'count/pods';

const computeNames = ['cpu', 'memory', 'ephemeral-storage'];
const trackedNames = new Set([
  podCount,
  'pods',
  ...computeNames,
  ...computeNames.map((name) => `requests.${name}`),
  ...computeNames.map((name) => `limits.${name}`),
]);

/** Whether a quota of this name counts something of pods. */
export function isPodResource(name: string): boolean {
  if (trackedNames.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-')) return true;
  return name.startsWith('requests.') && !isNativeResource(name);
}

/** Until when the pod counts, in milliseconds since the epoch; undefined: as long as nobody deletes it. */
export function countsUntil({ metadata, status }: Pod): number | undefined {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return Number.NEGATIVE_INFINITY;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return undefined;
  return Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

/** By the names that quotas have for them. */
function computeUsage(requests: Usage, limits: Usage): Map<string, Quantity> {
  const usage = new Map<string, Quantity>([['pods', one]]);
  for (const [name, quantity] of requests) {
    if (computeNames.includes(name) || isHugePages(name)) {
      usage.set(name, quantity);
      usage.set(`requests.${name}`, quantity);
    } else if (isExtendedResource(name)) usage.set(`requests.${name}`, quantity);
  }
  for (const [name, quantity] of limits)
    if (computeNames.includes(name)) usage.set(`limits.${name}`, quantity);
  return usage;
}

/** A pod that has ended, or whose time to end is over, is still an object but takes no more of the rest. */
export function podUsage(pod: Pod, now: number): Usage {
  const spec = pod.spec ?? { containers: [] };
  const until = countsUntil(pod);
  if (until !== undefined && now > until) return new Map([[podCount, one]]);
  return computeUsage(podAmounts(spec, 'requests'), podAmounts(spec, 'limits')).set(podCount, one);
}

/** A quota of one of these makes every container say how much it needs. Upstream calls it a mistake not to be repeated. */
const demandedNames = new Set([
  'cpu',
  'memory',
  'requests.cpu',
  'requests.memory',
  'limits.cpu',
  'limits.memory',
]);

/** `must specify limits.cpu for: app,sidecar; requests.cpu for: app`, or undefined when everything is said. */
export function missingAmounts({ spec }: Pod, quotaNames: Iterable<string>): string | undefined {
  if (spec === undefined || hasPodLevelResources(spec)) return undefined;
  const demanded = [...quotaNames].filter((name) => demandedNames.has(name)).sort();
  const all: readonly Container[] = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const missing = demanded.flatMap((name) => {
    const without = all.filter(
      ({ resources }) =>
        !computeUsage(readAmounts(resources?.requests), readAmounts(resources?.limits)).has(name),
    );
    const names = [...new Set(without.map((container) => container.name))].sort();
    return names.length === 0 ? [] : [`${name} for: ${names.join(',')}`];
  });
  return missing.length === 0 ? undefined : `must specify ${missing.join('; ')}`;
}

const isAcrossNamespaces = ({ namespaces = [], namespaceSelector }: PodAffinityTerm): boolean =>
  namespaces.length > 0 || namespaceSelector !== undefined;

function usesOtherNamespaces({ affinity }: PodSpec): boolean {
  return [affinity?.podAffinity, affinity?.podAntiAffinity].some(
    (each) =>
      each?.requiredDuringSchedulingIgnoredDuringExecution?.some(isAcrossNamespaces) ||
      each?.preferredDuringSchedulingIgnoredDuringExecution?.some(({ podAffinityTerm }) =>
        isAcrossNamespaces(podAffinityTerm),
      ),
  );
}

export function podMatchesScope(pod: Pod, requirement: ScopeRequirement): boolean {
  const spec = pod.spec ?? { containers: [] };
  switch (requirement.scopeName) {
    case 'Terminating':
      return (spec.activeDeadlineSeconds ?? -1) >= 0;
    case 'NotTerminating':
      return !((spec.activeDeadlineSeconds ?? -1) >= 0);
    case 'BestEffort':
      return qosOf(pod, spec) === 'BestEffort';
    case 'NotBestEffort':
      return qosOf(pod, spec) !== 'BestEffort';
    case 'PriorityClass':
      return matchesValue(requirement, spec.priorityClassName ?? '');
    case 'CrossNamespacePodAffinity':
      return usesOtherNamespaces(spec);
    default:
      return false;
  }
}

const qosOf = ({ status }: Pod, spec: PodSpec): string => status?.qosClass || qosClass(spec);
