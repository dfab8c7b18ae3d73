import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodDisruptionBudget, PodDisruptionBudgetSpec } from './generated/types.ts';
import { podDisruptionBudget } from './pod-disruption-budget.ts';
import { createErrors, row, statusErrors } from './test-kit.ts';

const metadata = { name: 'web', namespace: 'default' };
const of = (spec: PodDisruptionBudgetSpec): PodDisruptionBudget => ({ metadata, spec });

test('a PodDisruptionBudget has one bound, a count or a percentage', () => {
  const errors = (spec: PodDisruptionBudgetSpec): string[] => createErrors(podDisruptionBudget, of(spec));
  assert.deepEqual(errors({ minAvailable: '50%', unhealthyPodEvictionPolicy: 'AlwaysAllow' }), []);
  assert.deepEqual(errors({ minAvailable: -1, maxUnavailable: '101%' }), [
    'spec: Invalid value: {"minAvailable":-1,"maxUnavailable":"101%"}: minAvailable and maxUnavailable cannot be both set',
    'spec.minAvailable: Invalid value: -1: must be greater than or equal to 0',
    'spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
  ]);
  assert.deepEqual(errors({ minAvailable: 'half', unhealthyPodEvictionPolicy: 'Never' }), [
    "spec.minAvailable: Invalid value: \"half\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"',
  ]);
});

test('the counts of a PodDisruptionBudget are not negative', () => {
  const status = { disruptionsAllowed: -1, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  assert.deepEqual(statusErrors(podDisruptionBudget, { metadata, status } as PodDisruptionBudget, of({})), [
    'status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0',
  ]);
});

test('a PodDisruptionBudget shows its bounds', () => {
  assert.deepEqual(row(podDisruptionBudget, of({ maxUnavailable: 1 })), {
    Name: 'web',
    'Min Available': 'N/A',
    'Max Unavailable': '1',
    'Allowed Disruptions': 0,
    Age: '<unknown>',
  });
});
