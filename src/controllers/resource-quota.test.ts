import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startCluster, type TestCluster, template } from '../../test/controllers/cluster.ts';
import { fixedView } from '../client/fixed-view.ts';
import type { KindName } from '../client/kind-names.ts';
import type { Deployment, Pod, ResourceQuota } from '../kinds/generated/types.ts';
import { deployment } from './deployment.ts';
import { replicaSet } from './replica-set.ts';
import { resourceQuota } from './resource-quota.ts';

const now = Date.UTC(2026, 0, 1);

const quota = (hard: Record<string, string>, used?: Record<string, string>): ResourceQuota => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { namespace: 'default', name: 'q', uid: 'u', resourceVersion: '50' },
  spec: { hard },
  status: used === undefined ? {} : { hard, used },
});

const pod = (name: string, more: { metadata?: object; phase?: string; cpu?: string } = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'default', name, ...more.metadata },
  spec: {
    containers: [
      { name: 'c', image: 'x', ...(more.cpu ? { resources: { requests: { cpu: more.cpu } } } : {}) },
    ],
  },
  status: { phase: more.phase ?? 'Running' },
});

/** The statuses and waits that one look at the quota asks for. */
function plan(objects: (ResourceQuota | Pod)[], revisions: { [Name in KindName]?: number } = {}): unknown[] {
  const controller = resourceQuota();
  const view = fixedView(controller, { now, objects, revisions });
  return [...controller.reconcile('default/q', view)].map((change) =>
    change.type === 'update' ? (change.object as ResourceQuota).status : change,
  );
}

describe('one look at a quota', () => {
  test('a new quota is counted, terminal pods only as objects', () => {
    const hard = { pods: '5', 'count/pods': '9', 'requests.cpu': '2', 'example.com/none': '1' };
    assert.deepEqual(
      plan([quota(hard), pod('a', { cpu: '500m' }), pod('b', { phase: 'Failed', cpu: '1' }), pod('c')]),
      [{ hard, used: { 'count/pods': '3', pods: '2', 'requests.cpu': '500m' } }],
    );
  });

  test('nothing is written when all is right', () => {
    assert.deepEqual(plan([quota({ pods: '5' }, { pods: '1' }), pod('a')]), []);
    assert.deepEqual(plan([{ ...quota({}), spec: {} }]), []);
  });

  test('limits that changed are taken over, and what is no longer limited is forgotten', () => {
    const changed = {
      ...quota({ pods: '5' }, { pods: '1', configmaps: '3' }),
      spec: { hard: { pods: '7' } },
    };
    assert.deepEqual(plan([changed, pod('a')]), [{ hard: { pods: '7' }, used: { pods: '1' } }]);
  });

  test('the count is not lowered before the cache has what was charged', () => {
    const charged = quota({ pods: '5' }, { pods: '2' });
    assert.deepEqual(plan([charged, pod('a')], { Pod: 49 }), []);
    assert.deepEqual(plan([charged, pod('a')], { Pod: 50 }), [{ hard: { pods: '5' }, used: { pods: '1' } }]);
    // More than was charged is there: that is always so.
    const understated = quota({ pods: '5' }, { pods: '0' });
    assert.deepEqual(plan([understated, pod('a')], { Pod: 49 }), [
      { hard: { pods: '5' }, used: { pods: '1' } },
    ]);
  });

  test('a pod that is being deleted counts until its time is over', () => {
    const metadata = (second: number) => ({
      deletionTimestamp: new Date(now + second * 1000).toISOString(),
      deletionGracePeriodSeconds: 30,
    });
    assert.deepEqual(plan([quota({ pods: '5' }, { pods: '1' }), pod('a', { metadata: metadata(-20) })]), [
      { type: 'requeueAfter', milliseconds: 10_001 },
    ]);
    assert.deepEqual(plan([quota({ pods: '5' }, { pods: '1' }), pod('a', { metadata: metadata(-31) })]), [
      { hard: { pods: '5' }, used: { pods: '0' } },
    ]);
  });

  test('scopes choose what is counted', () => {
    const scoped = { ...quota({ pods: '5' }), spec: { hard: { pods: '5' }, scopes: ['NotBestEffort'] } };
    assert.deepEqual(plan([scoped, pod('a', { cpu: '1' }), pod('b')]), [
      { hard: { pods: '5' }, used: { pods: '1' } },
    ]);
  });
});

