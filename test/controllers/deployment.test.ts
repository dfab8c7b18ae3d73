/** Deployments with their replica sets against the API server; the test does what kubelets would do. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployment } from '../../src/controllers/deployment.ts';
import { replicaSet } from '../../src/controllers/replica-set.ts';
import type { Deployment } from '../../src/kinds/generated/types.ts';
import { startCluster, type TestCluster, template } from './cluster.ts';

const controllers = [replicaSet, deployment];

const web = (spec: object = {}) => ({
  metadata: { name: 'web' },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'web' } },
    template: template({ app: 'web' }),
    ...spec,
  },
});

const withImage = (image: string) => ({ spec: { template: template({ app: 'web' }, image) } });

/** Pods that count, and those of them that are ready. */
async function count(cluster: TestCluster): Promise<{ active: number; ready: number }> {
  const active = (await cluster.list('Pod')).filter(
    ({ metadata }) => metadata.deletionTimestamp === undefined,
  );
  const ready = active.filter(({ status }) =>
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  );
  return { active: active.length, ready: ready.length };
}

/** One pod at a time is run or ended; after each step the numbers must be within bounds. */
async function rollStepwise(cluster: TestCluster, check: () => Promise<void>): Promise<number> {
  for (let steps = 0; ; steps++) {
    await cluster.settle();
    await check();
    const pods = await cluster.list('Pod');
    const next =
      pods.find(({ metadata }) => metadata.deletionTimestamp !== undefined) ??
      pods.find(({ status }) => status?.phase === 'Pending');
    if (next === undefined) return steps;
    if (next.metadata.deletionTimestamp !== undefined) await cluster.finish(next);
    else await cluster.run(next);
    if (steps > 200) assert.fail('the rollout does not end');
  }
}

const sizes = async (cluster: TestCluster) =>
  Object.fromEntries(
    (await cluster.list('ReplicaSet')).map(({ metadata, spec }) => [
      metadata.annotations?.['deployment.kubernetes.io/revision'],
      spec?.replicas,
    ]),
  );

const progressing = ({ status }: Deployment) => {
  const found = status?.conditions?.find(({ type }) => type === 'Progressing');
  return `${found?.status} ${found?.reason}`;
};

async function startWeb(spec: object = {}): Promise<TestCluster> {
  const cluster = await startCluster({ controllers });
  await cluster.create('Deployment', web(spec));
  await cluster.settle();
  await cluster.kubelet();
  return cluster;
}

