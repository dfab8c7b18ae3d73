/**
 * Which pods of an old template give way now. Source of behaviour: rollingUpdate of pkg/controller/daemon/update.go of
 * Kubernetes.
 */
import type { DaemonSet, Pod } from '../../kinds/generated/types.ts';
import { emptyPlan, type PodPlan, type Situation } from './manage.ts';
import { hashOf, isAvailable, isGoing } from './pods.ts';

/** Percentages are rounded up, both of them. */
function scaled(value: number | string | undefined, total: number): number {
  if (typeof value === 'string') return Math.ceil((Number.parseInt(value, 10) * total) / 100);
  return value ?? 0;
}

function bounds({ spec }: DaemonSet, desired: number): { maxSurge: number; maxUnavailable: number } {
  const { rollingUpdate } = spec?.updateStrategy ?? {};
  const maxSurge = scaled(rollingUpdate?.maxSurge, desired);
  const maxUnavailable = scaled(rollingUpdate?.maxUnavailable, desired);
  // Neither would never get anywhere.
  return { maxSurge, maxUnavailable: maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable };
}

interface OnNode {
  readonly nodeName: string;
  /** There should be a pod. */
  readonly isDesired: boolean;
  readonly fresh: Pod | undefined;
  readonly old: Pod | undefined;
  /** There are more than one of either: that is mended first. */
  readonly isCrowded: boolean;
}

/** Every node that has pods or should have some. */
function surveyNodes({ verdicts, byNode, hash }: Situation): OnNode[] {
  const desired = new Set<string>();
  for (const [nodeName, { shouldRun }] of verdicts) if (shouldRun) desired.add(nodeName);
  return [...new Set([...byNode.keys(), ...desired])].map((nodeName) => {
    const staying = (byNode.get(nodeName) ?? []).filter((pod) => !isGoing(pod));
    const fresh = staying.filter((pod) => hashOf(pod) === hash);
    const old = staying.filter((pod) => hashOf(pod) !== hash);
    return {
      nodeName,
      isDesired: desired.has(nodeName),
      fresh: fresh[0],
      old: old[0],
      isCrowded: fresh.length > 1 || old.length > 1,
    };
  });
}

/** Only when nothing else is to be done. */
export function updatePods(situation: Situation): PodPlan {
  if (situation.set.spec?.updateStrategy?.type !== 'RollingUpdate') return emptyPlan();
  const survey = surveyNodes(situation);
  const desired = survey.filter(({ isDesired }) => isDesired).length;
  const { maxSurge, maxUnavailable } = bounds(situation.set, desired);
  return maxSurge === 0
    ? deleteOld(survey, situation, maxUnavailable)
    : surge(survey, situation, { maxSurge, desired });
}

/** Old pods that are not available cost nothing; of the others as many as may be away. */
function deleteOld(survey: readonly OnNode[], { set, now }: Situation, maxUnavailable: number): PodPlan {
  const useless: Pod[] = [];
  const candidates: Pod[] = [];
  let unavailable = 0;
  for (const { fresh, old, isCrowded } of survey) {
    const pod = fresh ?? old;
    const isInBetween = isCrowded || pod === undefined || (fresh !== undefined && old !== undefined);
    if (isInBetween || !isAvailable(pod, set, now)) unavailable++;
    if (isInBetween || pod !== old) continue;
    (isAvailable(pod, set, now) ? candidates : useless).push(pod);
  }
  const room = Math.max(0, maxUnavailable - unavailable);
  return { ...emptyPlan(), remove: [...useless, ...candidates.slice(0, room)] };
}

/** New pods beside the old ones: at once where the old one is not available, else as many as there may be too many. */
function surge(
  survey: readonly OnNode[],
  { set, now }: Situation,
  { maxSurge, desired }: { maxSurge: number; desired: number },
): PodPlan {
  const plan = emptyPlan();
  const candidates: string[] = [];
  /** Available, on nodes where they should not be. */
  const misplaced: Pod[] = [];
  let surging = 0;
  let available = 0;
  for (const { nodeName, isDesired, fresh, old, isCrowded } of survey) {
    if (isCrowded) {
      surging++;
      continue;
    }
    const pod = old ?? fresh;
    if (pod !== undefined && isAvailable(pod, set, now)) available++;
    if (old === undefined) continue;
    if (fresh === undefined) {
      if (isAvailable(old, set, now)) {
        if (isDesired) candidates.push(nodeName);
        else misplaced.push(old);
      } else if (isDesired) plan.create.push(nodeName);
      else plan.remove.push(old);
    } else if (isAvailable(fresh, set, now)) plan.remove.push(old);
    else surging++;
  }
  plan.create.push(...candidates.slice(0, Math.max(0, maxSurge - surging)));
  // Whoever surges wants no fewer than before: one in the wrong place goes when another has come in the right one.
  plan.remove.push(...misplaced.slice(0, Math.max(0, available - desired)));
  return plan;
}
