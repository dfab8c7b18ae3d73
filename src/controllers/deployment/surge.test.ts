/** How many pods there may be, and who gets them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Deployment, ReplicaSet } from '../../kinds/generated/types.ts';
import { isRolling, maxSurge, maxUnavailable, newSetSize, proportionalSizes, totalSize } from './surge.ts';

type Limit = number | string;

const deployment = (replicas: number, surge: Limit, unavailable: Limit): Deployment => ({
  metadata: { name: 'web' },
  spec: {
    replicas,
    selector: {},
    template: {},
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable } },
  },
});

/** `max` is what the Deployment could have when the set was sized. */
const set = (name: string, replicas: number, max?: number): ReplicaSet => ({
  metadata: {
    name,
    creationTimestamp: `2026-01-01T00:00:0${name.length}Z`,
    ...(max === undefined ? {} : { annotations: { 'deployment.kubernetes.io/max-replicas': String(max) } }),
  },
  spec: { replicas, selector: {} },
});

describe('surge and unavailability', () => {
  const cases: Record<string, { of: Deployment; wanted: [number, number] }> = {
    numbers: { of: deployment(10, 3, 2), wanted: [3, 2] },
    'percentages, rounded up and down': { of: deployment(10, '25%', '25%'), wanted: [3, 2] },
    'never both none': { of: deployment(1, 0, '25%'), wanted: [0, 1] },
    'no more unavailable than there are': { of: deployment(2, 0, 5), wanted: [0, 2] },
    'none of none': { of: deployment(0, '25%', '25%'), wanted: [0, 0] },
  };
  for (const [name, { of, wanted }] of Object.entries(cases))
    test(name, () => assert.deepEqual([maxSurge(of), maxUnavailable(of)], wanted));

  test('none when everything is made anew', () => {
    const of = deployment(3, 1, 1);
    of.spec = { ...(of.spec as NonNullable<Deployment['spec']>), strategy: { type: 'Recreate' } };
    assert.deepEqual([isRolling(of), maxSurge(of), maxUnavailable(of)], [false, 0, 0]);
    assert.equal(newSetSize(of, set('a', 0), [set('a', 0), set('bb', 3)]), 3);
  });
});

describe('the new replica set', () => {
  const cases: Record<string, { has: number; old: number; wanted: number }> = {
    'takes what surge allows': { has: 0, old: 10, wanted: 3 },
    'waits when there is no room': { has: 3, old: 10, wanted: 3 },
    'follows as old ones go': { has: 3, old: 8, wanted: 5 },
    'has no more than is wanted': { has: 9, old: 0, wanted: 10 },
  };
  for (const [name, { has, old, wanted }] of Object.entries(cases))
    test(name, () => {
      const fresh = set('a', has);
      assert.equal(newSetSize(deployment(10, 3, 2), fresh, [fresh, set('bb', old)]), wanted);
    });

  const told = (of: ReplicaSet, generation: number, status: object): ReplicaSet => ({
    ...of,
    metadata: { ...of.metadata, generation },
    status: { replicas: 0, ...status },
  });
  const olds: Record<string, { old: ReplicaSet; wanted: number }> = {
    'counts the pods that an old set has still to give up': {
      old: told(set('bb', 8), 2, { observedGeneration: 2, replicas: 9 }),
      wanted: 4,
    },
    'waits until an old set has seen that it is to be smaller': {
      old: told(set('bb', 8), 2, { observedGeneration: 1, replicas: 8 }),
      wanted: 3,
    },
    'grows when the pods of an old set are on their way out': {
      old: told(set('bb', 8), 2, { observedGeneration: 2, replicas: 8 }),
      wanted: 5,
    },
  };
  for (const [name, { old, wanted }] of Object.entries(olds))
    test(name, () => {
      const fresh = told(set('a', 3), 1, { observedGeneration: 1, replicas: 3 });
      assert.equal(newSetSize(deployment(10, 3, 2), fresh, [fresh, old]), wanted);
    });
});

describe('a change of scale in the middle of a rollout', () => {
  const shares = (of: Deployment, sets: ReplicaSet[]) =>
    Object.fromEntries(proportionalSizes(of, sets).map(({ set: each, size }) => [each.metadata.name, size]));
  const cases: Record<string, { of: Deployment; sets: ReplicaSet[]; wanted: Record<string, number> }> = {
    'up, as the documentation has it': {
      of: deployment(15, 3, 2),
      sets: [set('old', 8, 13), set('fresh', 5, 13)],
      wanted: { old: 11, fresh: 7 },
    },
    down: {
      of: deployment(5, 3, 2),
      sets: [set('old', 8, 13), set('fresh', 5, 13)],
      wanted: { old: 5, fresh: 3 },
    },
    'to nothing': {
      of: deployment(0, 3, 2),
      sets: [set('old', 8, 13), set('fresh', 5, 13)],
      wanted: { old: 0, fresh: 0 },
    },
    none: {
      of: deployment(10, 3, 2),
      sets: [set('old', 8, 13), set('fresh', 5, 13)],
      wanted: { old: 8, fresh: 5 },
    },
  };
  for (const [name, { of, sets, wanted }] of Object.entries(cases))
    test(name, () => assert.deepEqual(shares(of, sets), wanted));

  test('gives out exactly what is allowed', () => {
    const size = fc.integer({ min: 1, max: 30 });
    fc.assert(
      fc.property(size, size, size, size, (wanted, surge, one, two) => {
        const of = deployment(wanted, surge, 0);
        const sizes = proportionalSizes(of, [set('a', one, one + two), set('bb', two, one + two)]);
        assert.equal(
          totalSize(sizes.map(({ set: each, size: to }) => set(each.metadata.name ?? '', to))),
          wanted + surge,
        );
        for (const { size: to } of sizes) assert.ok(to >= 0);
      }),
      { interruptAfterTimeLimit: 2000 },
    );
  });
});
