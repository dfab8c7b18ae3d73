/**
 * What objects of each kind take from quotas, in one shape for those who enforce a quota (apiserver/hooks) and those who
 * recount it (controllers). Source: pkg/quota/v1/install/registry.go of Kubernetes.
 */
import type {
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  ResourceQuotaSpec,
  ResourceResourceClaim,
  Service,
} from '../generated/types.ts';
import type { KubeObject } from '../object.ts';
import type { ResourceName } from '../status.ts';
import { one, type Usage } from './amounts.ts';
import { claimMatchesScope, claimUsage, isClaimResource } from './claim-usage.ts';
import { deviceUsage, isDeviceResource } from './device-usage.ts';
import { isPodResource, missingAmounts, podMatchesScope, podUsage } from './pod-usage.ts';
import { type ScopeRequirement, scopesOf } from './scopes.ts';
import { isServiceResource, serviceUsage } from './service-usage.ts';

export interface Evaluator {
  /** Whether a quota's resource of this name counts something of this kind. */
  counts(name: string): boolean;
  usage(object: KubeObject, now: number): Usage;
  matchesScope(object: KubeObject, requirement: ScopeRequirement): boolean;
  /** An object that is changed can take more. */
  readonly growsOnUpdate: boolean;
  /** What an object must say, for the named resources to be counted; undefined when it says it. */
  missing?(object: KubeObject, names: Iterable<string>): string | undefined;
}

const noScope = () => false;

const podEvaluator: Evaluator = {
  counts: isPodResource,
  usage: (object, now) => podUsage(object as Pod, now),
  matchesScope: (object, requirement) => podMatchesScope(object as Pod, requirement),
  growsOnUpdate: false,
  missing: (object, names) => missingAmounts(object as Pod, names),
};

const serviceEvaluator: Evaluator = {
  counts: isServiceResource,
  usage: (object) => serviceUsage(object as Service),
  matchesScope: noScope,
  growsOnUpdate: true,
};

const claimEvaluator: Evaluator = {
  counts: isClaimResource,
  usage: (object) => claimUsage(object as PersistentVolumeClaim),
  matchesScope: (object, requirement) => claimMatchesScope(object as PersistentVolumeClaim, requirement),
  growsOnUpdate: true,
};

const deviceEvaluator: Evaluator = {
  counts: isDeviceResource,
  usage: (object) => deviceUsage(object as ResourceResourceClaim),
  matchesScope: noScope,
  growsOnUpdate: false,
};

/** Kinds of the core group that had a name in quotas before there was `count/`. */
const legacyNames = new Set(['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets']);

function countEvaluator({ group, plural }: ResourceName): Evaluator {
  const names = new Set([group === '' ? `count/${plural}` : `count/${plural}.${group}`]);
  if (group === '' && legacyNames.has(plural)) names.add(plural);
  const usage: Usage = new Map([...names].map((name) => [name, one]));
  return {
    counts: (name) => names.has(name),
    usage: () => usage,
    matchesScope: noScope,
    growsOnUpdate: false,
  };
}

/** The evaluator of a namespaced resource; undefined for Events, which no quota counts. */
export function evaluatorOf(resource: ResourceName): Evaluator | undefined {
  const { group, plural } = resource;
  if (plural === 'events' && (group === '' || group === 'events.k8s.io')) return undefined;
  if (group === 'resource.k8s.io' && plural === 'resourceclaims') return deviceEvaluator;
  if (group !== '') return countEvaluator(resource);
  if (plural === 'pods') return podEvaluator;
  if (plural === 'services') return serviceEvaluator;
  if (plural === 'persistentvolumeclaims') return claimEvaluator;
  return countEvaluator(resource);
}

/** Whether a quota with this spec is about the object at all. */
export function isInScope(
  evaluator: Evaluator,
  object: KubeObject,
  spec: ResourceQuotaSpec | undefined,
): boolean {
  return scopesOf(spec).every((requirement) => evaluator.matchesScope(object, requirement));
}

/** The names in the quota's hard limits that the evaluator counts. */
export function countedNames(
  evaluator: Evaluator,
  hard: NonNullable<ResourceQuota['spec']>['hard'],
): string[] {
  return Object.keys(hard ?? {}).filter((name) => evaluator.counts(name));
}
