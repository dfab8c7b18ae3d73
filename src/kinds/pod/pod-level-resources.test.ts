import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod } from '../pod.ts';
import { defaulted } from '../test-kit.ts';
import { withSpec } from './test-pods.ts';

test('requests of the whole pod follow the containers`, then its limits', () => {
  const object = withSpec({
    resources: { limits: { cpu: '2', memory: '1Gi' } },
    containers: [
      { name: 'a', image: 'a', resources: { requests: { cpu: '100m' } } },
      { name: 'b', image: 'b', resources: { requests: { cpu: '200m' } } },
    ],
  });
  assert.deepEqual(defaulted(pod, object).spec?.resources, {
    limits: { cpu: '2', memory: '1Gi' },
    requests: { cpu: '300m', memory: '1Gi' },
  });
});
