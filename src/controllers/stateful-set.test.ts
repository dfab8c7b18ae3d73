import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import { fixedView } from '../client/fixed-view.ts';
import type { Pod, StatefulSetSpec } from '../kinds/generated/types.ts';
import type { KubeObject } from '../kinds/object.ts';
import { timestamp } from '../lib/timestamp.ts';
import { garbageCollector } from './garbage-collector.ts';
import { statefulSet } from './stateful-set.ts';

const at = { namespace: 'default', name: 'web' };
const app = { app: 'web' };
const templateOf = (image: string) => ({
  metadata: { labels: app },
  spec: { containers: [{ name: 'web', image }] },
});
const claim = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
};

describe('stateful sets', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await startTestWorld({ controllers: [statefulSet, garbageCollector] });
  });
  afterEach(() => world.close());

  const start = async (spec: Partial<StatefulSetSpec>) => {
    const whole = { serviceName: 'web', selector: { matchLabels: app }, template: templateOf('nginx:1') };
    await world.client.of('StatefulSet').create({ metadata: at, spec: { ...whole, ...spec } });
    await world.settle();
  };
  const change = async (spec: object) => {
    await world.client.of('StatefulSet').patch(at, { type: 'merge', patch: { spec } });
    await world.settle();
  };
  const setImage = (image: string) => change({ template: templateOf(image) });
  const list = async (): Promise<Pod[]> =>
    (await world.client.of('Pod').list({ namespace: 'default' })).items.toSorted((left, right) =>
      (left.metadata.name ?? '') < (right.metadata.name ?? '') ? -1 : 1,
    );
  const pods = async () => (await list()).map(({ metadata }) => metadata.name);
  const images = async () => (await list()).map(({ spec }) => spec?.containers[0]?.image);
  const ready = async (name: string) => {
    const lastTransitionTime = timestamp(world.clock.now());
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime }] };
    const options = { type: 'merge' as const, patch: { status }, subresource: 'status' };
    await world.client.of('Pod').patch({ namespace: 'default', name }, options);
    await world.settle();
  };
  /** Makes ready whatever is not, the newest last, until nothing is left to do. */
  const readyAll = async () => {
    for (let round = 0; round < 20; round++) {
      const waiting = (await list()).find(({ status }) => status?.phase !== 'Running');
      if (waiting === undefined) return;
      await ready(waiting.metadata.name ?? '');
    }
    assert.fail('pods keep coming');
  };
  const status = async () => (await world.client.of('StatefulSet').get(at)).status;
  /** Those that nobody has deleted: kubernetes.io/pvc-protection keeps them, and is another controller's. */
  const claims = async () => {
    const { items } = await world.client.of('PersistentVolumeClaim').list({ namespace: 'default' });
    const left = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return left.map(({ metadata }) => [
      metadata.name,
      ...(metadata.ownerReferences ?? []).map(({ kind, name }) => `${kind}/${name}`),
    ]);
  };

  test('makes one pod after the other, each with its name', async () => {
    await start({ replicas: 3 });
    assert.deepEqual(await pods(), ['web-0']);
    await ready('web-0');
    assert.deepEqual(await pods(), ['web-0', 'web-1']);
    await readyAll();
    const revision = (await status())?.currentRevision ?? '';
    assert.deepEqual(
      (await list()).map(({ metadata, spec }) => [metadata.labels, spec?.hostname, spec?.subdomain]),
      [0, 1, 2].map((index) => [
        {
          ...app,
          'apps.kubernetes.io/pod-index': `${index}`,
          'statefulset.kubernetes.io/pod-name': `web-${index}`,
          'controller-revision-hash': revision,
        },
        `web-${index}`,
        'web',
      ]),
    );
    assert.deepEqual(await status(), {
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      availableReplicas: 3,
      observedGeneration: 1,
      currentRevision: revision,
      updateRevision: revision,
      collisionCount: 0,
    });
    const { items } = await world.client.of('Event').list({ namespace: 'default' });
    assert.deepEqual(
      items.map(({ reason, message }) => `${reason}: ${message}`).sort(),
      [0, 1, 2].map((index) => `SuccessfulCreate: create Pod web-${index} in StatefulSet web successful`),
    );
  });

  test('Parallel makes all at once', async () => {
    await start({ replicas: 3, podManagementPolicy: 'Parallel', ordinals: { start: 5 } });
    assert.deepEqual(await pods(), ['web-5', 'web-6', 'web-7']);
  });

  test('waits until a pod has been ready long enough', async () => {
    await start({ replicas: 2, minReadySeconds: 10 });
    await ready('web-0');
    await world.advance(9000);
    assert.deepEqual(await pods(), ['web-0']);
    await world.advance(2000);
    assert.deepEqual(await pods(), ['web-0', 'web-1']);
  });

  test('a pod that is deleted or has ended comes back', async () => {
    await start({ replicas: 1 });
    const uid = async () => (await list())[0]?.metadata.uid;
    const first = await uid();
    const key = { namespace: 'default', name: 'web-0' };
    const patch = { status: { phase: 'Failed' } };
    await world.client.of('Pod').patch(key, { type: 'merge', patch, subresource: 'status' });
    await world.settle();
    const second = await uid();
    await world.client.of('Pod').delete(key);
    await world.settle();
    assert.equal(new Set([first, second, await uid()]).size, 3);
  });

  test('a new template goes from the last pod to the first, one when the other is ready', async () => {
    await start({ replicas: 3 });
    await readyAll();
    const before = (await status())?.currentRevision;
    await setImage('nginx:2');
    assert.deepEqual(await images(), ['nginx:1', 'nginx:1', 'nginx:2']);
    assert.equal((await status())?.currentRevision, before);
    await ready('web-2');
    assert.deepEqual(await images(), ['nginx:1', 'nginx:2', 'nginx:2']);
    await readyAll();
    assert.deepEqual(await images(), ['nginx:2', 'nginx:2', 'nginx:2']);
    const { currentRevision, updateRevision } = (await status()) ?? {};
    assert.equal(currentRevision, updateRevision);
    assert.notEqual(currentRevision, before);
    await setImage('nginx:1');
    await readyAll();
    assert.equal((await status())?.currentRevision, before, 'the old revision again');
    const { items } = await world.client.of('ControllerRevision').list({ namespace: 'default' });
    assert.deepEqual(items.map(({ revision }) => revision).sort(), [2, 3]);
  });

  test('the partition keeps the lower ones, also when they come back', async () => {
    await start({ replicas: 3, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } });
    await readyAll();
    await setImage('nginx:2');
    await readyAll();
    await world.client.of('Pod').delete({ namespace: 'default', name: 'web-0' });
    await world.settle();
    await readyAll();
    assert.deepEqual(await images(), ['nginx:1', 'nginx:2', 'nginx:2']);
  });

  test('OnDelete leaves it to the user; several may go at once when that is allowed', async () => {
    await start({ replicas: 3, podManagementPolicy: 'Parallel', updateStrategy: { type: 'OnDelete' } });
    await readyAll();
    await setImage('nginx:2');
    assert.deepEqual(await images(), ['nginx:1', 'nginx:1', 'nginx:1']);
    await change({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } } });
    assert.deepEqual(await images(), ['nginx:1', 'nginx:2', 'nginx:2']);
  });

  test('is scaled down from the end, one after the other', async () => {
    await start({ replicas: 3 });
    await readyAll();
    await change({ replicas: 1 });
    assert.deepEqual(await pods(), ['web-0']);
    const { items } = await world.client.of('Event').list({ namespace: 'default' });
    const deleted = items.filter(({ reason }) => reason === 'SuccessfulDelete').map(({ message }) => message);
    assert.deepEqual(
      deleted.sort(),
      [1, 2].map((index) => `delete Pod web-${index} in StatefulSet web successful`),
    );
  });

  test('claims stay, or go with the pod or the set', async () => {
    await start({ replicas: 2, volumeClaimTemplates: [claim] });
    await readyAll();
    assert.deepEqual((await list())[1]?.spec?.volumes?.[0], {
      name: 'data',
      persistentVolumeClaim: { claimName: 'data-web-1' },
    });
    assert.deepEqual(await claims(), [['data-web-0'], ['data-web-1']]);
    await change({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' } });
    assert.deepEqual(await claims(), [
      ['data-web-0', 'StatefulSet/web'],
      ['data-web-1', 'StatefulSet/web'],
    ]);
    await change({ replicas: 1 });
    assert.deepEqual(await claims(), [['data-web-0', 'StatefulSet/web']]);
    await world.client.of('StatefulSet').delete(at, { propagationPolicy: 'Background' });
    await world.settle();
    assert.deepEqual([await claims(), await pods()], [[], []]);
  });

  test('old revisions go; settled, it writes nothing', async () => {
    await start({ replicas: 1, revisionHistoryLimit: 1 });
    await readyAll();
    for (const version of [2, 3, 4]) {
      await setImage(`nginx:${version}`);
      await readyAll();
    }
    const { items } = await world.client.of('ControllerRevision').list({ namespace: 'default' });
    assert.deepEqual(items.map(({ revision }) => revision).sort(), [3, 4]);
    const before = world.server.server.backend.cache.revision;
    await world.advance(60_000);
    assert.equal(world.server.server.backend.cache.revision, before);
  });
});

