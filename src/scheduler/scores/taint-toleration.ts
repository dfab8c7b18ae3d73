import { isTolerated } from '../../kinds/pod/taints.ts';
import { normalizeByLargest, type Score } from '../plugin.ts';

/** Prefers nodes with fewer PreferNoSchedule taints that the pod does not tolerate. */
export const taintTolerationScore: Score = {
  name: 'TaintToleration',
  prepare({ tolerations }, nodes) {
    if (nodes.every(({ softTaints }) => softTaints.length === 0)) return undefined;
    return {
      score: ({ softTaints }) => softTaints.filter((taint) => !isTolerated(taint, tolerations)).length,
      normalize: (scores) => normalizeByLargest(scores, true),
    };
  },
};
