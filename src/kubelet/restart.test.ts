import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restartsAfter } from './restart.ts';
import { testContainer, testPod } from './test-kit.ts';

test('policies', () => {
  const table = ['Always', 'OnFailure', 'Never', undefined].map((restartPolicy) =>
    [0, 1].map((code) => restartsAfter(testPod({ restartPolicy }), testContainer('web'), code)),
  );
  assert.deepEqual(table, [
    [true, true],
    [false, true],
    [false, false],
    [true, true],
  ]);
});

test('a rule stands above the policy of its container, and that above the pod', () => {
  const pod = testPod({ restartPolicy: 'Always' });
  const container = testContainer('web', {
    restartPolicy: 'OnFailure',
    restartPolicyRules: [
      { action: 'Restart', exitCodes: { operator: 'NotIn', values: [0, 1, 2] } },
      { action: 'Restart', exitCodes: { operator: 'In', values: [0] } },
      { action: 'Restart' },
    ],
  });
  assert.deepEqual(
    [0, 1, 9].map((code) => restartsAfter(pod, container, code)),
    [true, true, true],
  );
  const strict = { ...container, restartPolicy: 'Never' };
  assert.deepEqual(
    [0, 1, 9].map((code) => restartsAfter(pod, strict, code)),
    [true, false, true],
  );
});
