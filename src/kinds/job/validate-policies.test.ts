import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, JobSpec, PodTemplateSpec } from '../generated/types.ts';
import { job } from '../job.ts';
import { createErrors } from '../test-kit.ts';

const template: PodTemplateSpec = {
  spec: { restartPolicy: 'Never', containers: [{ name: 'once', image: 'busybox:1' }] },
};
const uid = '0a1b';
const withSpec = (spec: Partial<JobSpec>): Job => ({
  metadata: { name: 'once', uid },
  spec: { template, ...spec },
});
const rule = (each: object) => withSpec({ podFailurePolicy: { rules: [each as never] } });
const at = 'spec.podFailurePolicy.rules[0]';
const success = (each: object) =>
  withSpec({ completionMode: 'Indexed', completions: 5, successPolicy: { rules: [each] } });

const cases: Record<string, [Job, string[]]> = {
  'a failure rule that says nothing': [
    rule({ action: '' }),
    [
      `${at}.action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]`,
      `${at}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`,
    ],
  ],
  'a failure rule by exit codes': [
    rule({ action: 'FailIndex', onExitCodes: { operator: 'In', values: [3, 1, 1, 0], containerName: 'x' } }),
    [
      `${at}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`,
      `${at}.onExitCodes.containerName: Invalid value: "x": must be one of the container or initContainer names in the pod template`,
      `${at}.onExitCodes.values[2]: Duplicate value: 1`,
      `${at}.onExitCodes.values[3]: Invalid value: 0: must not be 0 for the In operator`,
      `${at}.onExitCodes.values: Invalid value: [3,1,1,0]: must be ordered`,
    ],
  ],
  'a failure rule by conditions': [
    rule({
      action: 'Ignore',
      onPodConditions: [{ type: 'DisruptionTarget' }, { type: 'x', status: 'Maybe' }],
    }),
    [
      `${at}.onPodConditions[1].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"`,
    ],
  ],
  'a success policy without indexes': [
    withSpec({ successPolicy: { rules: [] } }),
    ['spec.successPolicy: Invalid value: {"rules":[]}: requires indexed completion mode'],
  ],
  'a success rule': [
    success({ succeededIndexes: '0-2,1', succeededCount: 6 }),
    [
      'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0-2,1": error parsing succeededIndexes: non-increasing order, previous: 2, current: 1',
      'spec.successPolicy.rules[0].succeededCount: Invalid value: 6: must be less than or equal to 5 (the number of specified completions)',
      'spec.successPolicy.rules[0].succeededCount: Invalid value: 6: must be less than or equal to 0 (the number of indexes in the specified succeededIndexes field)',
    ],
  ],
};

test('policies of failure and success', () => {
  for (const [name, [object, expected]] of Object.entries(cases))
    assert.deepEqual(createErrors(job, object), expected, name);
});
