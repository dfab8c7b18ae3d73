/**
 * What controllers in TypeScript are built of: watches, informers, objects of any kind by discovery, manifests of several
 * documents. Source of the watches' rules: Kubernetes API concepts, "Efficient detection of changes".
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type ApiException,
  ApisApi,
  AppsV1Api,
  CoreV1Api,
  type KubernetesObject,
  KubernetesObjectApi,
  loadAllYaml,
  makeInformer,
  PatchStrategy,
  type V1ConfigMap,
  VersionApi,
  Watch,
} from '@kubernetes/client-node';
import { cacheEventBytesMax } from '../../../src/apiserver/cache/limits.ts';
import { type ClientCluster, eventually, startClientCluster } from './cluster.ts';

const namespace = 'objects';
const path = `/api/v1/namespaces/${namespace}/configmaps`;

const manifest = `
apiVersion: v1
kind: ServiceAccount
metadata: { name: runner, namespace: ${namespace} }
automountServiceAccountToken: false
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: ${namespace}, labels: { app: web } }
spec:
  replicas: 0
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: main, image: nginx }] }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: ${namespace} }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: http }] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: reader }
rules: [{ apiGroups: [''], resources: [pods], verbs: [get] }]
`;

/** A watch as its callbacks tell of it. */
async function openWatch(cluster: ClientCluster, query: Record<string, string | number | boolean>) {
  const events: [type: string, name: string | undefined, object: KubernetesObject & { code?: number }][] = [];
  let ended: { error: unknown } | undefined;
  const controller = await new Watch(cluster.config).watch(
    path,
    query,
    (type, object) => events.push([type, object.metadata?.name, object]),
    (error) => {
      ended = { error };
    },
  );
  return { events, controller, ended: () => eventually(async () => ended) };
}

