/** Which of two pods goes first. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Pod } from '../kinds/generated/types.ts';
import { timestamp } from '../lib/timestamp.ts';
import { deletionCostAnnotation, inDeletionOrder } from './deletion-order.ts';

const now = Date.UTC(2026, 0, 1);
const hour = 3_600_000;

interface Facts {
  node?: string;
  phase?: string;
  ready?: boolean;
  cost?: string;
  readyFor?: number;
  age?: number;
  restarts?: number;
  sidecarRestarts?: number;
}

function pod(uid: string, facts: Facts): Pod {
  const { node = 'node-a', phase = 'Running', ready = true, cost, restarts = 0, sidecarRestarts = 0 } = facts;
  const status = { image: '', imageID: '', ready: true };
  return {
    metadata: {
      uid,
      creationTimestamp: timestamp(now - (facts.age ?? 4 * hour)),
      ...(cost === undefined ? {} : { annotations: { [deletionCostAnnotation]: cost } }),
    },
    spec: {
      nodeName: node,
      containers: [{ name: 'main' }],
      initContainers: [{ name: 'side', restartPolicy: 'Always' }, { name: 'init' }],
    },
    status: {
      phase,
      conditions: [
        {
          type: 'Ready',
          status: ready ? 'True' : 'False',
          lastTransitionTime: timestamp(now - (facts.readyFor ?? 4 * hour)),
        },
      ],
      containerStatuses: [{ name: 'main', restartCount: restarts, ...status }],
      initContainerStatuses: [
        { name: 'side', restartCount: sidecarRestarts, ...status },
        { name: 'init', restartCount: 99 - sidecarRestarts, ...status },
      ],
    },
  } as Pod;
}

/** The first goes, although the second has all that counts less against it. */
const cases: Record<string, { goes: Facts; stays: Facts; others?: string[] }> = {
  'unassigned before assigned': { goes: { node: '' }, stays: { phase: 'Pending', ready: false } },
  'pending before running': { goes: { phase: 'Pending' }, stays: { ready: false } },
  'unknown before running': { goes: { phase: 'Unknown' }, stays: { ready: false } },
  'not ready before ready': { goes: { ready: false, cost: '9' }, stays: { cost: '-9' } },
  'cheaper before dearer': { goes: { cost: '-1' }, stays: { node: 'node-b' }, others: ['node-b'] },
  'a cost that cannot be read is 0': { goes: { cost: '-1' }, stays: { cost: '-07' } },
  'the fuller node first': {
    goes: { node: 'node-b' },
    stays: { readyFor: 1000 },
    others: ['node-b', 'node-b'],
  },
  'ready for a shorter time': { goes: { readyFor: hour }, stays: { restarts: 5 } },
  'more restarts': { goes: { restarts: 2 }, stays: { restarts: 1, sidecarRestarts: 7, age: hour } },
  'more restarts of a sidecar': { goes: { sidecarRestarts: 2 }, stays: { age: hour } },
  'younger before older': { goes: { age: hour }, stays: {} },
};

describe('deletion order', () => {
  for (const [name, { goes, stays, others = [] }] of Object.entries(cases))
    test(name, () => {
      // Their uids speak for the other one, where that decides.
      const [first, second] = [pod('b', goes), pod('a', stays)];
      const related = others.map((node, index) => pod(`other-${index}`, { node }));
      for (const pods of [
        [first, second],
        [second, first],
      ])
        assert.deepEqual(
          inDeletionOrder(pods, { related, now }).map(({ metadata }) => metadata.uid),
          ['b', 'a'],
        );
    });

  test('of like age the uid decides', () => {
    const pods = [pod('b', { readyFor: 100 * 60_000 }), pod('a', { readyFor: 101 * 60_000 })];
    assert.deepEqual(
      inDeletionOrder(pods, { related: [], now }).map(({ metadata }) => metadata.uid),
      ['a', 'b'],
    );
  });
});
