import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../../kinds/generated/types.ts';
import { podReferences } from './pod-references.ts';

const told = (pod: Pod) =>
  Object.fromEntries([...podReferences(pod)].map(([resource, names]) => [resource, [...names].sort()]));

/** CVE-2023-2728, CVE-2024-3177: init and ephemeral containers and envFrom count like everything else. */
test('everything that a pod refers to, in every kind of container and volume', () => {
  const container = (name: string) => ({
    name,
    env: [
      { name: 'A', valueFrom: { secretKeyRef: { name: `${name}-key`, key: 'k' } } },
      { name: 'B', valueFrom: { configMapKeyRef: { name: `${name}-map`, key: 'k' } } },
      { name: 'C', value: 'plain' },
    ],
    envFrom: [{ secretRef: { name: `${name}-all` } }, { configMapRef: { name: `${name}-all` } }],
  });
  const secretRef = (name: string) => ({ secretRef: { name } });
  const pod = {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      serviceAccountName: 'robot',
      imagePullSecrets: [{ name: 'registry' }, {}],
      initContainers: [container('init')],
      containers: [container('main')],
      ephemeralContainers: [container('debug')],
      resourceClaims: [{ name: 'gpu', resourceClaimName: 'my-gpu' }],
      volumes: [
        { name: 'a', secret: { secretName: 'volume' } },
        { name: 'b', configMap: { name: 'volume' } },
        {
          name: 'c',
          projected: {
            sources: [{ secret: { name: 'projected' } }, { configMap: { name: 'projected' } }, {}],
          },
        },
        { name: 'd', persistentVolumeClaim: { claimName: 'data' } },
        { name: 'scratch', ephemeral: {} },
        { name: 'e', azureFile: { secretName: 'azure', shareName: 's' } },
        { name: 'f', cephfs: { monitors: [], ...secretRef('cephfs') } },
        { name: 'g', cinder: { volumeID: 'v', ...secretRef('cinder') } },
        { name: 'h', flexVolume: { driver: 'd', ...secretRef('flex') } },
        { name: 'i', rbd: { image: 'i', monitors: [], ...secretRef('rbd') } },
        { name: 'j', scaleIO: { gateway: '', system: '', ...secretRef('scaleio') } },
        { name: 'k', iscsi: { iqn: '', lun: 0, targetPortal: '', ...secretRef('iscsi') } },
        { name: 'l', storageos: secretRef('storageos') },
        { name: 'm', csi: { driver: 'd', nodePublishSecretRef: { name: 'csi' } } },
        { name: 'n', emptyDir: {} },
      ],
    },
    status: { resourceClaimStatuses: [{ name: 'nic', resourceClaimName: 'made-nic' }] },
  } as unknown as Pod;
  assert.deepEqual(told(pod), {
    serviceaccounts: ['robot'],
    secrets: [
      'azure',
      'cephfs',
      'cinder',
      'csi',
      'debug-all',
      'debug-key',
      'flex',
      'init-all',
      'init-key',
      'iscsi',
      'main-all',
      'main-key',
      'projected',
      'rbd',
      'registry',
      'scaleio',
      'storageos',
      'volume',
    ],
    configmaps: [
      'debug-all',
      'debug-map',
      'init-all',
      'init-map',
      'main-all',
      'main-map',
      'projected',
      'volume',
    ],
    persistentvolumeclaims: ['data', 'web-scratch'],
    resourceclaims: ['made-nic', 'my-gpu'],
  });
});

test('a pod that refers to nothing', () => {
  assert.deepEqual(told({ metadata: { name: 'bare' }, spec: { containers: [{ name: 'c' }] } }), {});
  assert.deepEqual(told({ metadata: { name: 'empty' } }), {});
});