describe('watches and objects of the JavaScript client', () => {
  let cluster: ClientCluster;
  let core: CoreV1Api;
  let objects: KubernetesObjectApi;
  before(async () => {
    cluster = await startClientCluster();
    core = cluster.config.makeApiClient(CoreV1Api);
    objects = KubernetesObjectApi.makeApiClient(cluster.config);
    await core.createNamespace({ body: { metadata: { name: namespace } } });
    // It is there before anything is watched.
    await eventually(async () =>
      core.readNamespacedConfigMap({ namespace, name: 'kube-root-ca.crt' }).catch(() => undefined),
    );
  });
  after(() => cluster?.stop());

  const make = (name: string, labels: Record<string, string> = {}) =>
    core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels } } });

  test('a watch from a version on, to its end', async () => {
    const { metadata } = await core.listNamespacedConfigMap({ namespace });
    const made = await make('watched', { watch: 'me' });
    await core.replaceNamespacedConfigMap({
      namespace,
      name: 'watched',
      body: { ...made, metadata: { ...made.metadata, labels: { watch: 'no-more' } } },
    });
    await core.deleteNamespacedConfigMap({ namespace, name: 'watched' });
    const watch = await openWatch(cluster, {
      resourceVersion: metadata?.resourceVersion as string,
      labelSelector: 'watch=me',
      timeoutSeconds: 1,
    });
    assert.deepEqual(await watch.ended(), { error: null });
    assert.deepEqual(
      watch.events.map(([type, name]) => [type, name]),
      [
        ['ADDED', 'watched'],
        ['DELETED', 'watched'],
      ],
      'what leaves the selection is gone',
    );
  });

  test('a watch with initial events ends them with a bookmark', async () => {
    const watch = await openWatch(cluster, {
      sendInitialEvents: true,
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: true,
    });
    await eventually(async () => watch.events.some(([type]) => type === 'BOOKMARK'));
    const [type, , bookmark] = watch.events.at(-1) ?? [];
    assert.deepEqual(
      [type, bookmark?.metadata?.annotations],
      ['BOOKMARK', { 'k8s.io/initial-events-end': 'true' }],
    );
    watch.controller.abort();
    await watch.ended();
  });

  test('an informer follows, and goes on after its watch has broken', async () => {
    const told: string[] = [];
    let list = () => core.listNamespacedConfigMap({ namespace, labelSelector: 'informed' });
    const informer = makeInformer<V1ConfigMap>(cluster.config, path, () => list(), 'informed');
    for (const verb of ['add', 'update', 'delete'] as const)
      informer.on(verb, ({ metadata, data }) => told.push(`${verb} ${metadata?.name} ${data?.n ?? ''}`));
    const errors: string[] = [];
    informer.on('error', (error) => errors.push(error.name));
    await make('early', { informed: 'yes' });
    await informer.start();
    await make('late', { informed: 'yes' });
    await eventually(async () => informer.get('late', namespace));
    await core.patchNamespacedConfigMap({
      namespace,
      name: 'late',
      body: [{ op: 'add', path: '/data', value: { n: '1' } }],
    });
    await eventually(async () => informer.get('late', namespace)?.data?.n === '1');
    await informer.stop();
    await core.deleteNamespacedConfigMap({ namespace, name: 'late' });
    // It goes on where it was, and needs no list for that.
    list = () => Promise.reject(new Error('listed again'));
    await informer.start();
    await eventually(async () => informer.get('late', namespace) === undefined);
    await informer.stop();
    assert.deepEqual(told, ['add early ', 'add late ', 'update late 1', 'delete late 1']);
    assert.deepEqual(
      informer.list(namespace).map(({ metadata }) => metadata?.name),
      ['early'],
    );
    // A watch that was stopped is told as one that broke; nothing else has gone wrong.
    assert.ok(
      errors.every((name) => name === 'AbortError'),
      errors.join(),
    );
  });

  test('an informer whose version is too old lists again', async () => {
    let lists = 0;
    const informer = makeInformer<V1ConfigMap>(
      cluster.config,
      path,
      () => {
        lists++;
        return core.listNamespacedConfigMap({ namespace, labelSelector: 'aged' });
      },
      'aged',
    );
    await make('aged', { aged: 'yes' });
    await informer.start();
    await informer.stop();
    await core.deleteNamespacedConfigMap({ namespace, name: 'aged' });
    await make('reborn', { aged: 'yes' });
    // More than the server keeps of the past: see cacheEventBytesMax.
    await make('big');
    const filler = 'x'.repeat(1_000_000);
    for (let size = 0; size <= 2 * cacheEventBytesMax; size += filler.length)
      await core.replaceNamespacedConfigMap({
        namespace,
        name: 'big',
        body: { metadata: { name: 'big' }, data: { size: String(size), filler } },
      });
    await informer.start();
    await eventually(async () => informer.get('reborn', namespace));
    await informer.stop();
    assert.deepEqual([informer.list().map(({ metadata }) => metadata?.name), lists], [['reborn'], 2]);
  });

  test('a manifest of several documents is made, read, patched, replaced and deleted by discovery', async () => {
    const specs = loadAllYaml(manifest) as (KubernetesObject & { metadata: { name: string } })[];
    assert.deepEqual(
      specs.map(({ kind }) => kind),
      ['ServiceAccount', 'Deployment', 'Service', 'ClusterRole'],
    );
    for (const spec of specs) {
      const made = await objects.create(spec);
      assert.ok(made.metadata?.uid);
      const read: KubernetesObject = await objects.read(spec);
      assert.ok(read.metadata?.creationTimestamp instanceof Date);
      const annotated = { ...spec, metadata: { ...spec.metadata, annotations: { by: 'merge' } } };
      for (const patchType of [PatchStrategy.StrategicMergePatch, PatchStrategy.MergePatch])
        assert.equal(
          (await objects.patch(annotated, undefined, undefined, undefined, undefined, patchType)).metadata
            ?.annotations?.by,
          'merge',
        );
      const applied = await objects.patch(
        spec,
        undefined,
        undefined,
        'applier',
        true,
        PatchStrategy.ServerSideApply,
      );
      assert.ok(applied.metadata?.managedFields?.some(({ operation }) => operation === 'Apply'));
      const current: KubernetesObject = await objects.read(spec);
      const labels = { replaced: 'yes' };
      await objects.replace({ ...current, metadata: { ...current.metadata, labels } } as KubernetesObject);
    }
    const found = await objects.list(
      'apps/v1',
      'Deployment',
      namespace,
      undefined,
      undefined,
      undefined,
      undefined,
      'replaced=yes',
      1,
    );
    assert.deepEqual(
      found.items.map(({ metadata }) => metadata?.name),
      ['web'],
    );
    for (const spec of specs.toReversed()) {
      const gone = await objects.delete(spec, undefined, undefined, 0, undefined, 'Background');
      // The client makes a Status of whatever comes: of the object itself where that is what is answered.
      assert.ok(gone);
      await assert.rejects(objects.read(spec), (error: ApiException<unknown>) => error.code === 404);
    }
    await assert.rejects(
      objects.create({ apiVersion: 'apps/v1', kind: 'Nonsense', metadata: { name: 'x' } }),
      /Unrecognized API version and kind: apps\/v1 Nonsense/,
    );
  });

  test('discovery as the client reads it', async () => {
    const version = await cluster.config.makeApiClient(VersionApi).getCode();
    assert.deepEqual([version.major, version.minor], ['1', '36']);
    const groups = await cluster.config.makeApiClient(ApisApi).getAPIVersions();
    const names = groups.groups.map(({ name }) => name);
    assert.ok(
      ['apps', 'batch', 'coordination.k8s.io', 'discovery.k8s.io'].every((each) => names.includes(each)),
    );
    const resources = await cluster.config.makeApiClient(AppsV1Api).getAPIResources();
    const scale = resources.resources.find(({ name }) => name === 'deployments/scale');
    assert.deepEqual(
      { ...scale },
      {
        name: 'deployments/scale',
        group: 'autoscaling',
        version: 'v1',
        kind: 'Scale',
        namespaced: true,
        singularName: '',
        verbs: ['get', 'patch', 'update'],
      },
    );
  });
});
