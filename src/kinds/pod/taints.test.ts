import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTolerated, keepsAway, tolerates } from './taints.ts';

test('tolerations', () => {
  const taint = { key: 'k', value: 'v', effect: 'NoSchedule' };
  const cases = {
    everything: [{ operator: 'Exists' }, true],
    'the key with any value': [{ key: 'k', operator: 'Exists' }, true],
    'Equal is the default': [{ key: 'k', value: 'v' }, true],
    'another effect': [{ key: 'k', value: 'v', effect: 'NoExecute' }, false],
    'an operator that is not known': [{ key: 'k', operator: 'Gt', value: 'v' }, false],
  } as const;
  for (const [name, [toleration, expected]] of Object.entries(cases))
    assert.equal(tolerates(toleration, taint), expected, name);
});

test('one toleration of many is enough, for the taints that matter', () => {
  const taint = { key: 'k', effect: 'NoExecute' };
  const other = { key: 'other', operator: 'Exists' };
  assert.deepEqual(
    [
      isTolerated(taint, []),
      isTolerated(taint, [other]),
      isTolerated(taint, [other, { operator: 'Exists' }]),
    ],
    [false, false, true],
  );
  assert.deepEqual(
    ['NoSchedule', 'PreferNoSchedule', 'NoExecute'].map((effect) => keepsAway({ key: 'k', effect })),
    [true, false, true],
  );
});
