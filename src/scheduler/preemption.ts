/**
 * Who has to go so that a more important pod fits, on which node. The snapshot is as before when this returns.
 * Source: pkg/scheduler/framework/preemption, plugins/defaultpreemption.
 */
import type { PodDisruptionBudget } from '../kinds/generated/types.ts';
import { isEmptySelector, selectorMatches } from '../kinds/label-selector.ts';
import { getOwn } from '../kinds/object.ts';
import { type Random, randomInteger } from '../lib/random.ts';
import { type Diagnosis, fitMessage } from './fit-message.ts';
import { preemptionCandidatePercent, preemptionCandidatesMin } from './limits.ts';
import { type CheckOptions, NodeCheck } from './node-check.ts';
import type { NodeView } from './node-view.ts';
import { type Cycle, type Rejection, unresolvable } from './plugin.ts';
import type { PodView } from './pod-view.ts';

export interface PreemptOptions extends CheckOptions {
  readonly random: Random;
  /** What was said of the nodes. */
  readonly diagnosis: Diagnosis;
  readonly budgets: readonly PodDisruptionBudget[];
}

export interface Candidate {
  readonly node: string;
  /** The most important first; at least one. */
  readonly victims: readonly PodView[];
  /** Victims whose budget does not allow it. */
  readonly violations: number;
}

export type Preemption =
  | { readonly candidate: Candidate }
  /** `keepsNomination`: it is still waiting for victims of before to go. */
  | { readonly message: string; readonly keepsNomination: boolean };

const noVictims = unresolvable('No preemption victims found for incoming pod');
const notHelpful = unresolvable('Preemption is not helpful for scheduling');

export function preempt(pod: PodView, cycle: Cycle, options: PreemptOptions): Preemption {
  const ineligible = whyNotEligible(pod, cycle, options);
  if (ineligible !== undefined) return { message: `preemption: ${ineligible}`, keepsNomination: true };
  const { snapshot } = cycle;
  const { ofNodes, ofPod } = options.diagnosis;
  const nodes =
    ofPod === undefined
      ? snapshot.nodes.filter(({ name }) => ofNodes.get(name)?.isResolvable === true)
      : ofPod.isResolvable
        ? snapshot.nodes
        : [];
  const { candidates, refused } = snapshot.trial(() => dryRun(pod, nodes, { cycle, options }));
  const best = pickCandidate(candidates);
  if (best !== undefined) return { candidate: best };
  const message = fitMessage({ nodeCount: snapshot.nodes.length, ofNodes: refused, ofOthers: notHelpful });
  return { message: `preemption: ${message}`, keepsNomination: false };
}

