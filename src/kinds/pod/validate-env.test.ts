import { test } from 'node:test';
import { check, withContainer } from './test-pods.ts';

const fromFile = { name: 'A', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'a.env', key: 'A' } } };

test('environment', () => {
  check({
    'no name, and one with an equals sign': [
      withContainer({ env: [{ name: '' }, { name: 'a=b' }] }),
      [
        'spec.containers[0].env[0].name: Required value',
        'spec.containers[0].env[1].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than \'=\'',
      ],
    ],
    'a value and a source': [
      withContainer({
        env: [{ name: 'A', value: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
      }),
      [
        'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
      ],
    ],
    'two sources': [
      withContainer({
        env: [
          {
            name: 'A',
            valueFrom: { secretKeyRef: { name: 's', key: 'k' }, fieldRef: { fieldPath: 'metadata.name' } },
          },
        ],
      }),
      [
        'spec.containers[0].env[0].valueFrom: Invalid value: "": may not have more than one field specified at a time',
      ],
    ],
    'a field that the environment cannot have': [
      withContainer({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } }] }),
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
      ],
    ],
    'a field that does not exist': [
      withContainer({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.oops' } } }] }),
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.oops": error converting fieldPath: field label not supported: spec.oops',
      ],
    ],
    'one label': [
      withContainer({
        env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } }],
      }),
      [],
    ],
    'a divisor that memory does not go by': [
      withContainer({
        env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '10' } } }],
      }),
      [
        'spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.memory": only divisor\'s values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the memory resource',
      ],
    ],
    'a file of no volume': [
      withContainer({ env: [fromFile] }),
      ['spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Not found: "v"'],
    ],
    'a file of a volume that somebody else writes': [
      withContainer({ env: [fromFile] }, { volumes: [{ name: 'v', hostPath: { path: '/tmp', type: '' } }] }),
      [
        'spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Invalid value: "v": referenced volume must be of type emptyDir',
      ],
    ],
    'a file that the pod writes itself': [
      withContainer({ env: [fromFile] }, { volumes: [{ name: 'v', emptyDir: {} }] }),
      [],
    ],
    'envFrom without a source': [
      withContainer({ envFrom: [{ prefix: 'A_' }] }),
      ['spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'],
    ],
  });
});
