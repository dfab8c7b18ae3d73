/** Invariants of DaemonSets: one pod on each node where one belongs. */
import { isActive, isReady } from '../controllers/pods.ts';
import type { DaemonSet, Node, Pod, Toleration } from '../kinds/generated/types.ts';
import type { Invariant } from './invariant.ts';
import { keepsAway } from './node-invariants.ts';
import { isOwnedBy, nameOf, ownerIn } from './ownership.ts';
import { nodesOf, podsOf, type World } from './world.ts';

/** The node that a daemon was made for, whether it is bound yet or not. */
function nodeFor({ spec }: Pod): string | undefined {
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return spec?.nodeName || required?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0];
}

/** Every daemon tolerates what is wrong with a node. */
const trouble = /^node\.kubernetes\.io\/(not-ready|unreachable|(disk|memory|pid)-pressure|unschedulable)$/;

const tolerationsOf = ({ spec }: DaemonSet, { spec: nodeSpec }: Node): Toleration[] => [
  ...(spec?.template.spec?.tolerations ?? []),
  ...(nodeSpec?.taints ?? [])
    .filter(({ key }) => trouble.test(key))
    .map(({ key }) => ({ key, operator: 'Exists' })),
];

function belongsOn(set: DaemonSet, node: Node): boolean {
  const selector = Object.entries(set.spec?.template.spec?.nodeSelector ?? {});
  return (
    selector.every(([key, value]) => node.metadata.labels?.[key] === value) &&
    keepsAway(node, tolerationsOf(set, node)).length === 0
  );
}

const surgeOf = ({ spec }: DaemonSet): number => Number(spec?.updateStrategy?.rollingUpdate?.maxSurge ?? 0);

const daemonsOf = (world: World, set: DaemonSet): Pod[] =>
  podsOf(world).filter((pod) => isActive(pod) && isOwnedBy(pod, set));

const oneDaemonEach: Invariant = {
  name: 'a DaemonSet has at most one pod on a node, and at rest one wherever it belongs',
  *onChange({ resource, object, old }, world) {
    if (resource !== 'core/pods' || object === undefined || old !== undefined) return;
    const set = ownerIn<DaemonSet>(world, 'apps/daemonsets', object);
    if (set === undefined) return;
    const node = nodeFor(object as unknown as Pod);
    const here = daemonsOf(world, set).filter((pod) => nodeFor(pod) === node);
    if (here.length > (surgeOf(set) === 0 ? 1 : 2))
      yield `${nameOf(set)} has on ${node} the pods ${here.map(({ metadata }) => metadata.name).join(' ')}`;
  },
  *settled(world) {
    for (const set of world.of<DaemonSet>('apps/daemonsets')) {
      const daemons = daemonsOf(world, set);
      for (const node of nodesOf(world)) {
        const { name } = node.metadata;
        const here = daemons.filter((pod) => nodeFor(pod) === name);
        // The old one stays until the new one is ready, if it ever is.
        const count =
          surgeOf(set) > 0 && here.some((pod) => !isReady(pod)) ? Math.min(1, here.length) : here.length;
        const wanted = belongsOn(set, node) ? 1 : 0;
        if (count !== wanted) yield `${nameOf(set)} has ${count} pods on ${name} at rest, not ${wanted}`;
      }
    }
  },
};

export const daemonSetInvariants: readonly Invariant[] = [oneDaemonEach];
