import { isTolerated, unschedulableTaint } from '../../kinds/pod/taints.ts';
import { changedNode } from '../cluster-event.ts';
import { type Filter, unresolvable } from '../plugin.ts';

const cordoned = unresolvable('node(s) were unschedulable');

/** `kubectl cordon`, unless the pod tolerates the taint that stands for it. */
export const nodeUnschedulable: Filter = {
  name: 'NodeUnschedulable',
  prepare(pod) {
    if (isTolerated(unschedulableTaint, pod.tolerations)) return undefined;
    return { check: (node) => (node.isUnschedulable ? cordoned : undefined) };
  },
  helps: (event) => changedNode(event, 'unschedulable')?.isUnschedulable === false,
};
