import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import { fixedView } from '../client/fixed-view.ts';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
  StorageClass,
} from '../kinds/generated/types.ts';
import { claimBinder, volumeBinder } from './persistent-volume-binder.ts';
import { claimProtection, volumeProtection } from './storage-protection.ts';

const volume = (name: string, spec: Partial<PersistentVolumeSpec> = {}, labels = {}): PersistentVolume => ({
  metadata: { name, labels },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    hostPath: { path: `/srv/${name}` },
    ...spec,
  },
});

const claim = (name: string, spec: Partial<PersistentVolumeClaimSpec> = {}): PersistentVolumeClaim => ({
  metadata: { namespace: 'default', name },
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '500Mi' } },
    storageClassName: '',
    ...spec,
  },
});

const storageClass = (name: string, provisioner: string, mode: string): StorageClass => ({
  metadata: { name },
  provisioner,
  volumeBindingMode: mode,
});

async function world(t: TestContext): Promise<TestWorld> {
  const started = await startTestWorld({
    controllers: [claimBinder, volumeBinder, claimProtection, volumeProtection],
  });
  t.after(() => started.close());
  return started;
}

/** `pv small: Bound default/a`, `pvc a: Bound small 1Gi` */
async function state({ client, settle }: TestWorld): Promise<string[]> {
  await settle();
  const volumes = (await client.of('PersistentVolume').list()).items.map(({ metadata, spec, status }) => {
    const { claimRef } = spec ?? {};
    return `pv ${metadata.name}: ${status?.phase}${claimRef ? ` ${claimRef.namespace}/${claimRef.name}` : ''}`;
  });
  const claims = (await client.of('PersistentVolumeClaim').list()).items.map(
    ({ metadata, spec, status }) =>
      `pvc ${metadata.name}: ${[status?.phase, spec?.volumeName, status?.capacity?.storage].filter(Boolean).join(' ')}`,
  );
  return [...volumes, ...claims];
}

async function events({ client, settle }: TestWorld): Promise<string[]> {
  await settle();
  return (await client.of('Event').list()).items.map(
    ({ type, reason, message, involvedObject, source }) =>
      `${source?.component} ${involvedObject.name} ${type} ${reason}: ${message}`,
  );
}

type Given = {
  volumes?: readonly PersistentVolume[];
  claims?: readonly PersistentVolumeClaim[];
  classes?: readonly StorageClass[];
};

async function make(
  { client, settle }: TestWorld,
  { volumes = [], claims = [], classes = [] }: Given,
): Promise<void> {
  for (const each of classes) await client.of('StorageClass').create(each);
  for (const each of volumes) await client.of('PersistentVolume').create(each);
  // Volumes are free once they were looked at.
  await settle();
  for (const each of claims) await client.of('PersistentVolumeClaim').create(each);
}

const cases: Record<string, Given & { state: readonly string[]; events?: readonly string[] }> = {
  'the smallest that is large enough': {
    volumes: [
      volume('large', { capacity: { storage: '10Gi' } }),
      volume('tiny', { capacity: { storage: '1Mi' } }),
      volume('right'),
    ],
    claims: [claim('a')],
    state: [
      'pv large: Available',
      'pv right: Bound default/a',
      'pv tiny: Available',
      'pvc a: Bound right 1Gi',
    ],
  },
  'two claims never get the same volume': {
    volumes: [volume('one'), volume('two')],
    claims: [claim('a'), claim('b'), claim('c')],
    state: [
      'pv one: Bound default/a',
      'pv two: Bound default/b',
      'pvc a: Bound one 1Gi',
      'pvc b: Bound two 1Gi',
      'pvc c: Pending',
    ],
    events: [
      'persistentvolume-controller c Normal FailedBinding: no persistent volumes available for this claim and no storage class is set',
    ],
  },
  'access modes, volume mode, labels and class must fit': {
    volumes: [
      volume('block', { volumeMode: 'Block' }),
      volume('many', { accessModes: ['ReadOnlyMany'] }),
      volume('other-class', { storageClassName: 'fast' }),
      volume('right', {}, { tier: 'gold' }),
      volume('unlabelled'),
    ],
    claims: [claim('a', { selector: { matchLabels: { tier: 'gold' } } })],
    state: [
      'pv block: Available',
      'pv many: Available',
      'pv other-class: Available',
      'pv right: Bound default/a',
      'pv unlabelled: Available',
      'pvc a: Bound right 1Gi',
    ],
  },
  'a claim that names its volume': {
    volumes: [volume('first'), volume('wanted', { capacity: { storage: '9Gi' } })],
    claims: [claim('a', { volumeName: 'wanted' })],
    state: ['pv first: Available', 'pv wanted: Bound default/a', 'pvc a: Bound wanted 9Gi'],
  },
  'a claim that names a volume which does not fit': {
    volumes: [volume('wanted', { capacity: { storage: '1Mi' } })],
    claims: [claim('a', { volumeName: 'wanted' })],
    state: ['pv wanted: Available', 'pvc a: Pending wanted'],
    events: [
      'persistentvolume-controller a Warning VolumeMismatch: Cannot bind to requested volume "wanted": requested PV is too small',
    ],
  },
  'a volume that is kept for a claim': {
    volumes: [
      volume('kept', { claimRef: { namespace: 'default', name: 'b' }, capacity: { storage: '501Mi' } }),
      volume('free'),
    ],
    claims: [claim('a'), claim('b')],
    state: [
      'pv free: Bound default/a',
      'pv kept: Bound default/b',
      'pvc a: Bound free 1Gi',
      'pvc b: Bound kept 501Mi',
    ],
  },
  'a class that does not exist': {
    claims: [claim('a', { storageClassName: 'gone' })],
    state: ['pvc a: Pending'],
    events: [
      'persistentvolume-controller a Warning ProvisioningFailed: storageclass.storage.k8s.io "gone" not found',
    ],
  },
  'a class whose volumes are made by hand': {
    classes: [storageClass('hand', 'kubernetes.io/no-provisioner', 'Immediate')],
    claims: [claim('a', { storageClassName: 'hand' })],
    state: ['pvc a: Pending'],
    events: [
      'persistentvolume-controller a Warning ProvisioningFailed: no volume plugin matched name: kubernetes.io/no-provisioner',
    ],
  },
  'a class that waits for its first consumer': {
    classes: [storageClass('local', 'kubernetes.io/no-provisioner', 'WaitForFirstConsumer')],
    volumes: [volume('free', { storageClassName: 'local' })],
    claims: [claim('a', { storageClassName: 'local' })],
    state: ['pv free: Available', 'pvc a: Pending'],
    events: [
      'persistentvolume-controller a Normal WaitForFirstConsumer: waiting for first consumer to be created before binding',
    ],
  },
};

