/** Taints and who tolerates them. Source of the rules: k8s.io/component-helpers scheduling/corev1 Toleration.ToleratesTaint. */
import type { Taint, Toleration } from '../generated/types.ts';

export const unschedulableTaint: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** An operator that is not known tolerates nothing; `Gt` and `Lt` (KEP-5471) are such here. */
export function tolerates(
  { key = '', operator = '', value = '', effect = '' }: Toleration,
  taint: Taint,
): boolean {
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  if (operator === 'Exists') return true;
  return (operator === '' || operator === 'Equal') && value === (taint.value ?? '');
}

export function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some((toleration) => tolerates(toleration, taint));
}

/** Whether a taint keeps pods away that do not run there yet. */
export const keepsAway = ({ effect }: Taint): boolean => effect === 'NoSchedule' || effect === 'NoExecute';
