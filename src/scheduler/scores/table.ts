/** The scores with upstream's default weights. */
import type { WeightedScore } from '../plugin.ts';
import { balancedAllocation } from './balanced-allocation.ts';
import { imageLocality } from './image-locality.ts';
import { interPodAffinityScore } from './inter-pod-affinity.ts';
import { leastAllocated } from './least-allocated.ts';
import { nodeAffinityScore } from './node-affinity.ts';
import { podTopologySpreadScore } from './pod-topology-spread.ts';
import { taintTolerationScore } from './taint-toleration.ts';

export const scores: readonly WeightedScore[] = [
  { score: taintTolerationScore, weight: 3 },
  { score: nodeAffinityScore, weight: 2 },
  { score: leastAllocated, weight: 1 },
  { score: podTopologySpreadScore, weight: 2 },
  { score: interPodAffinityScore, weight: 2 },
  { score: balancedAllocation, weight: 1 },
  { score: imageLocality, weight: 1 },
];
