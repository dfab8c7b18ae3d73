/**
 * matchLabelKeys and mismatchLabelKeys: the pod's own values of these labels join the selector when the pod is created.
 * Source: pkg/registry/core/pod/strategy.go of Kubernetes; KEP-3633 (affinity), KEP-3243 (spread).
 */
import type { LabelSelector, Pod, PodAffinityTerm } from '../generated/types.ts';
import { getOwn } from '../object.ts';

function addExpressions(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>> | undefined,
  operator: 'In' | 'NotIn',
  keys: readonly string[] | undefined,
): void {
  if (selector === undefined) return;
  for (const key of keys ?? []) {
    const value = getOwn(labels, key);
    if (value === undefined) continue;
    selector.matchExpressions ??= [];
    selector.matchExpressions.push({ key, operator, values: [value] });
  }
}

export function applyMatchLabelKeys(pod: Pod): void {
  const labels = pod.metadata.labels;
  const affinity = pod.spec?.affinity;
  const terms: PodAffinityTerm[] = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((each) => [
    ...(each?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => term.podAffinityTerm),
  ]);
  for (const term of terms) {
    addExpressions(term.labelSelector, labels, 'In', term.matchLabelKeys);
    addExpressions(term.labelSelector, labels, 'NotIn', term.mismatchLabelKeys);
  }
  for (const constraint of pod.spec?.topologySpreadConstraints ?? [])
    addExpressions(constraint.labelSelector, labels, 'In', constraint.matchLabelKeys);
}