describe('a deployment', () => {
  test('makes a replica set, and says all of it', async () => {
    const cluster = await startWeb();
    const found = await cluster.get('Deployment', 'web');
    const [set] = await cluster.list('ReplicaSet');
    const hash = set?.metadata.labels?.['pod-template-hash'];
    assert.match(hash ?? '', /^[bcdfghjklmnpqrstvwxz2456789]{5,10}$/);
    assert.equal(set?.metadata.name, `web-${hash}`);
    assert.deepEqual(set?.metadata.annotations, {
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
      'deployment.kubernetes.io/revision': '1',
    });
    assert.deepEqual(set?.spec?.selector, { matchLabels: { app: 'web', 'pod-template-hash': hash } });
    const { conditions, ...counts } = found.status ?? {};
    assert.deepEqual(counts, {
      observedGeneration: 1,
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      terminatingReplicas: 0,
    });
    assert.deepEqual(
      conditions?.map(({ type, status, reason, message }) => `${type} ${status} ${reason}: ${message}`),
      [
        'Available True MinimumReplicasAvailable: Deployment has minimum availability.',
        `Progressing True NewReplicaSetAvailable: ReplicaSet "web-${hash}" has successfully progressed.`,
      ],
    );
    assert.equal(found.metadata.annotations?.['deployment.kubernetes.io/revision'], '1');
    assert.equal(found.metadata.generation, 1);
    const told = (await cluster.events()).filter((line) => line.includes('ScalingReplicaSet'));
    assert.deepEqual(told, [`Normal ScalingReplicaSet Scaled up replica set web-${hash} from 0 to 3`]);
    const writes = cluster.controllers.map(({ counts: each }) => each.writes);
    await cluster.advance(30_000);
    assert.deepEqual(
      cluster.controllers.map(({ counts: each }) => each.writes),
      writes,
      'settled',
    );
    await cluster.close();
  });

  const strategies: Record<string, { rollingUpdate: object; most: number; least: number }> = {
    'the default': { rollingUpdate: {}, most: 5, least: 3 },
    'no surge': { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 }, most: 4, least: 3 },
    'all at once': { rollingUpdate: { maxSurge: '100%', maxUnavailable: 0 }, most: 8, least: 4 },
    'half and half': { rollingUpdate: { maxSurge: 2, maxUnavailable: 2 }, most: 6, least: 2 },
  };
  for (const [name, { rollingUpdate, most, least }] of Object.entries(strategies))
    test(`rolls within its bounds: ${name}`, async () => {
      const strategy = { type: 'RollingUpdate', rollingUpdate };
      const cluster = await startWeb({ replicas: 4, strategy });
      await cluster.patch('Deployment', 'web', withImage('nginx:1.30'));
      await rollStepwise(cluster, async () => {
        const { active, ready } = await count(cluster);
        assert.ok(active <= most, `${active} pods are more than ${most}`);
        assert.ok(ready >= least, `${ready} ready pods are fewer than ${least}`);
      });
      assert.deepEqual(await sizes(cluster), { 1: 0, 2: 4 });
      assert.deepEqual(await count(cluster), { active: 4, ready: 4 });
      assert.equal(progressing(await cluster.get('Deployment', 'web')), 'True NewReplicaSetAvailable');
      await cluster.close();
    });

  test('recreates only when every old pod is gone', async () => {
    const cluster = await startWeb({ strategy: { type: 'Recreate' } });
    await cluster.patch('Deployment', 'web', withImage('nginx:1.30'));
    await cluster.settle();
    const images = async () =>
      new Set((await cluster.list('Pod')).map(({ spec }) => spec?.containers[0]?.image));
    assert.deepEqual(await count(cluster), { active: 0, ready: 0 });
    await rollStepwise(cluster, async () => assert.ok((await images()).size <= 1));
    assert.deepEqual(await images(), new Set(['nginx:1.30']));
    assert.deepEqual(await sizes(cluster), { 1: 0, 2: 3 });
    await cluster.close();
  });

  test('goes back to an old template with its old replica set', async () => {
    const cluster = await startWeb();
    await cluster.patch('Deployment', 'web', withImage('nginx:1.30'));
    await rollStepwise(cluster, async () => {});
    await cluster.patch('Deployment', 'web', withImage('nginx:1.29'));
    await rollStepwise(cluster, async () => {});
    const sets = await cluster.list('ReplicaSet');
    const annotations = (revision: string) =>
      sets.find(({ metadata }) => metadata.annotations?.['deployment.kubernetes.io/revision'] === revision)
        ?.metadata.annotations;
    assert.equal(sets.length, 2);
    assert.deepEqual(await sizes(cluster), { 2: 0, 3: 3 });
    assert.equal(annotations('3')?.['deployment.kubernetes.io/revision-history'], '1');
    const found = await cluster.get('Deployment', 'web');
    assert.equal(found.metadata.annotations?.['deployment.kubernetes.io/revision'], '3');
    await cluster.close();
  });

  test('does not roll while it is paused, but scales', async () => {
    const cluster = await startWeb();
    await cluster.patch('Deployment', 'web', { spec: { paused: true } });
    await cluster.settle();
    assert.equal(progressing(await cluster.get('Deployment', 'web')), 'Unknown DeploymentPaused');
    await cluster.patch('Deployment', 'web', { spec: { ...withImage('nginx:1.30').spec, replicas: 5 } });
    await cluster.settle();
    assert.deepEqual(await sizes(cluster), { 1: 5 });
    await cluster.patch('Deployment', 'web', { spec: { paused: null } });
    await cluster.settle();
    assert.equal(Object.keys(await sizes(cluster)).length, 2);
    await rollStepwise(cluster, async () => {});
    assert.deepEqual(await sizes(cluster), { 1: 0, 2: 5 });
    await cluster.close();
  });

  test('shares a change of scale between the replica sets of a rollout', async () => {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
    const cluster = await startWeb({ replicas: 10, strategy });
    await cluster.patch('Deployment', 'web', withImage('broken:1'));
    await cluster.settle();
    assert.deepEqual(await sizes(cluster), { 1: 8, 2: 5 });
    await cluster.patch('Deployment', 'web', { spec: { replicas: 15 } });
    await cluster.settle();
    // As the documentation of Kubernetes has it: 15 + 3 pods, shared 11 to 7.
    assert.deepEqual(await sizes(cluster), { 1: 11, 2: 7 });
    await cluster.close();
  });

  test('says when it does not get on', async () => {
    const cluster = await startWeb({ progressDeadlineSeconds: 60 });
    await cluster.patch('Deployment', 'web', withImage('broken:1'));
    await cluster.advance(59_000);
    assert.equal(progressing(await cluster.get('Deployment', 'web')), 'True ReplicaSetUpdated');
    await cluster.advance(4_000);
    assert.equal(progressing(await cluster.get('Deployment', 'web')), 'False ProgressDeadlineExceeded');
    await cluster.close();
  });

  test('keeps as many old replica sets as it is told', async () => {
    const cluster = await startWeb({ revisionHistoryLimit: 1 });
    for (const image of ['nginx:1.30', 'nginx:1.31', 'nginx:1.32']) {
      await cluster.patch('Deployment', 'web', withImage(image));
      await rollStepwise(cluster, async () => {});
    }
    assert.deepEqual(await sizes(cluster), { 3: 0, 4: 3 });
    await cluster.close();
  });

  test('takes another name when the one it wants is taken', async () => {
    const first = await startWeb();
    const [made] = await first.list('ReplicaSet');
    await first.close();
    const cluster = await startCluster({ controllers });
    const labels = { other: 'one' };
    await cluster.create('ReplicaSet', {
      metadata: { name: made?.metadata.name },
      spec: { replicas: 0, selector: { matchLabels: labels }, template: template(labels) },
    });
    await cluster.create('Deployment', web());
    await cluster.settle();
    await cluster.kubelet();
    const { status } = await cluster.get('Deployment', 'web');
    assert.equal(status?.collisionCount, 1);
    assert.equal(status?.availableReplicas, 3);
    await cluster.close();
  });
});
