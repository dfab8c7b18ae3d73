import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod } from '../pod.ts';
import { created, updateErrors } from '../test-kit.ts';
import { withSpec } from './test-pods.ts';

test('tolerations and priority of a new pod', () => {
  const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' };
  const spec = created(pod, withSpec({ tolerations: [own], priorityClassName: 'system-node-critical' })).spec;
  assert.deepEqual(spec?.tolerations, [
    own,
    { ...own, key: 'node.kubernetes.io/unreachable', tolerationSeconds: 300 },
  ]);
  assert.deepEqual([spec?.priority, spec?.preemptionPolicy], [2000001000, 'PreemptLowerPriority']);
  const all = created(
    pod,
    withSpec({ tolerations: [{ operator: 'Exists' }], priorityClassName: 'mine' }),
  ).spec;
  assert.deepEqual([all?.tolerations, all?.priority], [[{ operator: 'Exists' }], undefined]);
});

test('a pod that is sent anew without what was added', () => {
  assert.deepEqual(updateErrors(pod, withSpec({}), withSpec({})), []);
});
