import { termMatches } from '../../kinds/pod/node-selector.ts';
import { normalizeByLargest, type Score } from '../plugin.ts';

/** Preferred node affinity: the sum of the weights whose terms match. */
export const nodeAffinityScore: Score = {
  name: 'NodeAffinity',
  prepare({ pod }) {
    const terms = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (terms.length === 0) return undefined;
    return {
      score: (node) =>
        terms.reduce((sum, { preference, weight }) => sum + (termMatches(preference, node) ? weight : 0), 0),
      normalize: (scores) => normalizeByLargest(scores, false),
    };
  },
};
