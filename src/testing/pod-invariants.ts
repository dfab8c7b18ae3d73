/** Invariants of pods and of the nodes that run them. */
import { isDeepStrictEqual } from 'node:util';
import type { Pod } from '../kinds/generated/types.ts';
import { behaviourOf } from './behaviour.ts';
import type { Invariant } from './invariant.ts';
import { containersOf, isTerminalPhase } from './pod-runtime.ts';
import { nodesOf, podsOf, type World, type WorldChange } from './world.ts';

/** How long after its time something may still be under way: requests are tried again, watches come late. */
export const slackMilliseconds = 90_000;

const nameOf = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`;

const podChange = (change: WorldChange): { pod: Pod | undefined; old: Pod | undefined } | undefined =>
  change.resource === 'core/pods'
    ? { pod: change.object as unknown as Pod | undefined, old: change.old as unknown as Pod | undefined }
    : undefined;

const sameObject = (pod: Pod, old: Pod | undefined): old is Pod => old?.metadata.uid === pod.metadata.uid;

const holdsAddress = (pod: Pod): boolean =>
  pod.status?.podIP !== undefined && pod.spec?.hostNetwork !== true && !isTerminalPhase(pod.status.phase);

const addressesAreUnique: Invariant = {
  name: 'no two pods have one address',
  *onChange(change, world) {
    const pod = podChange(change)?.pod;
    if (pod === undefined || !holdsAddress(pod)) return;
    for (const other of podsOf(world))
      if (
        other.metadata.uid !== pod.metadata.uid &&
        holdsAddress(other) &&
        other.status?.podIP === pod.status?.podIP
      )
        yield `${nameOf(pod)} and ${nameOf(other)} have ${pod.status?.podIP}`;
  },
};

/** What only a node can know. */
const lifeOf = ({ status }: Pod): unknown => [
  status?.containerStatuses,
  status?.initContainerStatuses,
  status?.podIP,
  status?.startTime,
];

const onlyItsNodeMovesAPod: Invariant = {
  name: 'only the node that a pod is bound to moves it',
  *onChange(change, world) {
    const { pod, old } = podChange(change) ?? {};
    if (pod === undefined || !sameObject(pod, old) || isDeepStrictEqual(lifeOf(pod), lifeOf(old))) return;
    const nodeName = pod.spec?.nodeName;
    if (!nodeName) {
      yield `${nameOf(pod)} lives, though it is bound to no node`;
      return;
    }
    const address = nodesOf(world)
      .find(({ metadata }) => metadata.name === nodeName)
      ?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
    if (address !== undefined && pod.status?.hostIP !== address)
      yield `${nameOf(pod)} is bound to ${nodeName} at ${address}, but ${pod.status?.hostIP} writes its status`;
    if (!world.nodes.isUp(nodeName) && change.at - world.switchedAt(nodeName) > slackMilliseconds)
      yield `${nameOf(pod)} was moved on, though ${nodeName} is down`;
  },
};

const bindingsStay: Invariant = {
  name: 'a pod is bound once',
  *onChange(change) {
    const { pod, old } = podChange(change) ?? {};
    if (pod === undefined || !sameObject(pod, old)) return;
    if (old.spec?.nodeName && old.spec.nodeName !== pod.spec?.nodeName)
      yield `${nameOf(pod)} went from ${old.spec.nodeName} to ${pod.spec?.nodeName}`;
  },
};

const endsAreFinal: Invariant = {
  name: 'a pod that has ended stays so',
  *onChange(change) {
    const { pod, old } = podChange(change) ?? {};
    if (pod === undefined || !sameObject(pod, old)) return;
    if (isTerminalPhase(old.status?.phase) && old.status?.phase !== pod.status?.phase)
      yield `${nameOf(pod)} went from ${old.status?.phase} to ${pod.status?.phase}`;
  },
};

const restartsGrow: Invariant = {
  name: 'restarts are never taken back',
  *onChange(change) {
    const { pod, old } = podChange(change) ?? {};
    if (pod === undefined || !sameObject(pod, old)) return;
    for (const { name, restartCount } of pod.status?.containerStatuses ?? []) {
      const before = old.status?.containerStatuses?.find((status) => status.name === name)?.restartCount ?? 0;
      if (restartCount < before) yield `${nameOf(pod)}, ${name}: ${before} restarts, then ${restartCount}`;
    }
  },
};

const isUpForLong = (world: World, node: string): boolean =>
  world.nodes.isUp(node) && world.clock.now() - world.switchedAt(node) > slackMilliseconds;

const deletedPodsGo: Invariant = {
  name: 'a deleted pod goes within its grace',
  *always(world) {
    for (const pod of podsOf(world)) {
      const { deletionTimestamp, finalizers = [] } = pod.metadata;
      if (deletionTimestamp === undefined || finalizers.length > 0) continue;
      const late = world.clock.now() - Date.parse(deletionTimestamp);
      const node = pod.spec?.nodeName;
      if (late > slackMilliseconds && (!node || isUpForLong(world, node)))
        yield `${nameOf(pod)} should have gone ${Math.round(late / 1000)} s ago`;
    }
  },
};

/** A pod that nothing keeps from running: no container of it ends, fails or waits. */
export function isMeantToRun(pod: Pod): boolean {
  return containersOf(pod).every(({ container, role }) => {
    const behaviour = behaviourOf(pod, container, role);
    if (behaviour.imageMissing || behaviour.neverReady) return false;
    return role === 'init' ? behaviour.exitCode === 0 : behaviour.exitAfterMilliseconds === undefined;
  });
}

const boundPodsRun: Invariant = {
  name: 'a pod on a node that is up runs and is ready',
  *settled(world) {
    for (const pod of podsOf(world)) {
      const node = pod.spec?.nodeName;
      if (!node || !world.nodes.isUp(node) || isTerminalPhase(pod.status?.phase) || !isMeantToRun(pod))
        continue;
      const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
      if (pod.status?.phase !== 'Running' || ready !== 'True')
        yield `${nameOf(pod)} on ${node} is ${pod.status?.phase}, Ready ${ready}`;
    }
  },
};

const nodesAreReady: Invariant = {
  name: 'a node that is up is ready and renews its lease',
  *settled(world) {
    for (const { metadata, status } of nodesOf(world)) {
      const name = metadata.name ?? '';
      if (!world.nodes.isUp(name)) continue;
      const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
      if (ready !== 'True') yield `${name} is Ready ${ready}`;
      const lease = world.get<{ spec?: { renewTime?: string } }>(
        'coordination.k8s.io/leases',
        `/registry/coordination.k8s.io/leases/kube-node-lease/${name}`,
      );
      const age = world.clock.now() - Date.parse(lease?.spec?.renewTime ?? '');
      if (!(age <= 40_000)) yield `the lease of ${name} was renewed ${age} ms ago`;
    }
  },
};

export const podInvariants: readonly Invariant[] = [
  addressesAreUnique,
  onlyItsNodeMovesAPod,
  bindingsStay,
  endsAreFinal,
  restartsGrow,
  deletedPodsGo,
  boundPodsRun,
  nodesAreReady,
];
