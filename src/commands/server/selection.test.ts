import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSelection, isSelected, parseSelection } from './selection.ts';

const known = ['deployment', 'job', 'scheduler'];
const cases: Record<string, string[]> = {
  '*': ['deployment', 'job', 'scheduler'],
  '*,-job': ['deployment', 'scheduler'],
  'deployment, scheduler': ['deployment', 'scheduler'],
  none: [],
  '-job': [],
};
for (const [text, expected] of Object.entries(cases))
  test(`${text} selects ${expected.join(', ') || 'nothing'}`, () => {
    const selection = parseSelection(text);
    checkSelection(selection, known);
    assert.deepEqual(
      known.filter((name) => isSelected(selection, name)),
      expected,
    );
  });

test('a name that is none is told, and what there is', () => {
  assert.throws(() => checkSelection(parseSelection('*,-jobs'), known), {
    code: 'UNKNOWN_CONTROLLER',
    message: '--controllers names jobs; there are deployment, job, scheduler, or * for all, or none',
  });
});

test("a controller goes by upstream's names, too", () => {
  const ours = [
    'daemon-set',
    'endpoint',
    'pod-garbage-collector',
    'replication-controller',
    'taint-eviction',
  ];
  const upstream =
    'daemonset-controller,endpoints-controller,podgc,replicationcontroller-controller,taint-eviction-controller';
  const selection = parseSelection(upstream);
  checkSelection(selection, ours);
  assert.deepEqual(
    ours.filter((name) => isSelected(selection, name)),
    ours,
  );
  const others = parseSelection(`*,-${upstream.replaceAll(',', ',-')}`);
  assert.deepEqual(
    ours.filter((name) => isSelected(others, name)),
    [],
  );
});
