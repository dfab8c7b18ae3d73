/**
 * Every sort of call that users of the JavaScript client make, through its typed APIs over TLS. What the calls must do is
 * in upstream's test/e2e/apimachinery and test/e2e/apps; that another client than kubectl can make them is what is new.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  ApiException,
  AppsV1Api,
  BatchV1Api,
  CoordinationV1Api,
  CoreV1Api,
  PatchStrategy,
  PolicyV1Api,
  setHeaderOptions,
  V1MicroTime,
  type V1Status,
} from '@kubernetes/client-node';
import { type ClientCluster, eventually, startClientCluster } from './cluster.ts';

const namespace = 'typed';
const as = (patchType: string) => setHeaderOptions('Content-Type', patchType);
const container = { name: 'main', image: 'nginx' };

/** What the client makes of a refusal. */
async function refusal(call: Promise<unknown>): Promise<[number, string | undefined, string | undefined]> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof ApiException, String(error));
    const status = JSON.parse(error.body as string) as V1Status;
    assert.equal(status.kind, 'Status');
    assert.equal(status.code, error.code);
    return [error.code, status.reason, status.message];
  }
  throw new Error('was not refused');
}

describe('typed calls of the JavaScript client', () => {
  let cluster: ClientCluster;
  let core: CoreV1Api;
  let apps: AppsV1Api;
  let batch: BatchV1Api;
  before(async () => {
    cluster = await startClientCluster();
    core = cluster.config.makeApiClient(CoreV1Api);
    apps = cluster.config.makeApiClient(AppsV1Api);
    batch = cluster.config.makeApiClient(BatchV1Api);
    await core.createNamespace({ body: { metadata: { name: namespace } } });
  });
  after(() => cluster?.stop());

  test('an object is made, read, replaced, and goes', async () => {
    const made = await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'one', labels: { a: 'b' } }, data: { a: '1' }, binaryData: { b: 'AAE=' } },
    });
    assert.ok(made.metadata?.creationTimestamp instanceof Date);
    const read = await core.readNamespacedConfigMap({ namespace, name: 'one' });
    assert.deepEqual(read, made);
    const replaced = await core.replaceNamespacedConfigMap({
      namespace,
      name: 'one',
      body: { ...read, data: { a: '2' } },
    });
    assert.deepEqual([replaced.data, replaced.binaryData], [{ a: '2' }, { b: 'AAE=' }]);
    assert.deepEqual(
      (await refusal(core.replaceNamespacedConfigMap({ namespace, name: 'one', body: read }))).slice(0, 2),
      [409, 'Conflict'],
    );
    const gone = await core.deleteNamespacedConfigMap({ namespace, name: 'one' });
    assert.deepEqual(
      [gone.status, { ...gone.details }],
      ['Success', { name: 'one', kind: 'configmaps', uid: made.metadata.uid }],
    );
    assert.deepEqual(await refusal(core.readNamespacedConfigMap({ namespace, name: 'one' })), [
      404,
      'NotFound',
      'configmaps "one" not found',
    ]);
  });

  test('every patch type', async () => {
    const labels = { app: 'patched' };
    await apps.createNamespacedDeployment({
      namespace,
      body: {
        metadata: { name: 'patched' },
        spec: {
          replicas: 0,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [container, { name: 'side', image: 'x' }] } },
        },
      },
    });
    const patch = (patchType: string, body: unknown, more = {}) =>
      apps.patchNamespacedDeployment({ namespace, name: 'patched', body, ...more }, as(patchType));
    const json = await patch(PatchStrategy.JsonPatch, [
      { op: 'test', path: '/spec/replicas', value: 0 },
      { op: 'replace', path: '/spec/template/spec/containers/1/image', value: 'y' },
    ]);
    const merge = await patch(PatchStrategy.MergePatch, { metadata: { annotations: { note: 'here' } } });
    const strategic = await patch(PatchStrategy.StrategicMergePatch, {
      spec: { template: { spec: { containers: [{ name: 'side', $patch: 'delete' }] } } },
    });
    assert.equal(json.spec?.template.spec?.containers[1]?.image, 'y');
    assert.equal(merge.metadata?.annotations?.note, 'here');
    assert.deepEqual(
      strategic.spec?.template.spec?.containers.map(({ name }) => name),
      ['main'],
    );
    const apply = (minReadySeconds: number, options: object) =>
      patch(
        PatchStrategy.ServerSideApply,
        { apiVersion: 'apps/v1', kind: 'Deployment', spec: { minReadySeconds } },
        options,
      );
    const applied = await apply(3, { fieldManager: 'tester' });
    const owner = applied.metadata?.managedFields?.find(({ manager }) => manager === 'tester');
    assert.deepEqual(
      [owner?.operation, owner?.fieldsV1, owner?.time instanceof Date],
      ['Apply', { 'f:spec': { 'f:minReadySeconds': {} } }, true],
    );
    assert.deepEqual(await refusal(apply(4, { fieldManager: 'other' })), [
      409,
      'Conflict',
      'Apply failed with 1 conflict: conflict with "tester": .spec.minReadySeconds',
    ]);
    const forced = await apply(4, { fieldManager: 'other', force: true });
    assert.equal(forced.spec?.minReadySeconds, 4);
    assert.deepEqual((await refusal(patch('text/plain', {}))).slice(0, 2), [415, 'UnsupportedMediaType']);
  });

  test('lists: selectors, pages, all namespaces', async () => {
    for (const name of ['a', 'b', 'c'])
      await core.createNamespacedConfigMap({
        namespace,
        body: { metadata: { name: `page-${name}`, labels: { page: name } } },
      });
    const names = (list: { items: { metadata?: { name?: string } }[] }) =>
      list.items.map(({ metadata }) => metadata?.name);
    const first = await core.listNamespacedConfigMap({ namespace, labelSelector: 'page', limit: 2 });
    assert.deepEqual(
      [names(first), first.metadata?.remainingItemCount],
      [['page-a', 'page-b'], undefined],
      'how many remain is not known with a selector',
    );
    const rest = await core.listNamespacedConfigMap({
      namespace,
      labelSelector: 'page',
      limit: 2,
      _continue: first.metadata?._continue as string,
    });
    assert.deepEqual([names(rest), rest.metadata?._continue], [['page-c'], undefined]);
    assert.deepEqual(
      names(await core.listConfigMapForAllNamespaces({ fieldSelector: 'metadata.name=page-b' })),
      ['page-b'],
    );
    assert.deepEqual(
      names(await core.listNamespacedConfigMap({ namespace, labelSelector: 'page in (a,c)' })),
      ['page-a', 'page-c'],
    );
    const removed = await core.deleteCollectionNamespacedConfigMap({
      namespace,
      labelSelector: 'page!=c,page',
    });
    assert.equal(removed.kind, 'ConfigMapList');
    assert.deepEqual(names(await core.listNamespacedConfigMap({ namespace, labelSelector: 'page' })), [
      'page-c',
    ]);
  });

  test('a deployment runs, is scaled, and goes with its pods', async () => {
    const labels = { app: 'web' };
    await apps.createNamespacedDeployment({
      namespace,
      body: {
        metadata: { name: 'web' },
        spec: {
          replicas: 1,
          selector: { matchLabels: labels },
          strategy: { rollingUpdate: { maxSurge: '50%', maxUnavailable: 0 } },
          template: {
            metadata: { labels },
            spec: {
              containers: [
                {
                  ...container,
                  ports: [{ name: 'http', containerPort: 80 }],
                  resources: { requests: { cpu: '0.25', memory: '64Mi' } },
                  readinessProbe: { httpGet: { port: 'http' } },
                },
              ],
            },
          },
        },
      },
    });
    const at = { namespace, name: 'web' };
    const scale = await apps.readNamespacedDeploymentScale(at);
    assert.equal(scale.spec?.replicas, 1);
    // Without a resourceVersion the replacement holds whatever the controller has written meanwhile.
    const { name } = at;
    await apps.replaceNamespacedDeploymentScale({
      ...at,
      body: { metadata: { name, namespace }, spec: { replicas: 2 } },
    });
    const ready = await eventually(async () => {
      const now = await apps.readNamespacedDeploymentStatus(at);
      return now.status?.availableReplicas === 2 && now;
    });
    assert.deepEqual({ ...ready.spec?.strategy?.rollingUpdate }, { maxSurge: '50%', maxUnavailable: 0 });
    const [made] = ready.spec?.template.spec?.containers ?? [];
    assert.deepEqual(made?.resources?.requests, { cpu: '250m', memory: '64Mi' });
    assert.equal(made?.readinessProbe?.httpGet?.port, 'http');
    assert.ok(ready.status?.conditions?.every(({ lastUpdateTime }) => lastUpdateTime instanceof Date));

    const [pod] = (await core.listNamespacedPod({ namespace, labelSelector: 'app=web' })).items;
    const evictee = { name: pod?.metadata?.name as string };
    const evicted = await core.createNamespacedPodEviction({
      namespace,
      ...evictee,
      body: { metadata: evictee },
    });
    // The client makes an Eviction of the answer, which is a Status.
    assert.equal(evicted.kind, 'Status');
    await apps.deleteNamespacedDeployment({ ...at, body: { propagationPolicy: 'Foreground' } });
    // It goes last, when nothing of it is left.
    await eventually(() =>
      apps.readNamespacedDeployment(at).then(
        () => false,
        (error) => error.code === 404,
      ),
    );
    assert.deepEqual((await core.listNamespacedPod({ namespace, labelSelector: 'app=web' })).items, []);
  });

  test('a disruption budget refuses an eviction with 429', async () => {
    const policy = cluster.config.makeApiClient(PolicyV1Api);
    const labels = { app: 'guarded' };
    await core.createNamespacedPod({
      namespace,
      body: { metadata: { name: 'guarded', labels }, spec: { containers: [container] } },
    });
    await policy.createNamespacedPodDisruptionBudget({
      namespace,
      body: { metadata: { name: 'guard' }, spec: { minAvailable: 1, selector: { matchLabels: labels } } },
    });
    await eventually(async () => {
      const { status } = await policy.readNamespacedPodDisruptionBudget({ namespace, name: 'guard' });
      return status?.currentHealthy === 1;
    });
    const body = { metadata: { name: 'guarded' } };
    assert.deepEqual(await refusal(core.createNamespacedPodEviction({ namespace, name: 'guarded', body })), [
      429,
      'TooManyRequests',
      "Cannot evict pod as it would violate the pod's disruption budget.",
    ]);
  });

  test('jobs and cron jobs, with dates', async () => {
    const template = { spec: { restartPolicy: 'Never', containers: [container] } };
    await batch.createNamespacedCronJob({
      namespace,
      body: {
        metadata: { name: 'nightly' },
        spec: { schedule: '0 3 * * *', jobTemplate: { spec: { template } } },
      },
    });
    const at = { namespace, name: 'nightly' };
    const lastScheduleTime = new Date('2026-01-02T03:00:00Z');
    const patched = await batch.patchNamespacedCronJobStatus(
      { ...at, body: { status: { lastScheduleTime } } },
      as(PatchStrategy.MergePatch),
    );
    assert.deepEqual(patched.status?.lastScheduleTime, lastScheduleTime);
    assert.equal(patched.spec?.suspend, false);
  });

  test('leases have microseconds, and are taken once', async () => {
    const leases = cluster.config.makeApiClient(CoordinationV1Api);
    const at = { namespace, name: 'leader' };
    const renewTime = new V1MicroTime('2026-01-02T03:04:05.678Z');
    const made = await leases.createNamespacedLease({
      namespace,
      body: {
        metadata: { name: 'leader' },
        spec: { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime, acquireTime: renewTime },
      },
    });
    // This client leaves them as they came, whatever its types say.
    assert.equal(String(made.spec?.renewTime), '2026-01-02T03:04:05.678000Z');
    const taken = { ...made, spec: { ...made.spec, holderIdentity: 'b' } };
    await leases.replaceNamespacedLease({ ...at, body: taken });
    assert.equal((await refusal(leases.replaceNamespacedLease({ ...at, body: taken })))[0], 409);
  });

  test('what has a finalizer waits for it', async () => {
    const at = { namespace, name: 'kept' };
    await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'kept', finalizers: ['example.com/wait'] } },
    });
    await core.deleteNamespacedConfigMap(at);
    const waiting = await core.readNamespacedConfigMap(at);
    assert.ok(waiting.metadata?.deletionTimestamp instanceof Date);
    await core.patchNamespacedConfigMap(
      { ...at, body: { metadata: { finalizers: null } } },
      as(PatchStrategy.MergePatch),
    );
    assert.equal((await refusal(core.readNamespacedConfigMap(at)))[0], 404);
  });

  test('options: dry runs, preconditions, strict fields', async () => {
    const body = { metadata: { name: 'careful' }, data: { a: 'b' } };
    await core.createNamespacedConfigMap({ namespace, body, dryRun: 'All' });
    const made = await core.createNamespacedConfigMap({ namespace, body, fieldManager: 'tester' });
    assert.equal(made.metadata?.managedFields?.[0]?.manager, 'tester');
    const remove = (uid: string) =>
      core.deleteNamespacedConfigMap({ namespace, name: 'careful', body: { preconditions: { uid } } });
    assert.deepEqual((await refusal(remove('another'))).slice(0, 2), [409, 'Conflict']);
    await remove(made.metadata?.uid as string);
    const unknown = { ...body, nonsense: true };
    assert.deepEqual(
      await refusal(
        core.patchNamespacedConfigMap(
          { namespace, name: 'kube-root-ca.crt', body: unknown, fieldValidation: 'Strict' },
          as(PatchStrategy.MergePatch),
        ),
      ).then(([code, reason]) => [code, reason]),
      [422, 'Invalid'],
    );
    assert.deepEqual(
      await refusal(core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'Bad_Name' } } })),
      [
        422,
        'Invalid',
        `ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
      ],
    );
  });
});
