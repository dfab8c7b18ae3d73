import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PriorityClass } from './generated/types.ts';
import { priorityClass } from './priority-class.ts';
import { createErrors, row, updateErrors } from './test-kit.ts';

const of = (name: string, fields: Partial<PriorityClass>): PriorityClass => ({
  metadata: { name },
  ...fields,
});

test('the highest priorities are the system’s own', () => {
  const errors = (name: string, value: number): string[] => createErrors(priorityClass, of(name, { value }));
  assert.deepEqual(errors('high', 1_000_000_000), []);
  assert.deepEqual(errors('higher', 1_000_000_001), [
    'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
  ]);
  assert.deepEqual(errors('system-node-critical', 2_000_001_000), []);
  const reserved =
    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error:";
  assert.deepEqual(errors('system-mine', 1), [
    `${reserved} system-mine is not a known system priority class`,
  ]);
  assert.deepEqual(errors('system-cluster-critical', 1), [
    `${reserved} value of system-cluster-critical PriorityClass must be 2000000000`,
  ]);
});

test('value and policy of a PriorityClass stay', () => {
  const now = of('high', { value: 2, preemptionPolicy: 'Never' });
  assert.deepEqual(updateErrors(priorityClass, now, of('high', { value: 1 })), [
    'value: Forbidden: may not be changed in an update.',
    'preemptionPolicy: Invalid value: "Never": field is immutable',
  ]);
});

test('a PriorityClass shows its value', () => {
  assert.deepEqual(row(priorityClass, of('high', { value: 5 })), {
    Name: 'high',
    Value: 5,
    'Global-Default': false,
    Age: '<unknown>',
    PreemptionPolicy: 'PreemptLowerPriority',
  });
});