describe('claims and volumes', () => {
  for (const [name, { state: wanted, events: told = [], ...given }] of Object.entries(cases))
    test(name, async (t) => {
      const started = await world(t);
      await make(started, given);
      assert.deepEqual(await state(started), wanted);
      assert.deepEqual(await events(started), told);
    });

  test('a volume that comes later is found', async (t) => {
    const started = await world(t);
    await make(started, { claims: [claim('a')] });
    assert.deepEqual(await state(started), ['pvc a: Pending']);
    await make(started, { volumes: [volume('late')] });
    assert.deepEqual(await state(started), ['pv late: Bound default/a', 'pvc a: Bound late 1Gi']);
  });

  test('an external provisioner is told of, and what it makes is taken', async (t) => {
    const started = await world(t);
    const { client } = started;
    await make(started, {
      classes: [storageClass('disk', 'disk.example', 'Immediate')],
      claims: [claim('a', { storageClassName: 'disk' })],
    });
    assert.deepEqual(await state(started), ['pvc a: Pending']);
    const at = { namespace: 'default', name: 'a' };
    const { metadata } = await client.of('PersistentVolumeClaim').get(at);
    assert.equal(metadata.annotations?.['volume.kubernetes.io/storage-provisioner'], 'disk.example');
    const claimRef = { ...at, uid: metadata.uid };
    await make(started, { volumes: [volume('made', { storageClassName: 'disk', claimRef })] });
    assert.deepEqual(await state(started), ['pv made: Bound default/a', 'pvc a: Bound made 1Gi']);
  });

  for (const [policy, wanted, told] of [
    ['Retain', ['pv v: Released default/a'], []],
    [
      'Delete',
      ['pv v: Failed default/a'],
      [
        'persistentvolume-controller v Warning VolumeFailedDelete: error getting deleter volume plugin for volume "v": no deletable volume plugin matched',
      ],
    ],
  ] as const)
    test(`a claim that goes leaves its volume: ${policy}`, async (t) => {
      const started = await world(t);
      await make(started, {
        volumes: [volume('v', { persistentVolumeReclaimPolicy: policy })],
        claims: [claim('a')],
      });
      await started.settle();
      await started.client.of('PersistentVolumeClaim').delete({ namespace: 'default', name: 'a' });
      assert.deepEqual(await state(started), wanted);
      assert.deepEqual(await events(started), told);
    });

  test('a volume that was released is free again once it is not kept for anybody', async (t) => {
    const started = await world(t);
    await make(started, { volumes: [volume('v')], claims: [claim('a')] });
    await started.settle();
    await started.client.of('PersistentVolumeClaim').delete({ namespace: 'default', name: 'a' });
    await make(started, { claims: [claim('b')] });
    assert.deepEqual(await state(started), ['pv v: Released default/a', 'pvc b: Pending']);
    const patch = { spec: { claimRef: null } };
    await started.client.of('PersistentVolume').patch({ name: 'v' }, { type: 'merge', patch });
    assert.deepEqual(await state(started), ['pv v: Bound default/b', 'pvc b: Bound v 1Gi']);
  });

  test('a claim whose volume is gone is lost', async (t) => {
    const started = await world(t);
    await make(started, { volumes: [volume('v')], claims: [claim('a')] });
    await started.settle();
    const none = { metadata: { finalizers: null } };
    await started.client.of('PersistentVolume').delete({ name: 'v' });
    await started.client.of('PersistentVolume').patch({ name: 'v' }, { type: 'merge', patch: none });
    assert.deepEqual(await state(started), ['pvc a: Lost v']);
    assert.deepEqual(await events(started), [
      'persistentvolume-controller a Warning ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!',
    ]);
  });

  test('a settled cluster has no writes', async (t) => {
    const started = await world(t);
    await make(started, { volumes: [volume('v')], claims: [claim('a')] });
    await started.settle();
    const { revision } = started.server.server.backend.cache;
    await started.advance(60_000);
    assert.equal(started.server.server.backend.cache.revision, revision);
  });
});

test('a volume is not given up for a claim that only this cache has not seen yet', async () => {
  const kept = volume('v', { claimRef: { namespace: 'default', name: 'a', uid: 'u' } });
  const object = { apiVersion: 'v1', kind: 'PersistentVolume', ...kept, status: { phase: 'Bound' } };
  const view = fixedView(volumeBinder, { now: 0, objects: [object] });
  const [first] = volumeBinder.reconcile('v', view);
  assert.deepEqual(first, {
    type: 'requireAbsent',
    kind: 'PersistentVolumeClaim',
    key: 'default/a',
    uid: 'u',
  });
});
