import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec } from '../../kinds/generated/types.ts';
import { testContainer, testPod } from '../test-kit.ts';
import { appArmorCheck } from './app-armor.ts';

const profile = (type: string) => ({ appArmorProfile: { type } });
const specs: Record<string, [Partial<PodSpec>, boolean]> = {
  'nobody asks for it': [{}, true],
  'nobody is to be confined': [{ securityContext: profile('Unconfined') }, true],
  'the pod asks for it': [{ securityContext: profile('RuntimeDefault') }, false],
  'a container asks for it': [
    { containers: [testContainer('web', { securityContext: profile('Localhost') })] },
    false,
  ],
  'an init container asks for it': [
    { initContainers: [testContainer('init', { securityContext: profile('RuntimeDefault') })] },
    false,
  ],
  'every container is an exception': [
    {
      securityContext: profile('RuntimeDefault'),
      containers: [testContainer('web', { securityContext: profile('Unconfined') })],
    },
    true,
  ],
};

for (const [name, [spec, isTaken]] of Object.entries(specs))
  test(`AppArmor: ${name}`, () => {
    const pod = testPod(spec);
    assert.equal(appArmorCheck(true)(pod), undefined);
    const refusal = {
      reason: 'AppArmor',
      message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host',
    };
    assert.deepEqual(appArmorCheck(false)(pod), isTaken ? undefined : refusal);
  });
