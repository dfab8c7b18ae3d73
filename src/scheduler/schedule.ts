/**
 * The decision about one pod: pure, apart from what the snapshot keeps to count faster.
 * Source of the steps: pkg/scheduler/schedule_one.go.
 */
import type { Random } from '../lib/random.ts';
import { type Diagnosis, fitMessage, noNodesMessage } from './fit-message.ts';
import { feasibleNodesMin, feasiblePercentMin } from './limits.ts';
import { type CheckOptions, NodeCheck, type NodeRejection } from './node-check.ts';
import type { NodeView } from './node-view.ts';
import { type Cycle, type Rejection, unresolvable } from './plugin.ts';
import type { PodView } from './pod-view.ts';
import type { Profile } from './profile.ts';

export interface ScheduleOptions extends CheckOptions {
  readonly random: Random;
  /** Where the search begins, so that all nodes have their turn. */
  readonly startIndex: number;
}

export interface NodeScore {
  readonly node: string;
  readonly score: number;
}

export interface Failure {
  readonly message: string;
  readonly diagnosis: Diagnosis;
  /** Names of the filters that refused; empty when there are no nodes. */
  readonly filters: ReadonlySet<string>;
}

export interface Decision {
  readonly node?: string;
  /** Of the nodes that fit, when there were several. */
  readonly scores?: readonly NodeScore[];
  readonly failure?: Failure;
  /** Nodes that were looked at. */
  readonly evaluated: number;
}

/** So many that fit are enough. Source: numFeasibleNodesToFind. */
export function feasibleNodesWanted(nodeCount: number, percentageOfNodesToScore: number): number {
  if (nodeCount < feasibleNodesMin) return nodeCount;
  const percentage =
    percentageOfNodesToScore > 0
      ? percentageOfNodesToScore
      : Math.max(feasiblePercentMin, 50 - Math.trunc(nodeCount / 125));
  return Math.max(feasibleNodesMin, Math.trunc((nodeCount * percentage) / 100));
}

export function schedule(pod: PodView, cycle: Cycle, options: ScheduleOptions): Decision {
  const { snapshot } = cycle;
  const nodeCount = snapshot.nodes.length;
  if (nodeCount === 0)
    return {
      evaluated: 0,
      failure: {
        message: noNodesMessage,
        diagnosis: { nodeCount, ofNodes: new Map() },
        filters: new Set(),
      },
    };
  const check = new NodeCheck(pod, cycle, options);
  if (check.ofPod !== undefined) return failed(0, { nodeCount, ofNodes: new Map(), ofPod: check.ofPod }, []);
  const nominatedName = options.nominator.nodeOf(pod.key);
  const nominated = nominatedName === undefined ? undefined : snapshot.node(nominatedName);
  // Room was made for it there: most likely it is the only node.
  if (nominated !== undefined && check.onlyNodes?.has(nominated.name) !== false) {
    if (check.check(nominated) === undefined) return { node: nominated.name, evaluated: 1 };
  }
  const { fitting, refused } = search(check, cycle, options);
  const evaluated = fitting.length + refused.size;
  if (fitting.length === 0) {
    const ofOthers =
      check.onlyNodes === undefined
        ? undefined
        : unresolvable(`node(s) didn't satisfy plugin(s) [${[...check.restrictedBy].sort().join(' ')}]`);
    return failed(evaluated, { nodeCount, ofNodes: refused, ofOthers }, check.restrictedBy);
  }
  const [only] = fitting;
  if (fitting.length === 1) return { node: (only as NodeView).name, evaluated };
  const totals = scoreNodes(pod, fitting, { cycle, profile: options.profile });
  return {
    node: pickBest(fitting, totals, options.random).name,
    scores: fitting.map((node, index) => ({ node: node.name, score: totals[index] as number })),
    evaluated,
  };
}

function search(check: NodeCheck, { snapshot }: Cycle, options: ScheduleOptions) {
  const { onlyNodes } = check;
  const nodes =
    onlyNodes === undefined ? snapshot.nodes : [...onlyNodes].flatMap((name) => snapshot.node(name) ?? []);
  const wanted = feasibleNodesWanted(nodes.length, options.profile.percentageOfNodesToScore);
  const fitting: NodeView[] = [];
  const refused = new Map<string, NodeRejection>();
  for (let step = 0; step < nodes.length && fitting.length < wanted; step++) {
    const node = nodes[(options.startIndex + step) % nodes.length] as NodeView;
    const rejection = check.check(node);
    if (rejection === undefined) fitting.push(node);
    else refused.set(node.name, rejection);
  }
  return { fitting, refused };
}

function failed(evaluated: number, diagnosis: Diagnosis, restrictedBy: readonly string[]): Decision {
  const filters = new Set(restrictedBy);
  const note = (rejection: Rejection) => filters.add((rejection as NodeRejection).filter);
  if (diagnosis.ofPod !== undefined) note(diagnosis.ofPod);
  for (const rejection of diagnosis.ofNodes.values()) note(rejection);
  return { evaluated, failure: { message: fitMessage(diagnosis), diagnosis, filters } };
}

/** The weighted sum for each node. */
export function scoreNodes(
  pod: PodView,
  nodes: readonly NodeView[],
  { cycle, profile }: { cycle: Cycle; profile: Profile },
): number[] {
  const totals = new Array<number>(nodes.length).fill(0);
  for (const { score: plugin, weight } of profile.scores) {
    const prepared = plugin.prepare(pod, nodes, cycle);
    if (prepared === undefined) continue;
    const scores = nodes.map((node) => prepared.score(node));
    prepared.normalize?.(scores, nodes);
    for (let index = 0; index < scores.length; index++)
      totals[index] = (totals[index] as number) + weight * (scores[index] as number);
  }
  return totals;
}

/** One of the best, each with the same chance. */
function pickBest(nodes: readonly NodeView[], totals: readonly number[], random: Random): NodeView {
  let best = 0;
  let ties = 1;
  for (let index = 1; index < nodes.length; index++) {
    const difference = (totals[index] as number) - (totals[best] as number);
    if (difference > 0) {
      best = index;
      ties = 1;
    } else if (difference === 0) {
      ties++;
      if (random.next() * ties < 1) best = index;
    }
  }
  return nodes[best] as NodeView;
}
