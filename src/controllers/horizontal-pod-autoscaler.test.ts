import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startCluster, type TestCluster, template } from '../../test/controllers/cluster.ts';
import { StatusError } from '../kinds/status.ts';
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts';

const noMetrics =
  'failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)';
const able =
  "AbleToScale True SucceededGetScale the HPA controller was able to get the target's current scale";

async function withCluster(
  run: (cluster: TestCluster) => Promise<void>,
  wrap?: Parameters<typeof startCluster>[0]['wrap'],
): Promise<void> {
  const cluster = await startCluster({
    controllers: [horizontalPodAutoscaler],
    ...(wrap === undefined ? {} : { wrap }),
  });
  try {
    await run(cluster);
  } finally {
    await cluster.close();
  }
}

const makeTarget = (cluster: TestCluster, replicas: number, name = 'web') =>
  cluster.create('Deployment', {
    metadata: { name },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template({ app: 'web' }) },
  });

async function makeAutoscaler(cluster: TestCluster, spec: object = {}, name = 'web'): Promise<void> {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  await cluster.create('HorizontalPodAutoscaler', {
    metadata: { name },
    spec: { scaleTargetRef, minReplicas: 2, maxReplicas: 4, ...spec },
  });
  await cluster.settle();
}

const statusOf = async (cluster: TestCluster) => (await cluster.get('HorizontalPodAutoscaler', 'web')).status;

const conditionsOf = async (cluster: TestCluster) =>
  ((await statusOf(cluster))?.conditions ?? []).map(
    ({ type, status, reason, message }) => `${type} ${status} ${reason} ${message}`,
  );

const replicasOf = async (cluster: TestCluster) => (await cluster.get('Deployment', 'web')).spec?.replicas;

describe('without metrics', () => {
  test('it says so, in conditions and Events, every fifteen seconds, and scales nothing', () =>
    withCluster(async (cluster) => {
      await makeTarget(cluster, 3);
      await makeAutoscaler(cluster);
      const failed = `the HPA was unable to compute the replica count: ${noMetrics}`;
      assert.deepEqual(await conditionsOf(cluster), [
        able,
        `ScalingActive False FailedGetResourceMetric ${failed}`,
      ]);
      const status = await statusOf(cluster);
      assert.deepEqual(
        [status?.currentReplicas, status?.desiredReplicas, status?.currentMetrics, status?.lastScaleTime],
        [3, 0, [{ type: '' }], undefined],
      );
      assert.deepEqual(await cluster.events(), [
        `Warning FailedGetResourceMetric ${noMetrics}`,
        `Warning FailedComputeMetricsReplicas invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${noMetrics}`,
      ]);
      const before = (await cluster.get('HorizontalPodAutoscaler', 'web')).metadata.resourceVersion;
      await cluster.advance(15_000);
      const counts = (await cluster.client.of('Event').list({ namespace: 'default' })).items;
      assert.deepEqual(
        counts.map(({ count }) => count),
        [2, 2],
      );
      assert.equal((await cluster.get('HorizontalPodAutoscaler', 'web')).metadata.resourceVersion, before);
      assert.equal(await replicasOf(cluster), 3);
    }));

  test('a target at zero is left alone', () =>
    withCluster(async (cluster) => {
      await makeTarget(cluster, 0);
      await makeAutoscaler(cluster);
      assert.deepEqual(await conditionsOf(cluster), [
        able,
        'ScalingActive False ScalingDisabled scaling is disabled since the replica count of the target is zero',
      ]);
      assert.deepEqual([await replicasOf(cluster), await cluster.events()], [0, []]);
    }));

  for (const [name, replicas, bound, reason] of [
    ['below the least', 1, 2, 'Current number of replicas below Spec.MinReplicas'],
    ['above the most', 9, 4, 'Current number of replicas above Spec.MaxReplicas'],
  ] as const)
    test(`a target ${name} is brought there`, () =>
      withCluster(async (cluster) => {
        await makeTarget(cluster, replicas);
        await makeAutoscaler(cluster);
        assert.equal(await replicasOf(cluster), bound);
        assert.deepEqual(await conditionsOf(cluster), [
          `AbleToScale True SucceededRescale the HPA controller was able to update the target scale to ${bound}`,
        ]);
        assert.deepEqual(await cluster.events(), [
          `Normal SuccessfulRescale New size: ${bound}; reason: ${reason}`,
        ]);
        const status = await statusOf(cluster);
        assert.deepEqual(
          [status?.currentReplicas, status?.desiredReplicas, status?.lastScaleTime !== undefined],
          [replicas, bound, true],
        );
        await cluster.advance(15_000);
        assert.deepEqual((await conditionsOf(cluster))[0], able);
        assert.equal((await statusOf(cluster))?.currentReplicas, bound);
      }));

  test('bounds that change are kept at once', () =>
    withCluster(async (cluster) => {
      await makeTarget(cluster, 3);
      await makeAutoscaler(cluster);
      await cluster.patch('HorizontalPodAutoscaler', 'web', { spec: { minReplicas: 4 } });
      await cluster.settle();
      assert.equal(await replicasOf(cluster), 4);
    }));

  test('two that select the same pods get in each other’s way', () =>
    withCluster(async (cluster) => {
      await makeTarget(cluster, 3);
      await cluster.create('Pod', {
        metadata: { name: 'web-0', labels: { app: 'web' } },
        spec: template({}).spec,
      });
      await makeAutoscaler(cluster, {}, 'other');
      await makeAutoscaler(cluster);
      assert.equal(
        (await conditionsOf(cluster))[1],
        'ScalingActive False AmbiguousSelector pods by selector app=web are controlled by multiple HPAs: [default/other default/web]',
      );
    }));
});

