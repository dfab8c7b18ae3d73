/** Prefers nodes whose CPU and memory are used alike. Source: plugins/noderesources/balanced_allocation.go of v1.34. */
import { type Score, scoreMax } from '../plugin.ts';

const half = scoreMax / 2;

/** 100 less the standard deviation of the used fractions; a resource that the node does not have is left out. */
function balance(milliCPU: number, memory: number, whole: { milliCPU: number; memory: number }): number {
  if (whole.milliCPU === 0 || whole.memory === 0) return scoreMax;
  const cpuFraction = Math.min(1, milliCPU / whole.milliCPU);
  const memoryFraction = Math.min(1, memory / whole.memory);
  return Math.trunc((1 - Math.abs(cpuFraction - memoryFraction) / 2) * scoreMax);
}

export const balancedAllocation: Score = {
  name: 'NodeResourcesBalancedAllocation',
  prepare({ requests }) {
    // A pod that asks for nothing changes no balance.
    if (requests.milliCPU === 0 && requests.memory === 0) return undefined;
    return {
      score({ requested, allocatable }) {
        const { milliCPU, memory } = requested;
        const withPod = balance(milliCPU + requests.milliCPU, memory + requests.memory, allocatable);
        const without = balance(milliCPU, memory, allocatable);
        return half + Math.trunc((half + withPod - without) / 2);
      },
    };
  },
};
