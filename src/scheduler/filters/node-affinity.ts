import { namedNodes, requiredNodeMatch } from '../../kinds/pod/node-selector.ts';
import { changedNode } from '../cluster-event.ts';
import { type Filter, unresolvable } from '../plugin.ts';

const noMatch = unresolvable("node(s) didn't match Pod's node affinity/selector");

/** nodeSelector and required node affinity. */
export const nodeAffinity: Filter = {
  name: 'NodeAffinity',
  prepare({ pod }) {
    const match = requiredNodeMatch(pod);
    if (match === undefined) return undefined;
    const onlyNodes = namedNodes(pod);
    // Terms that contradict each other: `name in (a)` and `name in (b)`.
    if (onlyNodes?.size === 0) return unresolvable('pod affinity terms conflict');
    return { onlyNodes, check: (node) => (match(node) ? undefined : noMatch) };
  },
  helps(event, { pod }) {
    const node = changedNode(event, 'labels');
    return node !== undefined && requiredNodeMatch(pod)?.(node) !== false;
  },
};
