import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Pod } from '../../kinds/generated/types.ts';
import type { ResourceRequest } from '../context.ts';
import { checkAudience } from './node-audience.ts';

const objects: Record<string, object> = {
  'csidrivers//disk.example.com': { spec: { tokenRequests: [{ audience: 'disk' }] } },
  'persistentvolumeclaims/default/data': { spec: { volumeName: 'pv1' } },
  'persistentvolumes//pv1': { spec: { csi: { driver: 'disk.example.com' } } },
};
const request = (allowed = false) =>
  ({
    user: { name: 'system:node:n1', groups: [] },
    info: { namespace: 'default', name: 'robot' },
    backend: {
      cache: {
        get: ({ plural }: { plural: string }, namespace: string, name: string) =>
          objects[`${plural}/${namespace}/${name}`],
      },
      authorizer: { authorize: () => ({ allowed, reason: '' }) },
    },
  }) as unknown as ResourceRequest;
const podWith = (source: object): Pod =>
  ({
    metadata: { name: 'web', namespace: 'default' },
    spec: { volumes: [{ name: 'v', ...source }] },
  }) as never;
const projected = (audience?: string) => ({
  projected: { sources: [{ serviceAccountToken: { path: 'token', ...(audience && { audience }) } }] },
});

describe('a pod names for whom its tokens are', () => {
  const cases: [name: string, pod: Pod, audience: string[], good: boolean][] = [
    ['the server itself', podWith(projected()), [], true],
    ['the server itself, when nobody named it', podWith({}), [], false],
    ['by a projected volume', podWith(projected('vault')), ['vault'], true],
    ['and nobody else', podWith(projected('vault')), ['bank'], false],
    ['by its driver', podWith({ csi: { driver: 'disk.example.com' } }), ['disk'], true],
    ['by the driver of its claim', podWith({ persistentVolumeClaim: { claimName: 'data' } }), ['disk'], true],
    [
      'not by a claim that is not bound',
      podWith({ persistentVolumeClaim: { claimName: 'none' } }),
      ['disk'],
      false,
    ],
  ];
  for (const [name, pod, audiences, good] of cases)
    test(name, () => assert.equal(checkAudience(request(), pod, audiences) === undefined, good));

  test('or a role does', () => assert.equal(checkAudience(request(true), podWith({}), ['vault']), undefined));
});