function whyNotEligible(pod: PodView, { snapshot }: Cycle, options: PreemptOptions): string | undefined {
  if (pod.pod.spec?.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const nominated = options.nominator.nodeOf(pod.key);
  const node = nominated === undefined ? undefined : snapshot.node(nominated);
  const { ofPod, ofNodes } = options.diagnosis;
  // It will not go there in any case: it may look for another node.
  if (node === undefined || (ofPod ?? ofNodes.get(node.name))?.isResolvable === false) return undefined;
  for (const other of node.pods.values())
    if (other.priority < pod.priority && isBeingPreempted(other))
      return 'not eligible due to a terminating pod on the nominated node.';
  return undefined;
}

function isBeingPreempted({ pod, isTerminating }: PodView): boolean {
  const condition = pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  return isTerminating && condition?.status === 'True' && condition.reason === 'PreemptionByScheduler';
}

interface DryRunContext {
  readonly cycle: Cycle;
  readonly options: PreemptOptions;
}

function dryRun(pod: PodView, nodes: readonly NodeView[], context: DryRunContext) {
  const candidates: Candidate[] = [];
  const refused = new Map<string, Rejection>();
  const percent = Math.trunc((nodes.length * preemptionCandidatePercent) / 100);
  const wanted = Math.min(nodes.length, Math.max(preemptionCandidatesMin, percent));
  const start = nodes.length === 0 ? 0 : randomInteger(context.options.random, nodes.length);
  // Nodes on which budgets hold are enough; those on which they do not are taken only when there is nothing else.
  let harmless = 0;
  let harmful = 0;
  for (let step = 0; step < nodes.length && !(harmless > 0 && harmless + harmful >= wanted); step++) {
    const node = nodes[(start + step) % nodes.length] as NodeView;
    const found = victimsOn(node, pod, context);
    if ('victims' in found) {
      candidates.push(found);
      if (found.violations === 0) harmless++;
      else harmful++;
    } else refused.set(node.name, found);
  }
  return { candidates, refused };
}

/** Takes all less important pods off, then puts back as many as go, the most important and best protected first. */
function victimsOn(node: NodeView, pod: PodView, { cycle, options }: DryRunContext): Candidate | Rejection {
  const { snapshot } = cycle;
  const potential = [...node.pods.values()].filter(({ priority }) => priority < pod.priority);
  if (potential.length === 0) return noVictims;
  const off = new Set<PodView>();
  const fits = (): Rejection | undefined => {
    const check = new NodeCheck(pod, cycle, options);
    return check.ofPod ?? check.check(node);
  };
  const takeOff = (victim: PodView) => {
    snapshot.deletePod(victim.key);
    off.add(victim);
  };
  const putBack = (victim: PodView) => {
    snapshot.setPod(victim, node.name);
    off.delete(victim);
  };
  try {
    for (const victim of potential) takeOff(victim);
    const rejection = fits();
    if (rejection !== undefined) return rejection;
    const victims: PodView[] = [];
    let violations = 0;
    const { violating, others } = byBudget(potential.sort(byImportance), options.budgets);
    for (const victim of [...violating, ...others]) {
      putBack(victim);
      if (fits() === undefined) continue;
      takeOff(victim);
      victims.push(victim);
      if (violating.includes(victim)) violations++;
    }
    return { node: node.name, victims: victims.sort(byImportance), violations };
  } finally {
    for (const victim of [...off]) putBack(victim);
  }
}

const startOf = ({ pod }: PodView): number => {
  const time = Date.parse(pod.status?.startTime ?? '');
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time;
};

/** Higher priority first, then what has run longest. */
function byImportance(left: PodView, right: PodView): number {
  if (left.priority !== right.priority) return right.priority - left.priority;
  const [leftStart, rightStart] = [startOf(left), startOf(right)];
  return leftStart === rightStart ? 0 : leftStart - rightStart;
}

/** Those whose going a PodDisruptionBudget does not allow, counting down as they go. */
function byBudget(pods: readonly PodView[], budgets: readonly PodDisruptionBudget[]) {
  const allowed = budgets.map(({ status }) => status?.disruptionsAllowed ?? 0);
  const violating: PodView[] = [];
  const others: PodView[] = [];
  for (const pod of pods) {
    let isViolated = false;
    for (const [index, { metadata, spec, status }] of budgets.entries()) {
      if (metadata.namespace !== pod.namespace || spec?.selector == null) continue;
      if (isEmptySelector(spec.selector) || !selectorMatches(spec.selector, pod.labels)) continue;
      if (getOwn(status?.disruptedPods, pod.name) !== undefined) continue;
      allowed[index] = (allowed[index] as number) - 1;
      if ((allowed[index] as number) < 0) isViolated = true;
    }
    (isViolated ? violating : others).push(pod);
  }
  return { violating, others };
}

/** So that negative priorities do not make more victims look like fewer. */
const priorityOffset = 2 ** 31;

/** One after the other, until one node is left. Source: pickOneNodeForPreemption. The highest is the best. */
const preferences: readonly ((candidate: Candidate) => number)[] = [
  ({ violations }) => -violations,
  ({ victims }) => -(victims[0]?.priority ?? 0),
  ({ victims }) => -victims.reduce((sum, { priority }) => sum + priority + priorityOffset, 0),
  ({ victims }) => -victims.length,
  ({ victims }) =>
    victims
      .filter(({ priority }) => priority === victims[0]?.priority)
      .reduce((earliest, victim) => Math.min(earliest, startOf(victim)), Number.POSITIVE_INFINITY),
];

export function pickCandidate(candidates: readonly Candidate[]): Candidate | undefined {
  let left = candidates;
  for (const preference of preferences) {
    if (left.length <= 1) break;
    const values = left.map(preference);
    const best = values.reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY);
    left = left.filter((_candidate, index) => values[index] === best);
  }
  return left[0];
}
