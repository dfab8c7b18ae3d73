import { test } from 'node:test';
import { check, withContainer, withSpec } from './test-pods.ts';

test('security', () => {
  check({
    'a user below zero': [
      withContainer({ securityContext: { runAsUser: -1 } }, { securityContext: { fsGroup: 2 ** 31 } }),
      [
        'spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive',
        'spec.securityContext.fsGroup: Invalid value: 2147483648: must be between 0 and 2147483647, inclusive',
      ],
    ],
    'privileged without escalation': [
      withContainer({ securityContext: { privileged: true, allowPrivilegeEscalation: false } }),
      [
        'spec.containers[0].securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      ],
    ],
    'seccomp profiles': [
      withContainer(
        { securityContext: { seccompProfile: { type: 'Mine' } } },
        { securityContext: { seccompProfile: { type: 'Localhost' } } },
      ),
      [
        'spec.containers[0].securityContext.seccompProfile.type: Unsupported value: "Mine": supported values: "Localhost", "RuntimeDefault", "Unconfined"',
        'spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost',
      ],
    ],
    'sysctls of the host': [
      withSpec({
        hostNetwork: true,
        securityContext: {
          sysctls: [
            { name: 'net.core.somaxconn', value: '1' },
            { name: 'No!', value: '' },
          ],
        },
      }),
      [
        'spec.securityContext.sysctls[0].name: Invalid value: "net.core.somaxconn": may not be specified when \'hostNetwork\' is true',
        'spec.securityContext.sysctls[1].name: Invalid value: "No!": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
      ],
    ],
    'bidirectional mounts need privileges': [
      withContainer(
        { volumeMounts: [{ name: 'a', mountPath: '/a', mountPropagation: 'Bidirectional' }] },
        { volumes: [{ name: 'a', emptyDir: {} }] },
      ),
      [
        'spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers',
      ],
    ],
    'a linux option of a windows pod': [
      withContainer({ securityContext: { privileged: true } }, { os: { name: 'windows' }, hostPID: true }),
      [
        'spec.hostPID: Forbidden: cannot be set for a windows pod',
        'spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod',
      ],
    ],
    'an operating system that is none': [
      withSpec({ os: { name: 'plan9' } }),
      ['spec.os: Unsupported value: "plan9": supported values: "linux", "windows"'],
    ],
  });
});
