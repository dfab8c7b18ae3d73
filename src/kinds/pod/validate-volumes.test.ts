import { test } from 'node:test';
import { check, withContainer, withSpec, withVolume } from './test-pods.ts';

test('volumes and mounts', () => {
  check({
    'a mount without its volume': [
      withContainer({ volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
      ['spec.containers[0].volumeMounts[0].name: Not found: "data"'],
    ],
    'two mounts at one path': [
      withContainer(
        {
          volumeMounts: [
            { name: 'a', mountPath: '/x' },
            { name: 'a', mountPath: '/x', subPath: '../up' },
          ],
        },
        { volumes: [{ name: 'a', emptyDir: {} }] },
      ),
      [
        'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/x": must be unique',
        'spec.containers[0].volumeMounts.subPath: Invalid value: "../up": must not contain \'..\'',
      ],
    ],
    'two volumes of one name': [
      withSpec({
        volumes: [
          { name: 'a', emptyDir: {} },
          { name: 'a', emptyDir: {} },
        ],
      }),
      ['spec.volumes[1].name: Duplicate value: "a"'],
    ],
    'two sources in one volume': [
      withVolume({ name: 'a', emptyDir: {}, hostPath: { path: '/x' } }),
      ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
    ],
    'a host path without a path, and of a wrong type': [
      withSpec({
        volumes: [
          { name: 'a', hostPath: { path: '' } },
          { name: 'b', hostPath: { path: '/a/../b', type: 'Pipe' } },
        ],
      }),
      [
        'spec.volumes[0].hostPath.path: Required value',
        'spec.volumes[1].hostPath.path: Invalid value: "/a/../b": must not contain \'..\'',
        'spec.volumes[1].hostPath.type: Unsupported value: "Pipe": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
      ],
    ],
    'a secret without a name, with a mode that is none': [
      withVolume({ name: 'a', secret: { defaultMode: 1000 } }),
      [
        'spec.volumes[0].secret.secretName: Required value',
        'spec.volumes[0].secret.defaultMode: Invalid value: 1000: must be a number between 0 and 0777 (octal), both inclusive',
      ],
    ],
    'two files at one path': [
      withSpec({
        serviceAccountName: 'default',
        volumes: [
          {
            name: 'a',
            projected: {
              sources: [
                { configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } },
                { secret: { name: 's', items: [{ key: 'k', path: 'p' }] } },
                { serviceAccountToken: { path: 't', expirationSeconds: 5 } },
              ],
            },
          },
        ],
      }),
      [
        'spec.volumes[0].projected: Invalid value: "s": conflicting duplicate paths',
        'spec.volumes[0].projected.sources[2].serviceAccountToken.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes',
      ],
    ],
    'a token without an account': [
      withVolume({ name: 'a', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }),
      [
        'spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set',
      ],
    ],
    'a claim that an ephemeral volume makes': [
      withSpec({
        volumes: [
          {
            name: 'data',
            ephemeral: {
              volumeClaimTemplate: {
                spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
              },
            },
          },
          { name: 'b', persistentVolumeClaim: { claimName: 'web-data' } },
        ],
      }),
      [
        'spec.volumes[1].persistentVolumeClaim.claimName: Invalid value: "web-data": must not reference a PVC that gets created for an ephemeral volume',
      ],
    ],
    'an NFS volume': [
      withVolume({ name: 'a', nfs: { server: '', path: 'x' } }),
      [
        'spec.volumes[0].nfs.server: Required value',
        'spec.volumes[0].nfs.path: Invalid value: "x": must be an absolute path',
      ],
    ],
  });
});
