import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forbiddenLabels } from './node-labels.ts';

test('a node may label itself, but not so that it would be trusted with more', () => {
  const labels = {
    'kubernetes.io/hostname': 'n1',
    'topology.kubernetes.io/zone': 'a',
    'node.kubernetes.io/anything': 'x',
    'a.kubelet.kubernetes.io/x': 'x',
    'example.com/own': 'x',
    plain: 'x',
    'node-restriction.kubernetes.io/trusted': 'x',
    'a.node-restriction.kubernetes.io/trusted': 'x',
    'example.com.node-restriction.kubernetes.io/x': 'x',
    'node-role.kubernetes.io/control-plane': '',
    'k8s.io/x': 'x',
    'a.k8s.io/x': 'x',
    'notkubernetes.io/x': 'x',
    __proto__: 'x',
  };
  assert.deepEqual(forbiddenLabels(labels), [
    'a.k8s.io/x',
    'a.node-restriction.kubernetes.io/trusted',
    'example.com.node-restriction.kubernetes.io/x',
    'k8s.io/x',
    'node-restriction.kubernetes.io/trusted',
    'node-role.kubernetes.io/control-plane',
  ]);
});

test('what others have labelled may stay, and may neither change nor go', () => {
  const role = { 'node-role.kubernetes.io/worker': '' };
  assert.deepEqual(forbiddenLabels(role, role), []);
  assert.deepEqual(forbiddenLabels({}, role), ['node-role.kubernetes.io/worker']);
  assert.deepEqual(forbiddenLabels({ 'node-role.kubernetes.io/worker': 'x' }, role), [
    'node-role.kubernetes.io/worker',
  ]);
});
