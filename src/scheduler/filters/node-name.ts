import { changedNode } from '../cluster-event.ts';
import { type Filter, unresolvable } from '../plugin.ts';

const other = unresolvable("node(s) didn't match the requested node name");

/** A pod that already names its node goes nowhere else. */
export const nodeName: Filter = {
  name: 'NodeName',
  prepare(pod) {
    const wanted = pod.pod.spec?.nodeName ?? '';
    if (wanted === '') return undefined;
    return { check: (node) => (node.name === wanted ? undefined : other) };
  },
  helps: (event, pod) => changedNode(event)?.name === pod.pod.spec?.nodeName,
};
