import { ageColumn, countColumn, nameColumn, textColumn } from './columns.ts';
import { type FieldError, invalid, type Path, path } from './field.ts';
import type { PodDisruptionBudget } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { validateLabelSelector } from './label-selector.ts';
import { validateNonNegative, validateOptionalChoice } from './pod/checks.ts';

/** A count, or a percentage of at most a hundred. */
function validateCountOrPercent(value: number | string | undefined, at: Path): FieldError[] {
  if (value === undefined) return [];
  if (typeof value === 'number') return validateNonNegative(value, at);
  if (!/^[0-9]+%$/.test(value))
    return [
      invalid(
        at,
        value,
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ),
    ];
  return Number.parseInt(value, 10) > 100 ? [invalid(at, value, 'must not be greater than 100%')] : [];
}

function validate(budget: PodDisruptionBudget): FieldError[] {
  const at = path('spec');
  const spec = budget.spec ?? {};
  const errors: FieldError[] = [];
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined)
    errors.push(invalid(at, spec, 'minAvailable and maxUnavailable cannot be both set'));
  errors.push(...validateCountOrPercent(spec.minAvailable, at.child('minAvailable')));
  errors.push(...validateCountOrPercent(spec.maxUnavailable, at.child('maxUnavailable')));
  errors.push(...validateLabelSelector(spec.selector, at.child('selector')));
  const policies = ['AlwaysAllow', 'IfHealthyBudget'];
  const policyAt = at.child('unhealthyPodEvictionPolicy');
  return [...errors, ...validateOptionalChoice(spec.unhealthyPodEvictionPolicy, policies, policyAt)];
}

const counts = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const;

function validateStatusUpdate(budget: PodDisruptionBudget): FieldError[] {
  return counts.flatMap((field) => validateNonNegative(budget.status?.[field], path('status', field)));
}

function defaults(budget: PodDisruptionBudget): void {
  budget.spec ??= {};
  budget.status ??= {};
  for (const field of counts) budget.status[field] ??= 0;
}

export const podDisruptionBudget = defineKind<PodDisruptionBudget>({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  scope: 'Namespaced',
  shortNames: ['pdb'],
  subresources: ['status'],
  generation: true,
  unconditionalUpdate: false,
  defaults,
  prepareCreate: defaults,
  validate,
  validateStatusUpdate,
  columns: [
    nameColumn,
    textColumn<PodDisruptionBudget>('Min Available', ({ spec }) => String(spec?.minAvailable ?? 'N/A')),
    textColumn<PodDisruptionBudget>('Max Unavailable', ({ spec }) => String(spec?.maxUnavailable ?? 'N/A')),
    countColumn<PodDisruptionBudget>('Allowed Disruptions', ({ status }) => status?.disruptionsAllowed ?? 0),
    ageColumn,
  ],
  example: {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'web', namespace: 'default' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
  },
});
