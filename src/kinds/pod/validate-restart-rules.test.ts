import { test } from 'node:test';
import type { Container } from '../generated/types.ts';
import { check, withContainer } from './test-pods.ts';

const rules = (restartPolicyRules: Container['restartPolicyRules'], restartPolicy?: string) =>
  withContainer({ restartPolicy, restartPolicyRules });
const exitCodes = { operator: 'In', values: [42] };
const at = 'spec.containers[0]';

test('restart rules', () => {
  check({
    'a policy alone': [withContainer({ restartPolicy: 'OnFailure' }), []],
    'a rule with its policy': [rules([{ action: 'Restart', exitCodes }], 'Never'), []],
    'a policy that does not exist': [
      withContainer({ restartPolicy: 'Sometimes' }),
      [
        `${at}.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"`,
      ],
    ],
    'a rule of another kind': [
      rules([{ action: 'Stop' }], 'Never'),
      [
        `${at}.restartPolicyRules[0].action: Unsupported value: "Stop": supported values: "Restart", "RestartAllContainers"`,
        `${at}.restartPolicyRules[0].exitCodes: Required value: must be specified`,
      ],
    ],
    'too many rules': [
      rules(Array(21).fill({ action: 'Restart', exitCodes }), 'Never'),
      [`${at}.restartPolicyRules: Too many: 21: must have at most 20 items`],
    ],
  });
});
