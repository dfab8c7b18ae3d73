import { test } from 'node:test';
import type { Container } from '../generated/types.ts';
import { check, withContainer } from './test-pods.ts';

const volumes = [
  { name: 'a', emptyDir: {} },
  { name: 'claim', persistentVolumeClaim: { claimName: 'c' } },
  { name: 'image', image: { reference: 'data:1' } },
];
const using = (container: Partial<Container>) => withContainer(container, { volumes });
const mounts = 'spec.containers[0].volumeMounts';
const devices = 'spec.containers[0].volumeDevices';

test('mounts', () => {
  check({
    'no name and no path': [
      using({ volumeMounts: [{ name: '', mountPath: '' }] }),
      [
        `${mounts}[0].name: Required value`,
        `${mounts}[0].name: Not found: ""`,
        `${mounts}[0].mountPath: Required value`,
      ],
    ],
    'two kinds of path inside': [
      using({ volumeMounts: [{ name: 'a', mountPath: '/a', subPath: 'x', subPathExpr: '/y' }] }),
      [
        `${mounts}[0].subPathExpr: Invalid value: "/y": subPathExpr and subPath are mutually exclusive`,
        `${mounts}.subPathExpr: Invalid value: "/y": must be a relative path`,
      ],
    ],
    'a path inside an image': [
      using({ volumeMounts: [{ name: 'image', mountPath: '/a', subPath: 'x' }] }),
      [`${mounts}[0].subPath: Invalid value: "x": not allowed in image volume sources`],
    ],
    'recursively read only, but not read only': [
      using({ volumeMounts: [{ name: 'a', mountPath: '/a', recursiveReadOnly: 'Enabled' }] }),
      [`${mounts}.recursiveReadOnly: Forbidden: may only be specified when readOnly is true`],
    ],
    'propagation that does not exist': [
      using({
        volumeMounts: [{ name: 'a', mountPath: '/a', mountPropagation: 'Both', recursiveReadOnly: 'Half' }],
      }),
      [
        `${mounts}.mountPropagation: Unsupported value: "Both": supported values: "Bidirectional", "HostToContainer", "None"`,
        `${mounts}.recursiveReadOnly: Unsupported value: "Half": supported values: "Disabled", "Enabled", "IfPossible"`,
      ],
    ],
  });
});

test('devices', () => {
  check({
    'a claim': [using({ volumeDevices: [{ name: 'claim', devicePath: '/dev/x' }] }), []],
    'what is no claim, and what is not there': [
      using({
        volumeDevices: [
          { name: 'a', devicePath: '/dev/x' },
          { name: 'b', devicePath: '/dev/../y' },
        ],
      }),
      [
        `${devices}[0].name: Invalid value: "a": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode`,
        `${devices}[1].name: Not found: "b"`,
        `${devices}[1].devicePath: Invalid value: "/dev/../y": can not contain backsteps ('..')`,
      ],
    ],
    'one volume both ways': [
      using({
        volumeMounts: [{ name: 'claim', mountPath: '/x' }],
        volumeDevices: [{ name: 'claim', devicePath: '/x' }],
      }),
      [
        `${mounts}[0].name: Invalid value: "claim": must not already exist in volumeDevices`,
        `${mounts}[0].mountPath: Invalid value: "/x": must not already exist as a path in volumeDevices`,
        `${devices}[0].name: Invalid value: "claim": must not already exist in volumeMounts`,
        `${devices}[0].devicePath: Invalid value: "/x": must not already exist as a path in volumeMounts`,
      ],
    ],
    'one device twice': [
      using({
        volumeDevices: [
          { name: 'claim', devicePath: '/x' },
          { name: 'claim', devicePath: '/x' },
        ],
      }),
      [
        `${devices}[1].name: Invalid value: "claim": must be unique`,
        `${devices}[1].devicePath: Invalid value: "/x": must be unique`,
      ],
    ],
  });
});
