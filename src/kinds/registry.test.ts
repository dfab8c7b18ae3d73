import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindByKind, kindByResource, kinds } from './registry.ts';

test('every kind is found by resource and by kind', () => {
  for (const kind of kinds) {
    assert.equal(kindByResource(kind.group, kind.version, kind.plural), kind);
    assert.equal(kindByKind(kind.group, kind.version, kind.kind), kind);
  }
});

test('what is not there is not found, whatever its name', () => {
  assert.equal(kindByResource('', 'v1', 'constructor'), undefined);
  assert.equal(kindByResource('', 'v2', 'pods'), undefined);
  assert.equal(kindByKind('__proto__', 'v1', 'Pod'), undefined);
});

test('groups are in the order of discovery', () => {
  assert.deepEqual(
    [...new Set(kinds.map((kind) => `${kind.group}/${kind.version}`))],
    [
      '/v1',
      'apiregistration.k8s.io/v1',
      'apps/v1',
      'events.k8s.io/v1',
      'authentication.k8s.io/v1',
      'authorization.k8s.io/v1',
      'autoscaling/v2',
      'autoscaling/v1',
      'batch/v1',
      'certificates.k8s.io/v1',
      'networking.k8s.io/v1',
      'policy/v1',
      'rbac.authorization.k8s.io/v1',
      'storage.k8s.io/v1',
      'admissionregistration.k8s.io/v1',
      'apiextensions.k8s.io/v1',
      'scheduling.k8s.io/v1',
      'coordination.k8s.io/v1',
      'node.k8s.io/v1',
      'discovery.k8s.io/v1',
      'resource.k8s.io/v1',
      'flowcontrol.apiserver.k8s.io/v1',
      'metallb.io/v1beta1',
    ],
  );
});