const fixed = (spec: Partial<StatefulSetSpec>, metadata: object = {}): KubeObject =>
  ({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { ...at, uid: 's', ...metadata },
    spec: { serviceName: 'web', selector: { matchLabels: app }, template: templateOf('nginx:1'), ...spec },
  }) as KubeObject;

const reconciled: Record<string, [KubeObject, string[]]> = {
  'a new one': [fixed({ replicas: 2 }), ['create ControllerRevision', 'update StatefulSet', 'create Pod']],
  'a new one in parallel': [
    fixed({ replicas: 2, podManagementPolicy: 'Parallel' }),
    ['create ControllerRevision', 'update StatefulSet', 'create Pod', 'create Pod'],
  ],
  'with claims': [
    fixed({ replicas: 1, volumeClaimTemplates: [claim] }),
    ['create ControllerRevision', 'update StatefulSet', 'create PersistentVolumeClaim', 'create Pod'],
  ],
  'one that is being deleted': [
    fixed({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    // No new revision: the garbage collector is just taking away the old ones.
    ['update StatefulSet'],
  ],
};

test('what a StatefulSet asks for', () => {
  for (const [name, [object, expected]] of Object.entries(reconciled)) {
    const changes = statefulSet.reconcile('default/web', fixedView(statefulSet, { objects: [object] }));
    assert.deepEqual(
      Array.from(changes, (change) => `${change.type} ${'kind' in change ? change.kind : ''}`),
      expected,
      name,
    );
  }
});
