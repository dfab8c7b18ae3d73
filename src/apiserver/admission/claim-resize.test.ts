import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { make, merge, mergePatch, verdict } from '../rest/testing.ts';
import { startTestServer } from '../test-server.ts';
import { claimResize } from './claim-resize.ts';

const claims = '/api/v1/namespaces/default/persistentvolumeclaims';
const size = (storage: string) => ({ resources: { requests: { storage } } });

describe(claimResize.name, () => {
  const cases: [name: string, className: string | undefined, storage: string, refused: boolean][] = [
    ['a class that lets it', 'elastic', '2Gi', false],
    ['a class that does not', 'fixed', '2Gi', true],
    ['a class that is not there', 'gone', '2Gi', true],
    ['no class', undefined, '2Gi', true],
    ['the same size written otherwise', 'fixed', '1024Mi', false],
  ];
  for (const [name, storageClassName, storage, refused] of cases)
    test(name, async () => {
      const server = await startTestServer();
      try {
        for (const [className, allowVolumeExpansion] of [
          ['elastic', true],
          ['fixed', false],
        ] as const)
          await make(server, '/apis/storage.k8s.io/v1/storageclasses', {
            metadata: { name: className },
            provisioner: 'example.com/disks',
            allowVolumeExpansion,
          });
        await make(server, claims, {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], storageClassName, volumeName: 'v', ...size('1Gi') },
        });
        await merge(server, `${claims}/data/status`, { status: { phase: 'Bound' } });
        const answer = await server.call('PATCH', `${claims}/data`, {
          body: { spec: size(storage) },
          headers: mergePatch,
        });
        const why =
          'persistentvolumeclaims "data" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
        if (refused) assert.deepEqual(verdict(answer), [403, 'Forbidden', why]);
        else assert.equal(answer.status, 200, answer.text);
      } finally {
        await server.close();
      }
    });
});
