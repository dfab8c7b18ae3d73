/** Invariants of what limits others: PodDisruptionBudgets and ResourceQuotas. */
import { isActive, isReady, isTerminal } from '../controllers/pods.ts';
import type { Pod, PodDisruptionBudget, ResourceQuota } from '../kinds/generated/types.ts';
import type { Invariant } from './invariant.ts';
import { cpuOf } from './node-invariants.ts';
import { nameOf } from './ownership.ts';
import { podsOf, type World } from './world.ts';

const selectedBy = (budget: PodDisruptionBudget, world: World): Pod[] =>
  podsOf(world).filter(
    (pod) =>
      pod.metadata.namespace === budget.metadata.namespace &&
      Object.entries(budget.spec?.selector?.matchLabels ?? {}).every(
        ([key, value]) => pod.metadata.labels?.[key] === value,
      ),
  );

/** Each eviction is spent from what was counted; between two counts no more are granted than the first one allows. */
function* overspent(budget: PodDisruptionBudget, before: PodDisruptionBudget): Generator<string> {
  const granted = Object.keys(budget.status?.disruptedPods ?? {}).filter(
    (name) => before.status?.disruptedPods?.[name] === undefined,
  );
  if (granted.length === 0) return;
  const allowed = before.status?.disruptionsAllowed ?? 0;
  const left = budget.status?.disruptionsAllowed ?? 0;
  if (granted.length > allowed || left !== allowed - granted.length)
    yield `${nameOf(budget)} allowed ${allowed}, ${granted.length} were evicted, ${left} are left`;
  if (before.status?.observedGeneration !== before.metadata.generation)
    yield `${nameOf(budget)} was spent before it was counted anew`;
}

const budgetsHold: Invariant = {
  name: 'a PodDisruptionBudget is never overspent, and at rest counts what there is',
  *onChange({ resource, object, old }) {
    if (resource !== 'policy/poddisruptionbudgets' || object === undefined || old === undefined) return;
    if (object.metadata.uid !== old.metadata.uid) return;
    yield* overspent(object as unknown as PodDisruptionBudget, old as unknown as PodDisruptionBudget);
  },
  *settled(world) {
    for (const budget of world.of<PodDisruptionBudget>('policy/poddisruptionbudgets')) {
      const { minAvailable } = budget.spec ?? {};
      if (typeof minAvailable !== 'number') continue;
      const pods = selectedBy(budget, world).filter((pod) => !isTerminal(pod));
      const healthy = pods.filter((pod) => isReady(pod) && isActive(pod)).length;
      const allowed = pods.length === 0 ? 0 : Math.max(0, healthy - minAvailable);
      if (budget.status?.disruptionsAllowed !== allowed)
        yield `${nameOf(budget)} allows ${budget.status?.disruptionsAllowed} at rest, ${allowed} may go`;
    }
  },
};

/** Its grace is over, and it is still there: its node does not answer. */
const isOverdue = ({ metadata }: Pod, now: number): boolean =>
  metadata.deletionTimestamp !== undefined && Date.parse(metadata.deletionTimestamp) < now;

/** What simulations limit. As upstream counts, pods that have ended or should have by now are free. */
function usedIn(world: World, namespace: string | undefined): Readonly<Record<string, number>> {
  const now = world.clock.now();
  const pods = podsOf(world).filter(
    (pod) => pod.metadata.namespace === namespace && !isTerminal(pod) && !isOverdue(pod, now),
  );
  const services = world.of('core/services').filter(({ metadata }) => metadata.namespace === namespace);
  return {
    pods: pods.length,
    services: services.length,
    'requests.cpu': pods.reduce((sum, pod) => sum + cpuOf(pod), 0) / 1000,
  };
}

const amount = (text: string): number =>
  text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text);

const quotasHold: Invariant = {
  name: 'a ResourceQuota is never exceeded by what is made, and at rest counts what there is',
  *onChange({ resource, object, old }, world) {
    if (object === undefined || old !== undefined) return;
    if (resource !== 'core/pods' && resource !== 'core/services') return;
    const { namespace } = object.metadata;
    const limits = resource === 'core/pods' ? ['pods', 'requests.cpu'] : ['services'];
    for (const quota of world.of<ResourceQuota>('core/resourcequotas')) {
      if (quota.metadata.namespace !== namespace) continue;
      const used = usedIn(world, namespace);
      for (const limit of limits) {
        // What it asks for holds from when its controller has counted for the first time.
        const hard = quota.status?.hard?.[limit];
        if (hard !== undefined && (used[limit] ?? 0) > amount(hard))
          yield `${nameOf(object)} is made: ${limit} are ${used[limit]}, ${nameOf(quota)} allows ${hard}`;
      }
    }
  },
  *settled(world) {
    for (const quota of world.of<ResourceQuota>('core/resourcequotas')) {
      const used = usedIn(world, quota.metadata.namespace);
      for (const limit of Object.keys(quota.spec?.hard ?? {})) {
        const told = quota.status?.used?.[limit];
        if (told === undefined || amount(told) !== used[limit])
          yield `${nameOf(quota)} counts ${told} ${limit} at rest, there are ${used[limit]}`;
      }
    }
  },
};

export const policyInvariants: readonly Invariant[] = [budgetsHold, quotasHold];
