import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flowSchema } from './flow-schema.ts';
import type { FlowSchema, PriorityLevelConfiguration } from './generated/types.ts';
import { priorityLevelConfiguration } from './priority-level-configuration.ts';
import { createErrors, defaulted, row } from './test-kit.ts';

const metadata = { name: 'robots' };

test('a FlowSchema leads to a priority level', () => {
  const spec = {
    matchingPrecedence: 10_001,
    distinguisherMethod: { type: 'ByMood' },
    priorityLevelConfiguration: { name: '' },
  };
  assert.deepEqual(createErrors(flowSchema, { metadata, spec } as FlowSchema), [
    'spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000',
    'spec.distinguisherMethod: Unsupported value: "ByMood": supported values: "ByNamespace", "ByUser"',
    'spec.priorityLevelConfiguration.name: Required value: must reference a priority level',
  ]);
  const good = { metadata, spec: { priorityLevelConfiguration: { name: 'low' } } } as FlowSchema;
  assert.deepEqual(row(flowSchema, good), {
    Name: 'robots',
    PriorityLevel: 'low',
    MatchingPrecedence: 1000,
    DistinguisherMethod: '<none>',
    Age: '<unknown>',
    MissingPL: '?',
  });
});

test('a PriorityLevelConfiguration is limited, or the exempt one', () => {
  const errors = (name: string, spec: object): string[] =>
    createErrors(priorityLevelConfiguration, { metadata: { name }, spec } as PriorityLevelConfiguration);
  assert.deepEqual(errors('exempt', { type: 'Exempt', exempt: {} }), []);
  assert.deepEqual(errors('low', { type: 'Exempt', limited: {} }), [
    "spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if `name` is 'exempt'",
    'spec.limited: Forbidden: must be nil if the type is not Limited',
  ]);
  assert.deepEqual(errors('low', { type: 'Limited', exempt: {} }), [
    'spec.exempt: Forbidden: must be nil if the type is Limited',
    'spec.limited: Required value: must not be empty when type is Limited',
  ]);
  assert.deepEqual(errors('low', { type: 'Odd' }), [
    'spec.type: Unsupported value: "Odd": supported values: "Exempt", "Limited"',
  ]);
});

test('a PriorityLevelConfiguration has shares and queues unless said', () => {
  const level = {
    metadata,
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: { queues: 16 } } } },
  } as PriorityLevelConfiguration;
  assert.deepEqual(defaulted(priorityLevelConfiguration, level).spec, {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: 30,
      lendablePercent: 0,
      limitResponse: { type: 'Queue', queuing: { queues: 16, handSize: 8, queueLengthLimit: 50 } },
    },
  });
  assert.deepEqual(row(priorityLevelConfiguration, level), {
    Name: 'robots',
    Type: 'Limited',
    NominalConcurrencyShares: 30,
    Queues: 16,
    HandSize: 8,
    QueueLengthLimit: 50,
    Age: '<unknown>',
  });
});
