/**
 * Counts anew what a namespace's objects take from its quotas. The API server charges every object as it is written
 * (apiserver/hooks/quota.ts), so what is left to this controller is what comes free, and the first count of a new quota.
 * Source of behaviour: pkg/controller/resourcequota of Kubernetes.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Change, requeueAfter, updateStatus } from '../client/change.ts';
import {
  both,
  type Controller,
  defineController,
  type KeyMap,
  self,
  type WatchedChange,
  type Watches,
} from '../client/controller.ts';
import { type KindName, kindNamed, kindNames } from '../client/kind-names.ts';
import { keyOf } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type { Pod, ResourceQuota } from '../kinds/generated/types.ts';
import type { KubeObject } from '../kinds/object.ts';
import { addUsage, readUsage, sameUsage, type Usage, writeUsage, zero } from '../kinds/quota/amounts.ts';
import { countedNames, type Evaluator, evaluatorOf, isInScope } from '../kinds/quota/evaluator.ts';
import { countsUntil } from '../kinds/quota/pod-usage.ts';
import { compareQuantity, type Quantity } from '../lib/quantity.ts';
import { quotaResyncMilliseconds } from './limits.ts';
import { QuotaCharges } from './quota-charges.ts';

const evaluators: ReadonlyMap<KindName, Evaluator> = new Map(
  kindNames.flatMap((name) => {
    const kind = kindNamed(name);
    const evaluator = kind.scope === 'Namespaced' ? evaluatorOf(kind) : undefined;
    return evaluator === undefined ? [] : [[name, evaluator] as const];
  }),
);

/** What of a pod decides how it is counted; all else changes often. */
function podFacts({ metadata, spec, status }: Pod): unknown {
  return [
    status?.phase === 'Succeeded' || status?.phase === 'Failed',
    metadata.deletionTimestamp,
    metadata.deletionGracePeriodSeconds,
    spec?.activeDeadlineSeconds,
    spec?.resources,
    spec?.containers.map(({ resources }) => resources),
  ];
}

function countsTheSame(kind: KindName, now: KubeObject, old: KubeObject): boolean {
  if (kind === 'Pod') return isDeepStrictEqual(podFacts(now as Pod), podFacts(old as Pod));
  if (evaluators.get(kind)?.growsOnUpdate !== true) return true;
  const facts = ({ spec, status }: { spec?: unknown; status?: unknown }) => [spec, status];
  return isDeepStrictEqual(facts(now as { spec?: unknown }), facts(old as { spec?: unknown }));
}

/** The quotas in which the object is counted. */
const quotasCounting = (kind: KindName, evaluator: Evaluator): KeyMap<KubeObject> => {
  return (object, view, { type, object: now, old = now }) => {
    const quotas = view.list('ResourceQuota', { namespace: object.metadata.namespace });
    if (quotas.length === 0 || (type === 'update' && countsTheSame(kind, now, old))) return [];
    return quotas.filter(({ spec }) => countedNames(evaluator, spec?.hard).length > 0).map(keyOf);
  };
};

/** Objects of a cache never change: what one takes is reckoned once, unless it is about to end. */
const knownUsage = new WeakMap<KubeObject, Usage>();

function usageOf(evaluator: Evaluator, object: KubeObject, now: number): Usage {
  const known = knownUsage.get(object);
  if (known !== undefined) return known;
  const usage = evaluator.usage(object, now);
  if (object.metadata.deletionTimestamp === undefined) knownUsage.set(object, usage);
  return usage;
}

function count(
  quota: ResourceQuota,
  { kind, evaluator, names }: { kind: KindName; evaluator: Evaluator; names: readonly string[] },
  view: View,
): Usage {
  const total = new Map<string, Quantity>();
  const now = view.now();
  for (const object of view.list(kind, { namespace: quota.metadata.namespace }) as KubeObject[])
    if (isInScope(evaluator, object, quota.spec)) addUsage(total, usageOf(evaluator, object, now));
  return new Map(names.map((name) => [name, total.get(name) ?? zero]));
}

/** When the next pod that is being deleted stops counting. */
function untilPodEnds(quota: ResourceQuota, view: View): Change[] {
  if (countedNames(evaluators.get('Pod') as Evaluator, quota.spec?.hard).length === 0) return [];
  const waits = view
    .list('Pod', { namespace: quota.metadata.namespace })
    .map((pod) => (countsUntil(pod) ?? 0) - view.now())
    .filter((wait) => wait >= 0);
  return waits.length === 0 ? [] : [requeueAfter(Math.min(...waits) + 1)];
}

function reconcile(key: string, view: View, charges: QuotaCharges): Change[] {
  const quota = view.get('ResourceQuota', key);
  if (quota === undefined) return [];
  const hard = readUsage(quota.spec?.hard);
  const before = readUsage(quota.status?.used);
  // What nobody counts stays as it was.
  const used = new Map([...before].filter(([name]) => hard.has(name)));
  for (const [kind, evaluator] of evaluators) {
    const names = countedNames(evaluator, quota.spec?.hard);
    if (names.length === 0) continue;
    for (const [name, amount] of count(quota, { kind, evaluator, names }, view)) {
      const charged = before.get(name);
      const falls = charged !== undefined && compareQuantity(amount, charged) < 0;
      // An object that was charged may not be in the cache yet. It will be, and its coming wakes this quota.
      if (!falls || view.revision(kind) >= charges.revision(quota, name)) used.set(name, amount);
    }
  }
  const waits = untilPodEnds(quota, view);
  if (sameUsage(hard, readUsage(quota.status?.hard)) && sameUsage(used, before)) return waits;
  const status = {
    ...(quota.spec?.hard === undefined ? {} : { hard: quota.spec.hard }),
    used: writeUsage(used),
  };
  return [updateStatus('ResourceQuota', { ...quota, status }), ...waits];
}

/** Each has its own memory of what was charged when. */
export function resourceQuota(): Controller {
  const charges = new QuotaCharges();
  const counting = Object.fromEntries(
    [...evaluators].map(([kind, evaluator]) => [kind, quotasCounting(kind, evaluator)]),
  ) as Watches;
  const own: KeyMap<ResourceQuota> = (quota, _view, change: WatchedChange<ResourceQuota>) => {
    charges.take(change);
    return self(quota);
  };
  return defineController({
    name: 'resource-quota',
    eventSource: 'resourcequota-controller',
    resyncMilliseconds: quotaResyncMilliseconds,
    watches: { ...counting, ResourceQuota: both(own, counting.ResourceQuota as KeyMap<ResourceQuota>) },
    reconcile: (key, view) => reconcile(key, view, charges),
  });
}
