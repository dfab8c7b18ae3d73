/** Invariants of StatefulSets: each ordinal once, none beyond the size, one after the other where that was asked for. */
import { isActive, isReady } from '../controllers/pods.ts';
import type { Pod, StatefulSet } from '../kinds/generated/types.ts';
import type { Invariant } from './invariant.ts';
import { Lately } from './lately.ts';
import { isOwnedBy, nameOf, ownerIn } from './ownership.ts';
import { podsOf, type World, type WorldChange } from './world.ts';

const start = (set: StatefulSet): number => set.spec?.ordinals?.start ?? 0;
/** The first ordinal that is no longer wanted. */
const end = (set: StatefulSet): number => start(set) + (set.spec?.replicas ?? 1);

const ends = new Lately();
/** 1 while a pod of that key is ready, else 0. */
const readiness = new Lately();

const readinessKey = (pod: Pod): string => nameOf(pod);

function note({ resource, object, old, at }: WorldChange, world: World): void {
  if (resource === 'apps/statefulsets' && object !== undefined)
    ends.note(world, object.metadata.uid ?? '', { value: end(object as unknown as StatefulSet), at });
  const pod = (object ?? old) as unknown as Pod;
  if (resource === 'core/pods')
    readiness.note(world, readinessKey(pod), { value: object !== undefined && isReady(pod) ? 1 : 0, at });
}

/** From the pod's label, not its name: the name is what is judged. */
const ordinalOf = ({ metadata }: Pod): number => Number(metadata.labels?.['apps.kubernetes.io/pod-index']);

const podsOfSet = (world: World, set: StatefulSet): Pod[] =>
  podsOf(world).filter((pod) => isOwnedBy(pod, set));

function* wrongIdentity(set: StatefulSet, pod: Pod, world: World): Generator<string> {
  const ordinal = ordinalOf(pod);
  if (pod.metadata.name !== `${set.metadata.name}-${ordinal}`)
    yield `${nameOf(pod)} of ${nameOf(set)} has the ordinal ${ordinal}`;
  for (const other of podsOfSet(world, set))
    if (other.metadata.uid !== pod.metadata.uid && ordinalOf(other) === ordinal)
      yield `${nameOf(pod)} and ${nameOf(other)} of ${nameOf(set)} share the ordinal ${ordinal}`;
}

const ordinalsAreOne: Invariant = {
  name: 'each ordinal of a StatefulSet has at most one pod, of its name, and none is beyond the size',
  *onChange(change, world) {
    note(change, world);
    const { resource, object, old, at } = change;
    if (resource !== 'core/pods' || object === undefined || old !== undefined) return;
    const pod = object as unknown as Pod;
    const set = ownerIn<StatefulSet>(world, 'apps/statefulsets', pod);
    if (set === undefined) return;
    yield* wrongIdentity(set, pod, world);
    const most = ends.most(world, set.metadata.uid ?? '', { at, otherwise: end(set) });
    const ordinal = ordinalOf(pod);
    if (ordinal < start(set) || ordinal >= most)
      yield `${nameOf(pod)} is made, ordinals are ${start(set)} to ${most - 1}`;
  },
  *settled(world) {
    for (const set of world.of<StatefulSet>('apps/statefulsets')) {
      const ordinals = podsOfSet(world, set).filter(isActive).map(ordinalOf);
      const beyond = ordinals.filter((ordinal) => ordinal < start(set) || ordinal >= end(set));
      if (beyond.length > 0 && !isHeldUp(world, set))
        yield `${nameOf(set)} has the ordinals ${beyond.join(' ')} at rest, ${end(set)} is the end`;
      if (ordinals.length < end(set) - start(set) && !isHeldUp(world, set))
        yield `${nameOf(set)} has ${ordinals.length} pods at rest, not ${set.spec?.replicas}`;
    }
  },
};

/** A pod that does not become ready holds up those after it, for ever. */
const isHeldUp = (world: World, set: StatefulSet): boolean =>
  podsOfSet(world, set).some((pod) => !isReady(pod));

const oneAfterTheOther: Invariant = {
  name: 'an ordered StatefulSet makes a pod only when those before it are ready',
  *onChange({ resource, object, old, at }, world) {
    if (resource !== 'core/pods' || object === undefined || old !== undefined) return;
    const pod = object as unknown as Pod;
    const set = ownerIn<StatefulSet>(world, 'apps/statefulsets', pod);
    if (set === undefined || set.spec?.podManagementPolicy === 'Parallel') return;
    for (let before = start(set); before < ordinalOf(pod); before++) {
      const key = `${set.metadata.namespace}/${set.metadata.name}-${before}`;
      if (readiness.most(world, key, { at, otherwise: 0 }) === 0)
        yield `${nameOf(pod)} is made, ${key} has not been ready`;
    }
  },
};

export const statefulSetInvariants: readonly Invariant[] = [ordinalsAreOne, oneAfterTheOther];
