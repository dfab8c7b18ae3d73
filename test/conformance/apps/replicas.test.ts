/** ReplicaSets and ReplicationControllers. Source of the cases: test/e2e/apps/replica_set.go, rc.go and test/integration/replicaset/replicaset_test.go of kubernetes/kubernetes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type {
  LabelSelector,
  Pod,
  ReplicaSet,
  ReplicationController,
} from '../../../src/kinds/generated/types.ts';
import { isRunning, labels, startApps, template } from './world.ts';

type Replicated = ReplicaSet | ReplicationController;

const kinds: {
  kind: 'ReplicaSet' | 'ReplicationController';
  path: string;
  selector: LabelSelector | Record<string, string>;
}[] = [
  {
    kind: 'ReplicaSet',
    path: '/apis/apps/v1/namespaces/default/replicasets/web',
    selector: { matchLabels: labels },
  },
  {
    kind: 'ReplicationController',
    path: '/api/v1/namespaces/default/replicationcontrollers/web',
    selector: labels,
  },
];

const owners = ({ metadata }: Pod) => metadata.ownerReferences?.map(({ kind, name }) => [kind, name]);
const conditions = ({ status }: Replicated) =>
  status?.conditions?.map(({ type, status: is, reason, message }) => [type, is, reason, message]);

for (const { kind, path, selector } of kinds) {
  const object = (spec: object = {}, metadata: object = {}) => ({
    metadata: { name: 'web', labels: { suite: 'apps' }, ...metadata },
    spec: { replicas: 2, selector, template: template(), ...spec },
  });

  describe(`a ${kind}`, () => {
    test('says that its pods are refused for a quota, until it wants fewer', async (t) => {
      const world = await startApps(t);
      await world.create('ResourceQuota', { metadata: { name: 'two' }, spec: { hard: { pods: '2' } } });
      await world.seconds(2);
      await world.create(kind, object({ replicas: 3 }));
      await world.seconds(10);
      const [[type, is, reason, message] = []] = conditions(await world.get(kind, 'web')) ?? [];
      assert.deepEqual([type, is, reason], ['ReplicaFailure', 'True', 'FailedCreate']);
      assert.match(
        message ?? '',
        /^pods "web-\w{5}" is forbidden: exceeded quota: two, requested: pods=1, used: pods=2, limited: pods=2$/,
      );
      await world.patch(kind, 'web', { spec: { replicas: 2 } });
      await world.seconds(10);
      assert.equal(conditions(await world.get(kind, 'web')), undefined);
    });

    test('adopts a pod that matches, and lets it go when it does not', async (t) => {
      const world = await startApps(t);
      const { spec } = template();
      await world.create('Pod', { metadata: { name: 'lone', labels }, spec });
      await world.seconds(3);
      await world.create(kind, object({ replicas: 1 }));
      await world.seconds(3);
      assert.deepEqual(
        (await world.list('Pod')).map((pod) => [pod.metadata.name, owners(pod)]),
        [['lone', [[kind, 'web']]]],
      );
      await world.patch('Pod', 'lone', { metadata: { labels: { app: 'other' } } });
      await world.seconds(3);
      assert.equal(owners(await world.get('Pod', 'lone')), undefined);
      assert.equal((await world.list('Pod', 'app=web')).length, 1);
    });

    test('is scaled by its subresource: read, replaced and patched', async (t) => {
      const world = await startApps(t);
      await world.create(kind, object({ replicas: 1 }));
      await world.seconds(3);
      const scale = (await world.subresource('GET', `${path}/scale`)) as Replicated;
      assert.deepEqual([scale.spec, scale.status], [{ replicas: 1 }, { replicas: 1, selector: 'app=web' }]);
      const spec = { replicas: 2 };
      const answer = (await world.subresource('PUT', `${path}/scale`, { ...scale, spec })) as Replicated;
      assert.deepEqual([answer.kind, answer.apiVersion, answer.spec], ['Scale', 'autoscaling/v1', spec]);
      await world.seconds(3);
      assert.equal((await world.list('Pod')).filter(isRunning).length, 2);
      await world.patch(
        kind,
        'web',
        { spec: { replicas: 4 } },
        { subresource: 'scale', patchType: 'strategic' },
      );
      await world.seconds(3);
      assert.equal((await world.list('Pod')).filter(isRunning).length, 4);
    });

    test('through patches of spec, status and scale, until a collection is deleted', async (t) => {
      const world = await startApps(t);
      await world.create(kind, object());
      await world.seconds(3);
      const patched = await world.patch(
        kind,
        'web',
        { metadata: { labels: { stage: 'patched' } }, spec: { replicas: 3 } },
        { patchType: 'strategic' },
      );
      assert.deepEqual([patched.metadata.labels?.stage, patched.spec?.replicas], ['patched', 3]);
      await world.seconds(5);
      const read = (await world.subresource('GET', `${path}/status`)) as Replicated;
      const mine = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
      await world.subresource('PUT', `${path}/status`, {
        ...read,
        status: { ...read.status, conditions: [mine] },
      });
      await world.seconds(5);
      const after = await world.get(kind, 'web');
      assert.deepEqual(
        [after.status?.conditions, after.status?.readyReplicas],
        [[{ ...mine, lastTransitionTime: null }], 3],
      );
      const status = { readyReplicas: 0, availableReplicas: 0 };
      const wrong = await world.patch(
        kind,
        'web',
        { metadata: { labels: { stage: 'status' } }, status },
        { patchType: 'strategic', subresource: 'status' },
      );
      assert.deepEqual([wrong.status?.readyReplicas, wrong.metadata.labels?.stage], [undefined, 'status']);
      await world.seconds(5);
      assert.equal((await world.get(kind, 'web')).status?.availableReplicas, 3);
      const all = await world.simulation.client.of(kind).list({ labelSelector: 'suite=apps' });
      assert.equal(all.items.length, 1);
      await world.simulation.client.of(kind).deleteCollection({
        namespace: 'default',
        labelSelector: 'suite=apps',
        propagationPolicy: 'Background',
      });
      await world.seconds(40);
      assert.deepEqual([await world.list(kind), await world.list('Pod')], [[], []]);
    });
  });
}
