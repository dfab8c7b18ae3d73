/** Source of the cases: test/e2e/apps/deployment.go and test/integration/deployment/deployment_test.go of kubernetes/kubernetes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Deployment, ReplicaSet } from '../../../src/kinds/generated/types.ts';
import type { KubeObject } from '../../../src/kinds/object.ts';
import { type AppsWorld, imagesOf, isRunning, labels, refusal, startApps, template } from './world.ts';

const deployment = (spec: object = {}, metadata: object = {}) => ({
  metadata: { name: 'web', labels: { ...labels, static: 'true' }, ...metadata },
  spec: { replicas: 2, selector: { matchLabels: labels }, template: template(), ...spec },
});
const replicaSet = (spec: object = {}, metadata: object = {}) => ({
  metadata: { name: 'before', labels, ...metadata },
  spec: { replicas: 1, selector: { matchLabels: labels }, template: template('httpd:2'), ...spec },
});
const revision = 'deployment.kubernetes.io/revision';
const path = '/apis/apps/v1/namespaces/default/deployments/web';
const neverReady = { annotations: { 'sim.wherry.dev/image-missing': 'true' } };

const bySize = async (world: AppsWorld) =>
  (await world.list('ReplicaSet'))
    .map(({ spec }) => `${spec?.template?.spec?.containers[0]?.image} ${spec?.replicas}`)
    .sort();

const ownerOf = ({ metadata }: KubeObject) =>
  metadata.ownerReferences
    ?.filter(({ controller }) => controller === true)
    .map(({ kind, name }) => [kind, name]);

describe('a Deployment', () => {
  test('takes a replica set over, counts its revision on, and replaces its pods', async (t) => {
    const world = await startApps(t);
    const annotations = { [revision]: '3546343826724305832' };
    await world.create('ReplicaSet', replicaSet({}, { annotations }));
    await world.seconds(5);
    await world.create('Deployment', deployment({ replicas: 1 }));
    await world.seconds(10);
    const web = await world.get('Deployment', 'web');
    assert.equal(web.metadata.annotations?.[revision], '3546343826724305833');
    const [before, after] = await world.list('ReplicaSet');
    assert.deepEqual(
      [before, after].map((set) => [
        set?.metadata.annotations?.[revision],
        set?.spec?.replicas,
        ownerOf(set as ReplicaSet),
      ]),
      [
        ['3546343826724305832', 0, [['Deployment', 'web']]],
        ['3546343826724305833', 1, [['Deployment', 'web']]],
      ],
    );
    assert.deepEqual(imagesOf(await world.list('Pod')), ['nginx:1.29']);
  });

  test('that recreates has no pods of two templates at once', async (t) => {
    const world = await startApps(t);
    await world.create('Deployment', deployment({ strategy: { type: 'Recreate' } }));
    await world.seconds(5);
    await world.patch('Deployment', 'web', {
      spec: { template: { spec: { containers: [{ name: 'web', image: 'httpd:2' }] } } },
    });
    const seen = new Set<string>();
    for (let step = 0; step < 40; step++) {
      await world.seconds(0.3);
      seen.add([...new Set(imagesOf(await world.list('Pod')))].join());
    }
    assert.deepEqual([...seen], ['nginx:1.29', 'httpd:2']);
  });

  test('keeps no old replica sets when it is told so', async (t) => {
    const world = await startApps(t);
    await world.create('ReplicaSet', replicaSet());
    await world.seconds(5);
    await world.create('Deployment', deployment({ replicas: 1, revisionHistoryLimit: 0 }));
    await world.seconds(15);
    assert.deepEqual(await bySize(world), ['nginx:1.29 1']);
  });

  test('rolls over to a template that comes before the last one is out', async (t) => {
    const world = await startApps(t);
    await world.create('ReplicaSet', replicaSet());
    await world.seconds(15);
    const strategy = { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
    const spec = { replicas: 1, minReadySeconds: 10, strategy };
    await world.create('Deployment', deployment({ ...spec, template: template('gone:1', neverReady) }));
    await world.seconds(5);
    assert.deepEqual(await bySize(world), ['gone:1 1', 'httpd:2 1']);
    const next = template('redis:7', { annotations: { 'sim.wherry.dev/image-missing': 'false' } });
    await world.patch('Deployment', 'web', { spec: { template: next } });
    await world.seconds(30);
    assert.deepEqual(await bySize(world), ['gone:1 0', 'httpd:2 0', 'redis:7 1']);
    assert.deepEqual(imagesOf(await world.list('Pod')), ['redis:7']);
    const { status } = await world.get('Deployment', 'web');
    assert.deepEqual(
      [status?.replicas, status?.updatedReplicas, status?.availableReplicas, status?.unavailableReplicas],
      [1, 1, 1, undefined],
    );
  });

  test('shares what it grows by between the replica sets of a rollout', async (t) => {
    const world = await startApps(t, { nodes: 3 });
    const strategy = { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
    await world.create('Deployment', deployment({ replicas: 10, strategy }));
    await world.seconds(10);
    await world.patch('Deployment', 'web', { spec: { template: template('gone:1', neverReady) } });
    await world.seconds(10);
    assert.deepEqual(await bySize(world), ['gone:1 5', 'nginx:1.29 8']);
    await world.patch('Deployment', 'web', { spec: { replicas: 30 } });
    await world.seconds(10);
    assert.deepEqual(await bySize(world), ['gone:1 13', 'nginx:1.29 20']);
  });

  test('leaves its replica sets as orphans, and another one takes them up', async (t) => {
    const world = await startApps(t);
    await world.create('Deployment', deployment());
    await world.seconds(5);
    const [before] = await world.list('ReplicaSet');
    assert.deepEqual(ownerOf(before as ReplicaSet), [['Deployment', 'web']]);
    const at = { namespace: 'default', name: 'web' };
    await world.simulation.client.of('Deployment').delete(at, { propagationPolicy: 'Orphan' });
    await world.seconds(5);
    assert.deepEqual(ownerOf((await world.list('ReplicaSet'))[0] as ReplicaSet), undefined);
    await world.create('Deployment', deployment({}, { name: 'heir' }));
    await world.seconds(5);
    const sets = await world.list('ReplicaSet');
    assert.deepEqual(
      sets.map((set) => [set.metadata.uid, ownerOf(set), set.status?.availableReplicas]),
      [[before?.metadata.uid, [['Deployment', 'heir']], 2]],
    );
  });

  test('goes with its replica sets and their pods', async (t) => {
    const world = await startApps(t);
    await world.create('Deployment', deployment());
    await world.seconds(5);
    await world.delete('Deployment', 'web');
    await world.seconds(40);
    assert.deepEqual([await world.list('ReplicaSet'), await world.list('Pod')], [[], []]);
  });

  test('that is paused is scaled and not rolled out', async (t) => {
    const world = await startApps(t);
    await world.create('Deployment', deployment({ paused: true }));
    await world.seconds(3);
    assert.deepEqual(await world.list('ReplicaSet'), []);
    const { status } = await world.get('Deployment', 'web');
    assert.deepEqual(
      status?.conditions?.map(({ type, status: is, reason }) => [type, is, reason]),
      [
        ['Progressing', 'Unknown', 'DeploymentPaused'],
        ['Available', 'False', 'MinimumReplicasUnavailable'],
      ],
    );
    await world.patch('Deployment', 'web', { spec: { paused: null } });
    await world.seconds(5);
    assert.deepEqual(await bySize(world), ['nginx:1.29 2']);
    await world.patch('Deployment', 'web', {
      spec: { paused: true, replicas: 3, template: template('x:1') },
    });
    await world.seconds(5);
    assert.deepEqual(await bySize(world), ['nginx:1.29 3']);
  });
});

describe('the object', () => {
  const spec = { template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0 } } };
  const containers = (image: string) => [{ name: 'web', image }];
  const created = () =>
    deployment({
      template: { ...spec.template, spec: { ...spec.template.spec, containers: containers('nginx:1') } },
    });

  test('through patches, updates, and patches of its status, until a collection is deleted', async (t) => {
    const world = await startApps(t);
    await world.create('Deployment', created());
    await world.seconds(5);
    assert.equal((await world.get('Deployment', 'web')).status?.readyReplicas, 2);
    const command = ['/bin/sleep', '100000'];
    const inner = {
      TerminationGracePeriodSeconds: 0,
      containers: [{ ...containers('httpd:2')[0], command }],
    };
    const patch = {
      metadata: { labels: { stage: 'patched' } },
      spec: { replicas: 1, template: { spec: inner } },
    };
    const patched = await world.patch('Deployment', 'web', patch, { patchType: 'strategic' });
    assert.deepEqual(
      [patched.metadata.labels?.stage, patched.spec?.template.spec?.containers[0]?.command],
      ['patched', command],
    );
    await world.seconds(10);
    assert.equal((await world.get('Deployment', 'web')).status?.readyReplicas, 1);
    const update = created();
    Object.assign(update.metadata.labels, { stage: 'updated' });
    await world.subresource('PUT', path, { apiVersion: 'apps/v1', kind: 'Deployment', ...update });
    const read = (await world.subresource('GET', `${path}/status`)) as Deployment;
    assert.deepEqual(
      [read.spec?.template.spec?.containers[0]?.image, read.metadata.labels?.stage],
      ['nginx:1', 'updated'],
    );
    await world.seconds(10);
    assert.equal((await world.get('Deployment', 'web')).status?.readyReplicas, 2);
    const ofStatus = { metadata: { labels: { stage: 'status' } }, status: { readyReplicas: 0 } };
    const said = await refusal(
      world.patch('Deployment', 'web', ofStatus, { patchType: 'strategic', subresource: 'status' }),
    );
    assert.match(
      said ?? '',
      /^422 Invalid: .*status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas$/,
    );
    ofStatus.status = { readyReplicas: 2 };
    await world.patch('Deployment', 'web', ofStatus, { subresource: 'status' });
    assert.equal((await world.get('Deployment', 'web')).metadata.labels?.stage, 'updated');
    await world.simulation.client
      .of('Deployment')
      .deleteCollection({ namespace: 'default', labelSelector: 'static=true', gracePeriodSeconds: 0 });
    await world.seconds(2);
    assert.deepEqual([await world.list('Deployment'), await world.list('Pod')], [[], []]);
  });

  test('a condition that somebody else writes stays, with the label that came along', async (t) => {
    const world = await startApps(t);
    await world.create('Deployment', deployment());
    await world.seconds(5);
    const read = (await world.subresource('GET', `${path}/status`)) as Deployment;
    const mine = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
    read.status = { ...read.status, conditions: [...(read.status?.conditions ?? []), mine] };
    await world.subresource('PUT', `${path}/status`, read);
    await world.seconds(5);
    const types = ({ status }: Deployment) => status?.conditions?.map(({ type }) => type).sort();
    assert.deepEqual(types(await world.get('Deployment', 'web')), [
      'Available',
      'Progressing',
      'StatusUpdate',
    ]);
    const conditions = [{ type: 'StatusPatched', status: 'True' }];
    await world.patch('Deployment', 'web', { status: { conditions } }, { subresource: 'status' });
    await world.seconds(5);
    assert.equal(types(await world.get('Deployment', 'web'))?.includes('StatusPatched'), true);
  });

  test('is scaled by its subresource: read, replaced and patched', async (t) => {
    const world = await startApps(t);
    await world.create('Deployment', deployment({ replicas: 1 }));
    await world.seconds(5);
    const scale = await world.subresource('GET', `${path}/scale`);
    assert.deepEqual(
      [(scale as { spec?: object }).spec, (scale as { status?: object }).status],
      [{ replicas: 1 }, { replicas: 1, selector: 'app=web' }],
    );
    const replaced = {
      ...scale,
      metadata: { ...scale.metadata, resourceVersion: '' },
      spec: { replicas: 2 },
    };
    const answer = (await world.subresource('PUT', `${path}/scale`, replaced)) as { spec?: object };
    assert.deepEqual(answer.spec, { replicas: 2 });
    await world.seconds(5);
    assert.equal((await world.list('Pod')).filter(isRunning).length, 2);
    await world.patch(
      'Deployment',
      'web',
      { spec: { replicas: 4 } },
      { subresource: 'scale', patchType: 'strategic' },
    );
    assert.equal((await world.get('Deployment', 'web')).spec?.replicas, 4);
    await world.seconds(5);
    assert.equal((await world.list('Pod')).filter(isRunning).length, 4);
  });
});
