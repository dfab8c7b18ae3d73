import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Volume } from '../generated/types.ts';
import { pod } from '../pod.ts';
import { defaulted } from '../test-kit.ts';
import { withVolume } from './test-pods.ts';

test('volumes', () => {
  const given: Volume[] = [
    { name: 'scratch' },
    { name: 'config', configMap: { name: 'c' } },
    { name: 'secret', secret: { secretName: 's', defaultMode: 256 } },
    { name: 'host', hostPath: { path: '/x' } },
    { name: 'down', downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] } },
    { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
    { name: 'image', image: { reference: 'data' } },
    { name: 'disk', ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'] } } } },
    { name: 'iscsi', iscsi: { targetPortal: 'p', iqn: 'iqn.2026-01.x:y', lun: 0 } },
  ];
  assert.deepEqual(defaulted(pod, withVolume(...given)).spec?.volumes, [
    { name: 'scratch', emptyDir: {} },
    { name: 'config', configMap: { name: 'c', defaultMode: 420 } },
    { name: 'secret', secret: { secretName: 's', defaultMode: 256 } },
    { name: 'host', hostPath: { path: '/x', type: '' } },
    {
      name: 'down',
      downwardAPI: {
        defaultMode: 420,
        items: [{ path: 'l', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.labels' } }],
      },
    },
    {
      name: 'token',
      projected: {
        defaultMode: 420,
        sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 3600 } }],
      },
    },
    { name: 'image', image: { reference: 'data', pullPolicy: 'Always' } },
    {
      name: 'disk',
      ephemeral: {
        volumeClaimTemplate: {
          metadata: {},
          spec: { accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem', resources: {} },
        },
      },
    },
    {
      name: 'iscsi',
      iscsi: { targetPortal: 'p', iqn: 'iqn.2026-01.x:y', lun: 0, iscsiInterface: 'default' },
    },
  ]);
});
