import assert from 'node:assert/strict';
import { test } from 'node:test';
import { observe } from '../../client/controller.ts';
import { fixedView } from '../../client/fixed-view.ts';
import type { HorizontalPodAutoscalerV2 } from '../../kinds/generated/types.ts';
import { findTarget, scalableKinds } from './scale-target.ts';

const view = fixedView(
  {
    watches: {
      Deployment: observe,
      ReplicationController: observe,
      StatefulSet: observe,
      ReplicaSet: observe,
    },
  },
  {
    objects: [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { namespace: 'default', name: 'web' },
        spec: { replicas: 3, selector: { matchLabels: { app: 'web' } } },
      } as never,
      {
        apiVersion: 'v1',
        kind: 'ReplicationController',
        metadata: { namespace: 'default', name: 'old' },
        spec: { replicas: 2, selector: { app: 'old' } },
      } as never,
    ],
  },
);

const target = (apiVersion: string | undefined, kind: string, name: string) =>
  findTarget(
    {
      metadata: { namespace: 'default', name: 'h' },
      spec: { maxReplicas: 1, scaleTargetRef: { apiVersion, kind, name } },
    } as HorizontalPodAutoscalerV2,
    view,
  );

test('what is there is found in any version of its group', () => {
  assert.deepEqual(target('apps/v1', 'Deployment', 'web'), {
    kind: 'Deployment',
    key: 'default/web',
    replicas: 3,
    selector: 'app=web',
  });
  assert.deepEqual(target('apps/v1beta1', 'Deployment', 'web'), target('apps/v1', 'Deployment', 'web'));
  assert.deepEqual(target('v1', 'ReplicationController', 'old'), {
    kind: 'ReplicationController',
    key: 'default/old',
    replicas: 2,
    selector: 'app=old',
  });
});

test('what is not says why', () => {
  assert.deepEqual(
    [
      target('apps/v1', 'Deployment', 'gone'),
      target('v1', 'ReplicationController', 'gone'),
      target('v1', 'Deployment', 'web'),
      target('v1', 'ConfigMap', 'web'),
      target('a/b/c', 'Deployment', 'web'),
    ],
    [
      'deployments.apps "gone" not found',
      'replicationcontrollers "gone" not found',
      'no matches for kind "Deployment" in group ""',
      'the server could not find the requested resource',
      'unexpected GroupVersion string: a/b/c',
    ],
  );
});

test('what can be scaled', () => {
  assert.deepEqual([...scalableKinds].sort(), [
    'Deployment',
    'ReplicaSet',
    'ReplicationController',
    'StatefulSet',
  ]);
});
