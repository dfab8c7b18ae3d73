import { isTolerated } from '../../kinds/pod/taints.ts';
import { changedNode } from '../cluster-event.ts';
import { type Filter, unresolvable } from '../plugin.ts';

/** Since v1.34.2 without the taint: it may say what the pod's owner must not know (kubernetes/kubernetes#134740). */
const tainted = unresolvable('node(s) had untolerated taint(s)');

export const taintToleration: Filter = {
  name: 'TaintToleration',
  prepare: ({ tolerations }) => ({
    check: ({ hardTaints }) =>
      hardTaints.length === 0 || hardTaints.every((taint) => isTolerated(taint, tolerations))
        ? undefined
        : tainted,
  }),
  helps: (event, { tolerations }) =>
    changedNode(event, 'taints')?.hardTaints.every((taint) => isTolerated(taint, tolerations)) === true,
};
