import { changedNode } from '../cluster-event.ts';
import type { NodeView } from '../node-view.ts';
import { type Filter, type Rejection, resolvable } from '../plugin.ts';
import type { PodView } from '../pod-view.ts';

/** Each set of reasons is made once: there are few, and they are given for thousands of nodes. */
const known = new Map<string, Rejection>();
/** Names of extended resources come from users. */
const knownMax = 1000;

function rejection(reasons: readonly string[], isResolvable: boolean): Rejection {
  const key = `${isResolvable} ${reasons.join()}`;
  let found = known.get(key);
  if (found === undefined) {
    found = { ...resolvable(...reasons), isResolvable };
    if (known.size < knownMax) known.set(key, found);
  }
  return found;
}

/** Source: plugins/noderesources/fit.go fitsRequest. What exceeds the whole node, no preemption helps. */
function fit({ requests }: PodView, node: NodeView): Rejection | undefined {
  const { allocatable, requested } = node;
  let reasons: string[] | undefined;
  let isResolvable = true;
  const lacks = (reason: string, isTooMuch: boolean) => {
    reasons ??= [];
    reasons.push(reason);
    if (isTooMuch) isResolvable = false;
  };
  if (node.pods.size + 1 > node.allocatablePods) lacks('Too many pods', false);
  const { milliCPU, memory, ephemeralStorage, scalars } = requests;
  if (milliCPU > 0 && milliCPU > allocatable.milliCPU - requested.milliCPU)
    lacks('Insufficient cpu', milliCPU > allocatable.milliCPU);
  if (memory > 0 && memory > allocatable.memory - requested.memory)
    lacks('Insufficient memory', memory > allocatable.memory);
  if (ephemeralStorage > 0 && ephemeralStorage > allocatable.ephemeralStorage - requested.ephemeralStorage)
    lacks('Insufficient ephemeral-storage', ephemeralStorage > allocatable.ephemeralStorage);
  if (scalars.size > 0)
    for (const [name, amount] of scalars) {
      if (amount === 0) continue;
      const whole = allocatable.scalars.get(name) ?? 0;
      if (amount > whole - (requested.scalars.get(name) ?? 0)) lacks(`Insufficient ${name}`, amount > whole);
    }
  return reasons === undefined ? undefined : rejection(reasons, isResolvable);
}

export const nodeResourcesFit: Filter = {
  name: 'NodeResourcesFit',
  prepare: (pod) => ({ check: (node) => fit(pod, node) }),
  helps(event, pod) {
    const node = event.type === 'podGone' ? event.node : changedNode(event, 'allocatable');
    return node !== undefined && fit(pod, node) === undefined;
  },
};
