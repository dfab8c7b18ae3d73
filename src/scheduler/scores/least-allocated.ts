/** Prefers nodes with the most left. Source: plugins/noderesources/least_allocated.go. */
import { type Score, scoreMax } from '../plugin.ts';

const left = (used: number, whole: number): number =>
  used > whole ? 0 : Math.trunc(((whole - used) * scoreMax) / whole);

export const leastAllocated: Score = {
  name: 'NodeResourcesFit',
  prepare: ({ nonZero }) => ({
    score({ nonZeroRequested, allocatable }) {
      let sum = 0;
      let weights = 0;
      if (allocatable.milliCPU > 0) {
        sum += left(nonZeroRequested.milliCPU + nonZero.milliCPU, allocatable.milliCPU);
        weights++;
      }
      if (allocatable.memory > 0) {
        sum += left(nonZeroRequested.memory + nonZero.memory, allocatable.memory);
        weights++;
      }
      return weights === 0 ? 0 : Math.trunc(sum / weights);
    },
  }),
};
