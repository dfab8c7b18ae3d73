/** Invariants of what nodes carry: no more than they have, what fits, and none that a taint keeps away. */
import { isActive, isTerminal } from '../controllers/pods.ts';
import type { Node, Pod, Taint, Toleration } from '../kinds/generated/types.ts';
import type { Invariant } from './invariant.ts';
import { nameOf } from './ownership.ts';
import { nodesOf, podsOf, type World } from './world.ts';

const milliCPU = (text: unknown): number => {
  const amount = String(text ?? '0');
  return amount.endsWith('m') ? Number(amount.slice(0, -1)) : Number(amount) * 1000;
};

/** Simulations ask for nothing else. */
export const cpuOf = ({ spec }: Pod): number =>
  (spec?.containers ?? []).reduce((sum, { resources }) => sum + milliCPU(resources?.requests?.cpu), 0);

interface Room {
  readonly node: Node;
  readonly cpu: number;
  readonly pods: number;
}

function roomOn(world: World, node: Node): Room {
  const here = podsOf(world).filter((pod) => pod.spec?.nodeName === node.metadata.name && !isTerminal(pod));
  const { allocatable } = node.status ?? {};
  return {
    node,
    cpu: milliCPU(allocatable?.cpu) - here.reduce((sum, pod) => sum + cpuOf(pod), 0),
    pods: Number(allocatable?.pods ?? 0) - here.length,
  };
}

const isTolerated = (taint: Taint, tolerations: readonly Toleration[] = []): boolean =>
  tolerations.some(
    ({ key, operator, value, effect }) =>
      (key === undefined || key === taint.key) &&
      (effect === undefined || effect === taint.effect) &&
      (operator === 'Exists' || (value ?? '') === (taint.value ?? '')),
  );

export const keepsAway = ({ spec }: Node, tolerations: readonly Toleration[] | undefined): readonly Taint[] =>
  (spec?.taints ?? []).filter(
    (taint) => taint.effect !== 'PreferNoSchedule' && !isTolerated(taint, tolerations),
  );

/** Only nodes that a pod was bound to can be full: an update of a pod that is there takes nothing more. */
const nodesAreNotOverfull: Invariant = {
  name: 'no node gets a pod for which it has no room',
  *onChange({ resource, object, old }, world) {
    if (resource !== 'core/pods' || object === undefined) return;
    const pod = object as unknown as Pod;
    const nodeName = pod.spec?.nodeName;
    if (!nodeName || (old as unknown as Pod | undefined)?.spec?.nodeName === nodeName) return;
    const node = nodesOf(world).find(({ metadata }) => metadata.name === nodeName);
    if (node === undefined) return;
    const { cpu, pods } = roomOn(world, node);
    if (pods < 0) yield `${nodeName} has ${-pods} pods too many with ${nameOf(pod)}`;
    if (cpu < 0 && cpuOf(pod) > 0) yield `${nodeName} has ${-cpu}m CPU too little for ${nameOf(pod)}`;
  },
};

const podsThatFitAreBound: Invariant = {
  name: 'a pod that fits is bound',
  *settled(world) {
    const rooms = nodesOf(world)
      .filter(({ spec }) => spec?.unschedulable !== true)
      .map((node) => roomOn(world, node));
    for (const pod of podsOf(world)) {
      const { nodeName, schedulingGates = [], affinity } = pod.spec ?? {};
      if (nodeName || schedulingGates.length > 0 || !isActive(pod)) continue;
      // A daemon may go to one node only, which its DaemonSet has chosen.
      if (affinity?.nodeAffinity !== undefined) continue;
      const fits = ({ node, cpu, pods }: Room): boolean =>
        pods > 0 && cpu >= cpuOf(pod) && keepsAway(node, pod.spec?.tolerations).length === 0;
      if (rooms.some(fits)) yield `${nameOf(pod)} fits and is not bound`;
    }
  },
};

const podsHaveTheirNode: Invariant = {
  name: 'no pod stays on a node that is gone, or that a taint drives it from',
  *settled(world) {
    const nodes = new Map(nodesOf(world).map((node) => [node.metadata.name, node]));
    for (const pod of podsOf(world)) {
      const { nodeName, tolerations } = pod.spec ?? {};
      if (!nodeName) continue;
      const node = nodes.get(nodeName);
      if (node === undefined) yield `${nameOf(pod)} is on ${nodeName}, which is gone`;
      else if (isActive(pod) && keepsAway(node, tolerations).some(({ effect }) => effect === 'NoExecute'))
        yield `${nameOf(pod)} is on ${nodeName}, which has a taint that it does not tolerate`;
    }
  },
};

export const nodeInvariants: readonly Invariant[] = [
  nodesAreNotOverfull,
  podsThatFitAreBound,
  podsHaveTheirNode,
];
