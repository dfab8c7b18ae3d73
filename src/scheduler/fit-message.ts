/** Why no node was found, in upstream's words. Source: pkg/scheduler/framework/types.go FitError. */
import type { Rejection } from './plugin.ts';

export const noNodesMessage = 'no nodes available to schedule pods';

export interface Diagnosis {
  readonly nodeCount: number;
  /** Refused as a whole, before nodes were looked at. */
  readonly ofPod?: Rejection;
  readonly ofNodes: ReadonlyMap<string, Rejection>;
  /** What is said of nodes that were not looked at. */
  readonly ofOthers?: Rejection;
}

/** `0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.`, and what preemption has to say. */
export function fitMessage(diagnosis: Diagnosis, preemption = ''): string {
  const { nodeCount, ofPod, ofNodes, ofOthers } = diagnosis;
  let message = `0/${nodeCount} nodes are available:`;
  if (ofPod !== undefined) message += ` ${ofPod.reasons.join(', ')}.`;
  else {
    const counts = new Map<string, number>();
    const count = (rejection: Rejection, nodes: number) => {
      for (const reason of rejection.reasons) counts.set(reason, (counts.get(reason) ?? 0) + nodes);
    };
    for (const rejection of ofNodes.values()) count(rejection, 1);
    if (ofOthers !== undefined && ofNodes.size < nodeCount) count(ofOthers, nodeCount - ofNodes.size);
    // Sorted as texts, as upstream: 10 comes before 2.
    const texts = [...counts].map(([reason, nodes]) => `${nodes} ${reason}`).sort();
    if (texts.length > 0) message += ` ${texts.join(', ')}.`;
  }
  return preemption === '' ? message : `${message} ${preemption}`;
}