describe('targets that cannot be scaled', () => {
  const cases: [name: string, reference: object, why: string][] = [
    [
      'missing',
      { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      'deployments.apps "web" not found',
    ],
    [
      'of no known kind',
      { apiVersion: 'example.com/v1', kind: 'Ship', name: 'web' },
      'no matches for kind "Ship" in group "example.com"',
    ],
    [
      'of a kind without a scale',
      { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'web' },
      'the server could not find the requested resource',
    ],
    [
      'of a version that is none',
      { apiVersion: 'a/b/c', kind: 'Deployment', name: 'web' },
      'unexpected GroupVersion string: a/b/c',
    ],
  ];
  for (const [name, scaleTargetRef, why] of cases)
    test(name, () =>
      withCluster(async (cluster) => {
        await makeAutoscaler(cluster, { scaleTargetRef });
        assert.deepEqual(await conditionsOf(cluster), [
          `AbleToScale False FailedGetScale the HPA controller was unable to get the target's current scale: ${why}`,
        ]);
        assert.deepEqual(await cluster.events(), [`Warning FailedGetScale ${why}`]);
      }),
    );

  test('one that comes later is found at the next look', () =>
    withCluster(async (cluster) => {
      await makeAutoscaler(cluster);
      await makeTarget(cluster, 1);
      await cluster.advance(15_000);
      assert.equal(await replicasOf(cluster), 2);
    }));

  test('a refused rescale is told and tried again', () => {
    let refuses = true;
    const refusal = new StatusError(403, 'Forbidden', 'not today');
    return withCluster(
      async (cluster) => {
        await makeTarget(cluster, 1);
        await makeAutoscaler(cluster);
        await cluster.advance(1_000);
        assert.deepEqual(await conditionsOf(cluster), [
          'AbleToScale False FailedUpdateScale the HPA controller was unable to update the target scale: not today',
        ]);
        const told =
          'Warning FailedRescale New size: 2; reason: Current number of replicas below Spec.MinReplicas; error: not today';
        assert.deepEqual([...new Set(await cluster.events())], [told]);
        refuses = false;
        await cluster.advance(15_000);
        assert.equal(await replicasOf(cluster), 2);
        assert.deepEqual((await conditionsOf(cluster))[0]?.split(' ').slice(0, 2), ['AbleToScale', 'True']);
      },
      (inner) => ({
        close: () => inner.close(),
        async send(request) {
          if (!refuses || !request.url.includes('/scale')) return inner.send(request);
          return {
            status: 403,
            headers: {},
            body: Buffer.from(JSON.stringify(refusal.toStatus())),
          };
        },
      }),
    );
  });
});
