/**
 * What goes with its owner, what stays, and in which order; through the controllers that make dependents.
 * Source: test/e2e/apimachinery/garbage_collector.go. The collector by itself: src/controllers/garbage-collector.test.ts.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { KindName } from '../../../src/client/kind-names.ts';
import { cronJob } from '../../../src/controllers/cron-job.ts';
import { deployment } from '../../../src/controllers/deployment.ts';
import { garbageCollector } from '../../../src/controllers/garbage-collector.ts';
import { job } from '../../../src/controllers/job.ts';
import { replicaSet } from '../../../src/controllers/replica-set.ts';
import { replicationController } from '../../../src/controllers/replication-controller.ts';
import type { Pod } from '../../../src/kinds/generated/types.ts';
import { startCluster, type TestCluster, template } from '../../controllers/cluster.ts';

describe('dependents', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await startCluster({
      controllers: [garbageCollector, deployment, replicaSet, replicationController, job, cronJob],
    });
  });
  afterEach(() => cluster.close());

  const labels = { gc: 'test' };
  /** Once there is something to do. */
  const kubelet = async () => {
    await cluster.settle();
    await cluster.kubelet();
  };
  const controller = async (name: string, replicas: number, selector: Record<string, string> = labels) => {
    await cluster.create('ReplicationController', {
      metadata: { name },
      spec: { replicas, selector, template: template(selector) },
    });
    await kubelet();
    return cluster.get('ReplicationController', name);
  };
  const remove = async (kind: KindName, name: string, options: object = {}) => {
    await cluster.client.of(kind).delete({ namespace: 'default', name }, options);
    await cluster.settle();
  };
  const count = async (kind: KindName) => (await cluster.list(kind)).length;
  const owners = (pods: readonly Pod[]) =>
    pods.map(({ metadata }) => (metadata.ownerReferences ?? []).map(({ name }) => name));

  test('pods of a ReplicationController go with it in the background', async () => {
    await controller('simple', 2);
    await remove('ReplicationController', 'simple', { propagationPolicy: 'Background' });
    assert.equal(await count('ReplicationController'), 0);
    await kubelet();
    assert.equal(await count('Pod'), 0);
  });

  for (const [name, options] of [
    ['orphaned', { propagationPolicy: 'Orphan' }],
    ['left alone by default', {}],
  ] as const)
    test(`pods of a ReplicationController are ${name}`, async () => {
      await controller('simple', 5);
      await remove('ReplicationController', 'simple', options);
      await cluster.advance(30_000);
      assert.equal(await count('ReplicationController'), 0);
      const pods = await cluster.list('Pod');
      assert.deepEqual(
        [owners(pods), pods.filter(({ metadata }) => metadata.deletionTimestamp !== undefined).length],
        [[[], [], [], [], []], 0],
      );
    });

  for (const [policy, left] of [
    ['Background', 0],
    ['Orphan', 1],
  ] as const)
    test(`the ReplicaSet of a Deployment, ${policy}`, async () => {
      await cluster.create('Deployment', {
        metadata: { name: 'web' },
        spec: { replicas: 2, selector: { matchLabels: labels }, template: template(labels) },
      });
      await kubelet();
      await remove('Deployment', 'web', { propagationPolicy: policy });
      await kubelet();
      const sets = await cluster.list('ReplicaSet');
      assert.deepEqual(
        [sets.length, await count('Pod'), sets.map(({ metadata }) => metadata.ownerReferences)],
        [left, 2 * left, left === 0 ? [] : [undefined]],
      );
    });

  test('in the foreground a ReplicationController waits for all of its pods', async () => {
    const { metadata } = await controller('simple', 10);
    await remove('ReplicationController', 'simple', {
      propagationPolicy: 'Foreground',
      preconditions: { uid: metadata.uid },
    });
    const waiting = await cluster.get('ReplicationController', 'simple');
    assert.deepEqual(waiting.metadata.finalizers, ['foregroundDeletion']);
    const pods = await cluster.list('Pod');
    assert.deepEqual(
      [pods.length, pods.every((pod) => pod.metadata.deletionTimestamp !== undefined)],
      [10, true],
    );
    await kubelet();
    assert.deepEqual([await count('ReplicationController'), await count('Pod')], [0, 0]);
  });

  test('who has another owner, that stays, stays and forgets the one that waits', async () => {
    const { metadata } = await controller('going', 10);
    const staying = await controller('staying', 0, { gc: 'other' });
    const { uid, name = '' } = staying.metadata;
    const pods = await cluster.list('Pod');
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ReplicationController', name, uid }];
    for (const pod of pods.slice(0, 5))
      await cluster.client
        .of('Pod')
        .patch(
          { namespace: 'default', name: pod.metadata.name ?? '' },
          { type: 'strategic', patch: { metadata: { ownerReferences } } },
        );
    await remove('ReplicationController', 'going', {
      propagationPolicy: 'Foreground',
      preconditions: { uid: metadata.uid },
    });
    await kubelet();
    const left = await cluster.list('Pod');
    assert.deepEqual(owners(left), Array(5).fill(['staying']));
    assert.ok(left.every((pod) => pod.metadata.deletionTimestamp === undefined));
    assert.deepEqual(
      (await cluster.list('ReplicationController')).map((each) => each.metadata.name),
      ['staying'],
    );
  });

  test('pods that own each other in a circle all go', async () => {
    const made: Pod[] = [];
    for (const name of ['pod1', 'pod2', 'pod3'])
      made.push(await cluster.create('Pod', { metadata: { name }, spec: template({}).spec }));
    for (const [at, pod] of made.entries()) {
      const owner = made[(at + 2) % 3] as Pod;
      const { name, uid } = owner.metadata;
      const reference = {
        apiVersion: 'v1',
        kind: 'Pod',
        name,
        uid,
        controller: true,
        blockOwnerDeletion: true,
      };
      await cluster.patch('Pod', pod.metadata.name ?? '', { metadata: { ownerReferences: [reference] } });
    }
    await kubelet();
    await remove('Pod', 'pod1', { propagationPolicy: 'Foreground' });
    for (let round = 0; round < 3; round++) await kubelet();
    assert.equal(await count('Pod'), 0);
  });

  test('Jobs and pods of a CronJob go with it', async () => {
    await cluster.create('CronJob', {
      metadata: { name: 'simple' },
      spec: {
        schedule: '*/1 * * * ?',
        jobTemplate: { spec: { template: { spec: { ...template({}).spec, restartPolicy: 'OnFailure' } } } },
      },
    });
    await cluster.advance(61_000);
    await kubelet();
    assert.deepEqual([await count('Job'), await count('Pod')], [1, 1]);
    await remove('CronJob', 'simple', { propagationPolicy: 'Background' });
    for (let round = 0; round < 3; round++) await kubelet();
    assert.deepEqual([await count('CronJob'), await count('Job'), await count('Pod')], [0, 0, 0]);
  });
});
