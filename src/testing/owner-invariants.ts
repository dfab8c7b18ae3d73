/** Invariants of ownership: one controller, and nothing without its owner. */
import type { Invariant } from './invariant.ts';
import { controllersOf, controllerUid, nameOf } from './ownership.ts';

const oneController: Invariant = {
  name: 'no pod has two controllers',
  *onChange({ resource, object, old }) {
    if (resource !== 'core/pods' || object === undefined) return;
    if (controllersOf(object).length > 1) yield `${nameOf(object)} has two controllers`;
    const before = old?.metadata.uid === object.metadata.uid && old ? controllerUid(old) : undefined;
    const now = controllerUid(object);
    if (before !== undefined && now !== undefined && now !== before)
      yield `${nameOf(object)} was taken by ${now} from ${before}`;
  },
};

/** Heartbeats come back with their node, whether anybody collects the old ones or not. */
const leases = 'coordination.k8s.io/leases';

const nothingSurvivesItsOwner: Invariant = {
  name: 'nothing owned survives its owner',
  *settled(world) {
    const all = world.all();
    const heartbeats = new Set(world.of(leases));
    const uids = new Set(all.map(({ metadata }) => metadata.uid));
    for (const object of all) {
      const owners = object.metadata.ownerReferences ?? [];
      if (heartbeats.has(object)) continue;
      if (owners.length > 0 && owners.every(({ uid }) => !uids.has(uid)))
        yield `${nameOf(object)} is still there, its ${owners[0]?.kind} ${owners[0]?.name} is gone`;
    }
  },
};

const nothingIsHeldForEver: Invariant = {
  name: 'what is deleted goes',
  *settled(world) {
    for (const object of world.all())
      if (object.metadata.deletionTimestamp !== undefined)
        yield `${nameOf(object)} is still there, held by ${(object.metadata.finalizers ?? []).join(' ') || 'nothing'}`;
  },
};

export const ownerInvariants: readonly Invariant[] = [
  oneController,
  nothingSurvivesItsOwner,
  nothingIsHeldForEver,
];