describe('with an API server', () => {
  async function withCluster(run: (cluster: TestCluster) => Promise<void>): Promise<void> {
    const cluster = await startCluster({ controllers: [deployment, replicaSet, resourceQuota()] });
    try {
      await run(cluster);
    } finally {
      await cluster.close();
    }
  }
  const usedOf = async (cluster: TestCluster) => (await cluster.get('ResourceQuota', 'q')).status?.used;

  test('what goes, ends or shrinks makes room again', () =>
    withCluster(async (cluster) => {
      const hard = {
        pods: '2',
        configmaps: '5',
        'services.nodeports': '3',
        'count/roles.rbac.authorization.k8s.io': '1',
      };
      await cluster.create('ResourceQuota', { metadata: { name: 'q' }, spec: { hard } });
      await cluster.settle();
      const ports = [{ port: 80 }];
      await cluster.create('Service', { metadata: { name: 'web' }, spec: { type: 'NodePort', ports } });
      await cluster.create('ConfigMap', { metadata: { name: 'a' } });
      await cluster.create('Role', { metadata: { name: 'r' }, rules: [] });
      const first = await cluster.create('Pod', { metadata: { name: 'a' }, spec: template({}).spec });
      await cluster.create('Pod', { metadata: { name: 'b' }, spec: template({}).spec });
      await cluster.settle();
      const all = {
        pods: '2',
        configmaps: '1',
        'services.nodeports': '1',
        'count/roles.rbac.authorization.k8s.io': '1',
      };
      assert.deepEqual(await usedOf(cluster), all);
      await cluster.client
        .of('Pod')
        .patch(
          { namespace: 'default', name: 'b' },
          { type: 'merge', patch: { status: { phase: 'Succeeded' } }, subresource: 'status' },
        );
      await cluster.patch('Service', 'web', { spec: { type: 'ClusterIP' } });
      await cluster.client.of('ConfigMap').delete({ namespace: 'default', name: 'a' });
      await cluster.client.of('Role').delete({ namespace: 'default', name: 'r' });
      await cluster.finish(first);
      await cluster.settle();
      assert.deepEqual(await usedOf(cluster), {
        pods: '0',
        configmaps: '0',
        'services.nodeports': '0',
        'count/roles.rbac.authorization.k8s.io': '0',
      });
    }));

  test('a settled namespace is not written to, whatever its pods report', () =>
    withCluster(async (cluster) => {
      await cluster.create('ResourceQuota', { metadata: { name: 'q' }, spec: { hard: { pods: '5' } } });
      await cluster.create('Pod', { metadata: { name: 'a' }, spec: template({}).spec });
      await cluster.kubelet();
      const before = (await cluster.get('ResourceQuota', 'q')).metadata.resourceVersion;
      await cluster.advance(11 * 60_000);
      assert.equal((await cluster.get('ResourceQuota', 'q')).metadata.resourceVersion, before);
    }));

  test('a Deployment that does not fit says why, and goes on when there is room', () =>
    withCluster(async (cluster) => {
      await cluster.create('ResourceQuota', { metadata: { name: 'q' }, spec: { hard: { pods: '2' } } });
      await cluster.settle();
      await cluster.create('Deployment', {
        metadata: { name: 'web' },
        spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: template({ app: 'web' }) },
      });
      await cluster.advance(2_000);
      const failureOf = (status: Deployment['status']) =>
        status?.conditions
          ?.filter(({ type }) => type === 'ReplicaFailure')
          .map(({ status, reason, message }) => [status, reason, message?.replace(/"web-.*?"/, '"POD"')]);
      const refusal =
        'pods "POD" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2';
      assert.deepEqual(failureOf((await cluster.get('Deployment', 'web')).status), [
        ['True', 'FailedCreate', refusal],
      ]);
      assert.equal((await cluster.list('Pod')).length, 2);
      const told = (await cluster.events()).filter((text) => text.includes('FailedCreate'));
      assert.ok(
        told.every(
          (text) => text.replace(/"web-.*?"/, '"POD"') === `Warning FailedCreate Error creating: ${refusal}`,
        ),
      );
      await cluster.patch('ResourceQuota', 'q', { spec: { hard: { pods: '3' } } });
      // The retries have spread out by now.
      await cluster.advance(60_000);
      assert.equal((await cluster.list('Pod')).length, 3);
      assert.deepEqual(failureOf((await cluster.get('Deployment', 'web')).status), []);
      assert.deepEqual(await usedOf(cluster), { pods: '3' });
    }));
});
