/**
 * One pod on every node that should have one, none elsewhere; during a surge two. Source of behaviour: podsShouldBeOnNode
 * of pkg/controller/daemon of Kubernetes.
 */
import { type Change, event } from '../../client/change.ts';
import type { DaemonSet, Node, Pod } from '../../kinds/generated/types.ts';
import { isReady } from '../pods.ts';
import type { FailedPods } from './failed-pods.ts';
import { type Verdict, verdictOf } from './nodes.ts';
import { byAge, hashOf, isAvailable, isGoing, type PodsByNode } from './pods.ts';

export interface Situation {
  readonly set: DaemonSet;
  /** Of every node, by its name. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  readonly byNode: PodsByNode;
  /** Of the set's template. */
  readonly hash: string;
  readonly now: number;
}

export interface PodPlan {
  /** Names of the nodes on which a pod is made. */
  readonly create: string[];
  readonly remove: Pod[];
  readonly events: Change[];
  /** Milliseconds after which to look again. */
  readonly waits: number[];
}

export const emptyPlan = (): PodPlan => ({ create: [], remove: [], events: [], waits: [] });

/** More than one pod on a node is allowed while pods are updated. */
export function allowsSurge({ spec }: DaemonSet): boolean {
  const { type, rollingUpdate } = spec?.updateStrategy ?? {};
  return type === 'RollingUpdate' && Number.parseInt(String(rollingUpdate?.maxSurge ?? 0), 10) > 0;
}

export function judgeNodes(set: DaemonSet, nodes: readonly Node[]): Map<string, Verdict> {
  const verdict = verdictOf(set);
  return new Map(nodes.map((node) => [node.metadata.name ?? '', verdict(node)]));
}

export function managePods(situation: Situation, failed: FailedPods): PodPlan {
  const { verdicts, byNode } = situation;
  const plan = emptyPlan();
  for (const [nodeName, verdict] of verdicts) manageNode({ ...situation, nodeName, verdict, failed, plan });
  // Those that were meant for a node that is gone can never be bound, and belong to no node whose end takes them along.
  for (const [nodeName, pods] of byNode)
    if (!verdicts.has(nodeName)) plan.remove.push(...pods.filter(({ spec }) => !spec?.nodeName));
  return plan;
}

interface OnNode extends Situation {
  readonly nodeName: string;
  readonly verdict: Verdict;
  readonly failed: FailedPods;
  readonly plan: PodPlan;
}

function manageNode(on: OnNode): void {
  const { set, byNode, nodeName, verdict, plan } = on;
  const pods = byNode.get(nodeName);
  if (pods === undefined) {
    if (verdict.shouldRun) plan.create.push(nodeName);
    return;
  }
  const staying = pods.filter((pod) => !isGoing(pod));
  if (!verdict.shouldStay) {
    plan.remove.push(...staying);
    return;
  }
  const running = staying.filter((pod) => !removeEnded(on, pod));
  if (!allowsSurge(set)) plan.remove.push(...byAge(running).slice(1));
  else if (running.length > 1) plan.remove.push(...beyondSurge(on, running));
  else if (running.length === 0 && verdict.shouldRun) plan.create.push(nodeName);
}

/** A daemon does not end: one that has is deleted, and made again when it is gone. */
function removeEnded({ set, plan, failed, nodeName, now }: OnNode, pod: Pod): boolean {
  const phase = pod.status?.phase;
  if (phase !== 'Failed' && phase !== 'Succeeded') return false;
  const wait = phase === 'Failed' ? failed.waitFor(set, pod, { nodeName, now }) : 0;
  if (wait > 0) {
    plan.waits.push(wait);
    return true;
  }
  const found = `daemon pod ${pod.metadata.namespace}/${pod.metadata.name} on node ${nodeName}, will try to`;
  plan.events.push(
    phase === 'Failed'
      ? event('DaemonSet', set, {
          type: 'Warning',
          reason: 'FailedDaemonPod',
          message: `Found failed ${found} kill it`,
        })
      : event('DaemonSet', set, {
          type: 'Normal',
          reason: 'SucceededDaemonPod',
          message: `Found succeeded ${found} delete it`,
        }),
  );
  plan.remove.push(pod);
  return true;
}

/** One of the new template beside one of an old, until the new one is available or the old one is no use any more. */
function beyondSurge({ set, hash, now }: OnNode, running: readonly Pod[]): Pod[] {
  const sorted = byAge(running);
  const fresh = sorted.find((pod) => hashOf(pod) === hash);
  const old = sorted.find((pod) => hashOf(pod) !== hash);
  const surplus = sorted.filter((pod) => pod !== fresh && pod !== old);
  if (fresh === undefined || old === undefined) return surplus;
  return !isReady(old) || isAvailable(fresh, set, now) ? [...surplus, old] : surplus;
}
