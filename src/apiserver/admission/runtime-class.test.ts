import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Toleration } from '../../kinds/generated/types.ts';
import { make, pod, pods, verdict } from '../rest/testing.ts';
import { startTestServer, type TestServer } from '../test-server.ts';
import { runtimeClass } from './runtime-class.ts';

describe(runtimeClass.name, () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
    await make(server, '/apis/node.k8s.io/v1/runtimeclasses', {
      metadata: { name: 'kata' },
      handler: 'kata',
      overhead: { podFixed: { cpu: '250m', memory: '64Mi' } },
      scheduling: {
        nodeSelector: { sandbox: 'kata' },
        tolerations: [
          { key: 'kata', operator: 'Exists', effect: 'NoSchedule' },
          { key: 'slow', operator: 'Exists' },
        ],
      },
    });
    await make(server, '/apis/node.k8s.io/v1/runtimeclasses', {
      metadata: { name: 'plain' },
      handler: 'runc',
    });
  });
  afterEach(() => server.close());

  test('gives pods what it costs and where it runs', async () => {
    const tolerations: Toleration[] = [
      { key: 'kata', operator: 'Exists', effect: 'NoSchedule' },
      { key: 'slow', operator: 'Equal', value: 'very', effect: 'NoExecute' },
      { key: 'own', operator: 'Exists' },
    ];
    const spec = { runtimeClassName: 'kata', nodeSelector: { disk: 'ssd' }, tolerations };
    const made = await make(server, pods, pod('a', spec));
    assert.deepEqual(made.spec.overhead, { cpu: '250m', memory: '64Mi' });
    assert.deepEqual(made.spec.nodeSelector, { disk: 'ssd', sandbox: 'kata' });
    const own = (made.spec.tolerations as Toleration[]).filter(({ key }) => !key?.includes('/'));
    assert.deepEqual(own, [tolerations[0], tolerations[2], { key: 'slow', operator: 'Exists' }]);
  });

  test('the same again is fine, and a class that costs nothing adds nothing', async () => {
    await make(
      server,
      pods,
      pod('a', { runtimeClassName: 'kata', overhead: { cpu: '0.25', memory: '64Mi' } }),
    );
    const made = await make(server, pods, pod('b', { runtimeClassName: 'plain' }));
    assert.deepEqual([made.spec.overhead, made.spec.nodeSelector], [undefined, undefined]);
  });

  const refusals: [name: string, spec: object, why: string][] = [
    [
      'a class that is not there',
      { runtimeClassName: 'gone' },
      'pod rejected: RuntimeClass "gone" not found',
    ],
    [
      'another overhead',
      { runtimeClassName: 'kata', overhead: { cpu: '1' } },
      "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
    ],
    [
      'an overhead of a class that has none',
      { runtimeClassName: 'plain', overhead: { cpu: '1' } },
      'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    ],
    [
      'an overhead of no class',
      { overhead: { cpu: '1' } },
      'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    ],
    [
      'other nodes than those of the class',
      { runtimeClassName: 'kata', nodeSelector: { sandbox: 'runc' } },
      'conflict: runtimeClass.scheduling.nodeSelector[sandbox] = kata; pod.spec.nodeSelector[sandbox] = runc',
    ],
  ];
  for (const [name, spec, why] of refusals)
    test(`refuses ${name}`, async () => {
      assert.deepEqual(verdict(await server.call('POST', pods, { body: pod('a', spec) })), [
        403,
        'Forbidden',
        `pods "a" is forbidden: ${why}`,
      ]);
    });
});
