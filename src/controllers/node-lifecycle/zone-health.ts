/**
 * Whether a node that is not ready is to lose its pods. When many nodes fall silent together it is rather the network
 * or the control plane that is ill, and moving pods would make it worse. Source of behaviour: ComputeZoneState and
 * handleDisruption of pkg/controller/nodelifecycle of Kubernetes, with its default options.
 */
import type { View } from '../../client/view.ts';
import type { Node } from '../../kinds/generated/types.ts';
import { getOwn } from '../../kinds/object.ts';
import { largeZoneNodesMin, unhealthyZoneNodesMin, unhealthyZoneShare } from '../limits.ts';

/** `drive`: as usual. `hold`: as it is now. `spare`: no node is ready any more, and no pod is driven away. */
export type Mood = 'drive' | 'hold' | 'spare';

export const isNodeReady = ({ status }: Node): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;

function zoneOf({ metadata: { labels } }: Node): string {
  const label = (name: string) =>
    getOwn(labels, `topology.kubernetes.io/${name}`) ??
    getOwn(labels, `failure-domain.beta.kubernetes.io/${name}`) ??
    '';
  return `${label('region')}/${label('zone')}`;
}

/** Index of nodes: in the whole cluster and in their zone, by whether they are ready. */
export function nodeHealth(node: Node): readonly string[] {
  if (getOwn(node.metadata.labels, 'node.kubernetes.io/exclude-disruption') !== undefined) return [];
  const health = isNodeReady(node) ? 'ready' : 'unready';
  return [health, `${health} ${zoneOf(node)}`];
}

/** Needs the index `health`. */
export function moodOf(node: Node, view: View): Mood {
  const count = (value: string) => view.byIndex('Node', 'health', value).length;
  if (count('ready') === 0 && count('unready') > 0) return 'spare';
  const zone = zoneOf(node);
  const unready = count(`unready ${zone}`);
  const all = unready + count(`ready ${zone}`);
  // A zone of which nothing is left is given up: there are others.
  if (unready === all || unready < unhealthyZoneNodesMin || unready / all < unhealthyZoneShare)
    return 'drive';
  return all > largeZoneNodesMin ? 'drive' : 'hold';
}
