import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Json, JsonMap } from './json.ts';
import { applyStrategicMergePatch } from './strategic-merge.ts';
import { named, patched } from './strategic-testing.ts';

/** The value at `spec.template`. */
const at = (document: JsonMap, path: string): Json =>
  path.split('.').reduce<Json>((value, key) => (value as JsonMap)[key] as Json, document);

describe('strategic merge patch', () => {
  test('long lists are merged in linear time', () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `n${index}`);
    const start = performance.now();
    const result = patched(
      { merged: named(...names), joined: names },
      { merged: named(...[...names].reverse()), joined: [...names].reverse() },
    );
    assert.equal((result.merged as Json[]).length, 20_000);
    assert.ok(performance.now() - start < 2000);
  });
});
describe('strategic merge patch of real kinds', () => {
  const deployment: JsonMap = {
    kind: 'Deployment',
    metadata: { name: 'web', finalizers: ['a'] },
    spec: {
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } },
      template: {
        spec: {
          containers: [
            { name: 'sidecar', image: 'proxy:1' },
            { name: 'web', image: 'web:1', env: [{ name: 'A', value: '1' }], ports: [{ containerPort: 80 }] },
          ],
          volumes: [{ name: 'data', emptyDir: {} }],
        },
      },
    },
  };

  test('set an image, as kubectl does', () => {
    const patch = {
      spec: {
        template: {
          spec: {
            '$setElementOrder/containers': [{ name: 'sidecar' }, { name: 'web' }],
            containers: [{ name: 'web', image: 'web:2' }],
          },
        },
      },
    };
    const result = applyStrategicMergePatch(deployment, patch, { schema: 'Deployment' });
    assert.deepEqual(at(result, 'spec.template.spec.containers'), [
      { name: 'sidecar', image: 'proxy:1' },
      { name: 'web', image: 'web:2', env: [{ name: 'A', value: '1' }], ports: [{ containerPort: 80 }] },
    ]);
  });

  test('change the strategy, as kubectl apply does', () => {
    const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } };
    const result = applyStrategicMergePatch(deployment, patch, { schema: 'Deployment' });
    assert.deepEqual(at(result, 'spec.strategy'), { type: 'Recreate' });
  });

  test('finalizers are joined and taken out', () => {
    const patch = { metadata: { finalizers: ['b'], '$deleteFromPrimitiveList/finalizers': ['a'] } };
    const result = applyStrategicMergePatch(deployment, patch, { schema: 'Deployment' });
    assert.deepEqual(at(result, 'metadata.finalizers'), ['b']);
  });

  test('ports of a service are merged by their number', () => {
    const service: JsonMap = {
      spec: {
        ports: [
          { port: 80, name: 'http', targetPort: 8080 },
          { port: 443, name: 'https' },
        ],
      },
    };
    const patch = { spec: { ports: [{ port: 80, nodePort: 30080 }] } };
    assert.deepEqual(applyStrategicMergePatch(service, patch, { schema: 'Service' }), {
      spec: {
        ports: [
          { port: 80, name: 'http', targetPort: 8080, nodePort: 30080 },
          { port: 443, name: 'https' },
        ],
      },
    });
  });

  test('a container without a name', () => {
    const patch = { spec: { template: { spec: { containers: [{ image: 'x' }] } } } };
    assert.throws(() => applyStrategicMergePatch(deployment, patch, { schema: 'Deployment' }), {
      message: 'map: map[image:x] does not contain declared merge key: name',
    });
  });
});
