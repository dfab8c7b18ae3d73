import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type NodeHappenings, nodeEvents } from './node-events.ts';

const quiet: NodeHappenings = { name: 'node-1', started: false, becameReady: false };
const cases: Record<string, [happenings: NodeHappenings, reasons: string[]]> = {
  'nothing has happened': [quiet, []],
  'it has started': [
    { ...quiet, started: true, becameReady: true },
    [
      'Starting',
      'NodeAllocatableEnforced',
      'NodeHasSufficientMemory',
      'NodeHasNoDiskPressure',
      'NodeHasSufficientPID',
      'NodeReady',
    ],
  ],
  'it is ready again': [{ ...quiet, becameReady: true }, ['NodeReady']],
  'it was cordoned': [{ ...quiet, unschedulable: true }, ['NodeNotSchedulable']],
  'it was uncordoned': [{ ...quiet, unschedulable: false }, ['NodeSchedulable']],
};

describe('what a node tells of itself', () => {
  for (const [name, [happenings, reasons]] of Object.entries(cases))
    test(name, () =>
      assert.deepEqual(
        nodeEvents(happenings).map(({ reason }) => reason),
        reasons,
      ),
    );

  test('by its name, which kubelet takes for its uid', () => {
    assert.deepEqual(nodeEvents({ ...quiet, becameReady: true }), [
      {
        regarding: { kind: 'Node', name: 'node-1', uid: 'node-1' },
        type: 'Normal',
        reason: 'NodeReady',
        message: 'Node node-1 status is now: NodeReady',
      },
    ]);
  });
});
