import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeSpec,
  Pod,
} from '../../kinds/generated/types.ts';
import { createManualClock } from '../../lib/manual-clock.ts';
import { containerMounts } from '../config/mounts.ts';
import { PodFiles } from '../run/pod-files.ts';
import { testContainer, testPod } from '../test-kit.ts';
import { NodeVolumes } from './node-volumes.ts';
import { PersistentVolumes } from './persistent.ts';

const onNode = (node: string): PersistentVolumeSpec['nodeAffinity'] => ({
  required: {
    nodeSelectorTerms: [
      { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
    ],
  },
});

async function world(t: TestContext) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-persistent-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(path.join(folder, 'disk'));
  const claims = new Map<string, PersistentVolumeClaim>();
  const volumes = new Map<string, PersistentVolume>();
  const asked: string[] = [];
  const found = async <Type>(what: string, object: Type | undefined): Promise<Type> => {
    asked.push(what);
    if (object === undefined) throw new Error(`${what} not found`);
    return object;
  };
  const persistent = new PersistentVolumes({
    nodeName: 'node-1',
    storage: {
      claim: (_, name) => found(`persistentvolumeclaims "${name}"`, claims.get(name)),
      volume: (name) => found(`persistentvolumes "${name}"`, volumes.get(name)),
      nodeLabels: async () => ({ 'kubernetes.io/hostname': 'node-1' }),
    },
  });
  const node = new NodeVolumes({
    files: new PodFiles(path.join(folder, 'pods')),
    clock: createManualClock(),
    sources: { configMap: () => undefined, secret: () => undefined, services: () => [] },
    token: async () => '',
    memory: { mount: async () => {}, unmount: async () => {} },
    pinned: { mount: async () => {}, unmount: async () => {}, unmountBelow: async () => {} },
    persistent,
  });
  const addClaim = (more: Partial<PersistentVolumeClaim> = {}) =>
    claims.set('data', {
      metadata: { name: 'data', namespace: 'default', uid: 'claim-1' },
      spec: { volumeName: 'pv' },
      status: { phase: 'Bound' },
      ...more,
    });
  const addVolume = (spec: Partial<PersistentVolumeSpec>) =>
    volumes.set('pv', { metadata: { name: 'pv' }, spec: { claimRef: { uid: 'claim-1' }, ...spec } });
  const prepare = async (pod: Pod = withClaim()) =>
    (await node.prepare(pod, { hostIPs: [], podIPs: [], allocatable: {} })).get('v');
  return { folder, asked, node, addClaim, addVolume, prepare };
}

const withClaim = (securityContext = {}): Pod =>
  testPod({
    securityContext,
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data', readOnly: true } }],
  });

const waits = (why: string) => ({
  message: `Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: error processing PVC default/data: ${why}`,
});

test('a claim is waited for, in the words of upstream, until its volume is there', async (t) => {
  const { folder, asked, node, addClaim, addVolume, prepare } = await world(t);
  await assert.rejects(
    prepare(),
    waits('failed to fetch PVC from API server: persistentvolumeclaims "data" not found'),
  );
  addClaim({ status: { phase: 'Pending' } });
  await assert.rejects(prepare(), waits('PVC is not bound'));
  addClaim();
  await assert.rejects(
    prepare(),
    waits('failed to fetch PV "pv" from API server: persistentvolumes "pv" not found'),
  );
  addVolume({ claimRef: { uid: 'another' } });
  await assert.rejects(prepare(), waits('found PV object "pv" with an incorrect pvc.UID'));
  addVolume({ hostPath: { path: path.join(folder, 'made'), type: 'DirectoryOrCreate' } });
  assert.equal(await prepare(), path.join(folder, 'made'));
  asked.length = 0;
  assert.equal(await prepare(), path.join(folder, 'made'));
  assert.deepEqual(asked, []);
  await node.remove(withClaim());
  await prepare();
  assert.deepEqual(asked, ['persistentvolumeclaims "data"', 'persistentvolumes "pv"']);
  assert.ok((await stat(path.join(folder, 'made'))).isDirectory(), 'the data stays');
});

test('a local volume must be of this node, and be there', async (t) => {
  const { folder, addClaim, addVolume, prepare } = await world(t);
  addClaim();
  const disk = path.join(folder, 'disk');
  addVolume({ local: { path: disk }, nodeAffinity: onNode('node-2') });
  await assert.rejects(prepare(), {
    message: 'MountVolume.NodeAffinity check failed for volume "pv" : no matching NodeSelectorTerms',
  });
  addVolume({ local: { path: '/no/such/disk' }, nodeAffinity: onNode('node-1') });
  await assert.rejects(prepare(), {
    message:
      'MountVolume.NewMounter initialization failed for volume "pv" : path "/no/such/disk" does not exist',
  });
  addVolume({ local: { path: disk }, nodeAffinity: onNode('node-1') });
  assert.equal(await prepare(), disk);
});

test("a local volume's files become the group's, links are not followed", async (t) => {
  const { folder, addClaim, addVolume, prepare } = await world(t);
  addClaim();
  const disk = path.join(folder, 'disk');
  const outside = path.join(folder, 'outside');
  await writeFile(outside, '', { mode: 0o600 });
  await writeFile(path.join(disk, 'file'), '', { mode: 0o600 });
  await symlink(outside, path.join(disk, 'link'));
  addVolume({ local: { path: disk }, nodeAffinity: onNode('node-1') });
  // A group that everybody may give files to: one's own.
  const group = process.getgid?.() ?? 0;
  await prepare(withClaim({ fsGroup: group }));
  const modeOf = async (file: string) => ((await stat(file)).mode & 0o7777).toString(8);
  assert.deepEqual([await modeOf(path.join(disk, 'file')), await modeOf(outside)], ['660', '600']);
  assert.equal((Number.parseInt(await modeOf(disk), 8) & 0o2770).toString(8), '2770');
  await chmod(path.join(disk, 'file'), 0o600);
  const again = testPod(
    { ...withClaim({ fsGroup: group, fsGroupChangePolicy: 'OnRootMismatch' }).spec },
    { metadata: { name: 'q', uid: 'uid-2' } },
  );
  await prepare(again);
  assert.equal(await modeOf(path.join(disk, 'file')), '600');
});

test('what the agent writes is read alone, and so is a claim that is asked for like that', () => {
  const volumes = [
    { name: 'config', configMap: { name: 'c' } },
    { name: 'token', projected: { sources: [] } },
    { name: 'read', persistentVolumeClaim: { claimName: 'c', readOnly: true } },
    { name: 'write', persistentVolumeClaim: { claimName: 'c' } },
    { name: 'empty', emptyDir: {} },
  ];
  const container = testContainer('web', {
    volumeMounts: volumes.map(({ name }) => ({ name, mountPath: `/${name}` })),
  });
  const mounts = containerMounts(testPod({ volumes, hostNetwork: false }), container, {
    volumes: new Map(volumes.map(({ name }) => [name, `/node/${name}`])),
    ...{ hostsPath: '', terminationLogPath: '', env: [], podIPs: [] },
  });
  assert.deepEqual(
    mounts.map(({ containerPath, readonly }) => `${containerPath} ${readonly}`),
    ['/config true', '/token true', '/read true', '/write false', '/empty false'],
  );
});
