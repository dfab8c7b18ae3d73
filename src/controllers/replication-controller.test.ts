/** What differs from ReplicaSets. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fixedView } from '../client/fixed-view.ts';
import type { ReplicationController } from '../kinds/generated/types.ts';
import { replicationController } from './replication-controller.ts';

const web = (selector: Record<string, string>): ReplicationController => ({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name: 'web', namespace: 'default', uid: 'uid-web', generation: 1 },
  spec: { replicas: 2, selector, template: { metadata: { labels: { app: 'web' } } } },
});

const reconcile = (object: ReplicationController) => [
  ...replicationController.reconcile('default/web', fixedView(replicationController, { objects: [object] })),
];

describe('a replication controller', () => {
  test('makes pods, and counts none that terminate', () => {
    const [status, ...pods] = reconcile(web({ app: 'web' }));
    assert.deepEqual(
      pods.map(({ type }) => type),
      ['create', 'create'],
    );
    assert.ok(status?.type === 'update');
    assert.deepEqual((status.object as ReplicationController).status, { replicas: 0, observedGeneration: 1 });
  });

  test('selects nothing with an empty selector', () => assert.deepEqual(reconcile(web({})), []));
});
