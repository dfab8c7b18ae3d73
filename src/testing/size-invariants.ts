/**
 * Invariants of how many pods there are, counted in the store whenever one is made. As upstream counts: pods that have
 * ended or are on their way out are apart. Pods that came by adoption are nobody's doing, and are apart as well.
 */
import { isActive } from '../controllers/pods.ts';
import type { Deployment, Pod, ReplicaSet } from '../kinds/generated/types.ts';
import type { AnyObject } from '../kinds/object.ts';
import type { Invariant } from './invariant.ts';
import { Lately } from './lately.ts';
import { controllerUid, isOwnedBy, nameOf, ownerIn } from './ownership.ts';
import { podsOf, type World, type WorldChange } from './world.ts';

/** Replicas and surge, written apart from the controller's own reckoning. */
function podsAllowed({ spec }: Deployment): number {
  const replicas = spec?.replicas ?? 1;
  if (spec?.strategy?.type === 'Recreate') return replicas;
  const surge = spec?.strategy?.rollingUpdate?.maxSurge ?? '25%';
  return (
    replicas + (typeof surge === 'number' ? surge : Math.ceil((Number.parseInt(surge, 10) * replicas) / 100))
  );
}

/** Of anything that has replicas. */
const replicasOf = (object: AnyObject | ReplicaSet): number => (object as ReplicaSet).spec?.replicas ?? 1;

const sizes = new Lately();
/** Uids of pods that had another owner, or none, when they were made. */
const adopted = new WeakMap<World, Set<string>>();

/** Told of every change, by the first invariant that is asked. */
function noteSizes({ resource, object, old, at }: WorldChange, world: World): void {
  if (object === undefined) return;
  const uid = object.metadata.uid ?? '';
  if (resource === 'apps/deployments')
    sizes.note(world, uid, { value: podsAllowed(object as unknown as Deployment), at });
  if (resource === 'apps/replicasets') sizes.note(world, uid, { value: replicasOf(object), at });
  if (resource === 'core/pods' && old !== undefined && controllerUid(old) !== controllerUid(object)) {
    const uids = adopted.get(world) ?? new Set();
    adopted.set(world, uids.add(uid));
  }
}

const mostAllowed = (world: World, deployment: Deployment, at: number): number =>
  sizes.most(world, deployment.metadata.uid ?? '', { at, otherwise: podsAllowed(deployment) });

const setsOf = (world: World, deployment: Deployment): ReplicaSet[] =>
  world.of<ReplicaSet>('apps/replicasets').filter((set) => isOwnedBy(set, deployment));

/** Those that count. */
function activePodsOf(world: World, owners: readonly AnyObject['metadata'][]): Pod[] {
  const uids = new Set(owners.map(({ uid }) => uid));
  return podsOf(world).filter((pod) => isActive(pod) && uids.has(controllerUid(pod)));
}

const madeByOwner = (world: World, pods: readonly Pod[]): number =>
  pods.filter(({ metadata }) => !adopted.get(world)?.has(metadata.uid ?? '')).length;

/** Only a set that grows can be wrong: that fewer are wanted takes its time. */
function* setThatGrows({ object, old, at }: WorldChange, world: World): Generator<string> {
  if (object === undefined || (old !== undefined && replicasOf(object) <= replicasOf(old))) return;
  const deployment = ownerIn<Deployment>(world, 'apps/deployments', object);
  if (deployment === undefined) return;
  const asked = setsOf(world, deployment).reduce((sum, set) => sum + replicasOf(set), 0);
  const allowed = mostAllowed(world, deployment, at);
  if (asked > allowed)
    yield `the sets of ${nameOf(deployment)} ask for ${asked} pods, allowed are ${allowed}`;
}

const isNewPod = ({ resource, object, old }: WorldChange): boolean =>
  resource === 'core/pods' && object !== undefined && old === undefined;

const deploymentsKeepTheirSize: Invariant = {
  name: 'a Deployment never has or asks for more pods than replicas and surge',
  *onChange(change, world) {
    noteSizes(change, world);
    if (change.resource === 'apps/replicasets') yield* setThatGrows(change, world);
    if (!isNewPod(change) || change.object === undefined) return;
    const set = ownerIn<ReplicaSet>(world, 'apps/replicasets', change.object);
    const deployment = set && ownerIn<Deployment>(world, 'apps/deployments', set);
    if (deployment === undefined) return;
    const sets = setsOf(world, deployment);
    const pods = activePodsOf(
      world,
      sets.map(({ metadata }) => metadata),
    );
    const allowed = mostAllowed(world, deployment, change.at);
    if (madeByOwner(world, pods) > allowed)
      yield `${nameOf(deployment)} has ${pods.length} active pods, allowed are ${allowed}`;
  },
  *settled(world) {
    for (const deployment of world.of<Deployment>('apps/deployments')) {
      const sets = setsOf(world, deployment).map(({ metadata }) => metadata);
      const active = activePodsOf(world, sets).length;
      if (active > podsAllowed(deployment))
        yield `${nameOf(deployment)} has ${active} active pods at rest, allowed are ${podsAllowed(deployment)}`;
    }
  },
};

const replicaSetsKeepTheirSize: Invariant = {
  name: 'a ReplicaSet makes no more pods than its replicas, and has as many at rest',
  *onChange(change, world) {
    if (!isNewPod(change) || change.object === undefined) return;
    const set = ownerIn<ReplicaSet>(world, 'apps/replicasets', change.object);
    if (set === undefined) return;
    const pods = activePodsOf(world, [set.metadata]);
    const at = { at: change.at, otherwise: replicasOf(set) };
    const allowed = sizes.most(world, set.metadata.uid ?? '', at);
    if (madeByOwner(world, pods) > allowed)
      yield `${nameOf(set)} has ${pods.length} active pods, wanted are ${allowed}`;
  },
  *settled(world) {
    for (const set of world.of<ReplicaSet>('apps/replicasets')) {
      if (set.status?.conditions?.some(({ type }) => type === 'ReplicaFailure')) continue;
      const active = activePodsOf(world, [set.metadata]).length;
      if (active !== replicasOf(set))
        yield `${nameOf(set)} has ${active} active pods at rest, wanted are ${replicasOf(set)}`;
    }
  },
};

export const sizeInvariants: readonly Invariant[] = [deploymentsKeepTheirSize, replicaSetsKeepTheirSize];
