import { test } from 'node:test';
import type { PodSpec } from '../generated/types.ts';
import { check, withSpec } from './test-pods.ts';

const seccomp = 'seccomp.security.alpha.kubernetes.io/pod';
const appArmor = 'container.apparmor.security.beta.kubernetes.io/web';
const annotated = (annotations: Record<string, string>, spec: Partial<PodSpec> = {}) =>
  withSpec(spec, { annotations });
const profile = (type: string, localhostProfile?: string) => ({ type, localhostProfile });

test('old annotations of security profiles', () => {
  check({
    'a profile that is none': [
      annotated({ [seccomp]: 'mine' }),
      [`metadata.annotations.${seccomp}: Invalid value: "mine": must be a valid seccomp profile`],
    ],
    'a file outside': [
      annotated({ [seccomp]: 'localhost//etc/x' }),
      [`metadata.annotations.${seccomp}: Invalid value: "/etc/x": must be a relative path`],
    ],
    'annotation and field agree': [
      annotated(
        { [seccomp]: 'runtime/default', [appArmor]: 'localhost/web' },
        {
          securityContext: {
            seccompProfile: profile('RuntimeDefault'),
            appArmorProfile: profile('Localhost', 'web'),
          },
        },
      ),
      [],
    ],
    'another type': [
      annotated(
        { [seccomp]: 'unconfined' },
        { securityContext: { seccompProfile: profile('RuntimeDefault') } },
      ),
      [
        'spec.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match',
      ],
    ],
    'another file': [
      annotated(
        { [appArmor]: 'localhost/a' },
        { securityContext: { appArmorProfile: profile('Localhost', 'b') } },
      ),
      [
        'spec.containers[0].securityContext.appArmorProfile.localhostProfile: Forbidden: apparmor profile in annotation and field must match',
      ],
    ],
  });
});

test('the cost of a deletion', () => {
  const key = 'controller.kubernetes.io/pod-deletion-cost';
  const wrong = (cost: string) => [
    `metadata.annotations[${key}]: Invalid value: ${JSON.stringify(cost)}: must be a 32bit integer`,
  ];
  const good = ['0', '7', '-2147483648', '2147483647'].map((cost) => [
    cost,
    [annotated({ [key]: cost }), []],
  ]);
  const bad = ['', '+1', '01', '1.5', '2147483648', 'x'].map((cost) => [
    cost,
    [annotated({ [key]: cost }), wrong(cost)],
  ]);
  check(Object.fromEntries([...good, ...bad]));
});
