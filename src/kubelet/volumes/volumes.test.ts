import assert from 'node:assert/strict';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { ConfigMap, Secret, Volume } from '../../kinds/generated/types.ts';
import { createManualClock } from '../../lib/manual-clock.ts';
import { PodFiles } from '../run/pod-files.ts';
import { testContainer, testPod } from '../test-kit.ts';
import { NodeVolumes } from './node-volumes.ts';

async function world(t: TestContext) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-volumes-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const configMaps = new Map<string, ConfigMap>();
  const secrets = new Map<string, Secret>();
  const mounted: string[] = [];
  const files = new PodFiles(folder);
  const volumes = new NodeVolumes({
    files,
    clock: createManualClock(),
    sources: {
      configMap: (_, name) => configMaps.get(name),
      secret: (_, name) => secrets.get(name),
      services: () => [],
    },
    token: async (_, { audience, expirationSeconds }) => {
      if (audience === 'bad') throw new Error('no such audience');
      return `token for ${audience} (${expirationSeconds})`;
    },
    memory: {
      mount: async (at, { sizeBytes }) => void mounted.push(`mount ${path.basename(at)} ${sizeBytes}`),
      unmount: async (at) => void mounted.push(`unmount ${path.basename(at)}`),
    },
    pinned: {
      mount: async (source, at) =>
        void mounted.push(`pin ${await readlink(source)} at ${path.relative(folder, at)}`),
      unmount: async () => {},
      unmountBelow: async (at) => void mounted.push(`unpin ${path.relative(folder, at)}`),
    },
  });
  const place = { hostIPs: [], podIPs: [], allocatable: { cpu: '2', memory: '1Gi' } };
  const podOf = (...list: Volume[]) =>
    testPod(
      { volumes: list, containers: [testContainer('web', { resources: { limits: { memory: '8Mi' } } })] },
      { metadata: { labels: { app: 'web' } } },
    );
  const prepare = async (...list: Volume[]) => [...(await volumes.prepare(podOf(...list), place)).values()];
  return { folder, files, volumes, configMaps, secrets, mounted, place, podOf, prepare };
}

/** Every file that users see, with its content. */
async function contentOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => !name.startsWith('..'));
  const visible = await readdir(folder);
  const found: Record<string, string> = {};
  for (const name of [...names, ...(await nested(folder, visible))])
    if ((await stat(path.join(folder, name))).isFile())
      found[name] = await readFile(path.join(folder, name), 'utf8');
  return found;
}

/** Links to folders are not followed by readdir. */
async function nested(folder: string, visible: readonly string[]): Promise<string[]> {
  const folders = [];
  for (const name of visible.filter((each) => !each.startsWith('..')))
    if ((await stat(path.join(folder, name))).isDirectory())
      folders.push(
        ...(await readdir(path.join(folder, name), { recursive: true })).map((inner) =>
          path.join(name, inner),
        ),
      );
  return folders;
}

describe('volumes made of objects', () => {
  test('a ConfigMap, updated all at once', async (t) => {
    const { configMaps, prepare } = await world(t);
    configMaps.set('cm', { metadata: {}, data: { a: '1', b: '2' }, binaryData: { c: 'Aw==' } });
    const volume = { name: 'v', configMap: { name: 'cm', defaultMode: 0o640 } };
    const [folder = ''] = await prepare(volume);
    assert.match(folder, /uid-1\/volumes\/kubernetes\.io~configmap\/v$/);
    assert.deepEqual(await contentOf(folder), { a: '1', b: '2', c: '\u0003' });
    assert.equal((await stat(path.join(folder, 'a'))).mode & 0o777, 0o640);
    assert.equal(await readlink(path.join(folder, 'a')), '..data/a');
    const before = await readlink(path.join(folder, '..data'));

    await prepare(volume);
    assert.equal(await readlink(path.join(folder, '..data')), before);

    configMaps.set('cm', { metadata: {}, data: { a: 'new', d: '4' } });
    await prepare(volume);
    assert.deepEqual(await contentOf(folder), { a: 'new', d: '4' });
    const now = await readlink(path.join(folder, '..data'));
    assert.notEqual(now, before);
    assert.deepEqual((await readdir(folder)).sort(), ['..data', now, 'a', 'd'].sort());
  });

  test('an agent that ended half-way through an update', async (t) => {
    const { configMaps, prepare } = await world(t);
    const volume = { name: 'v', configMap: { name: 'settings' } };
    configMaps.set('settings', { metadata: {}, data: { a: '1', b: '2' } });
    const [folder = ''] = await prepare(volume);
    const whole = (await readdir(folder)).sort();
    // The names were not there yet, nor was the generation before gone.
    await rm(path.join(folder, 'b'));
    await mkdir(path.join(folder, '..2025_01_01_00_00_00.7'));
    await prepare(volume);
    assert.equal(await readFile(path.join(folder, 'b'), 'utf8'), '2');
    configMaps.set('settings', { metadata: {}, data: { a: '1', b: '3' } });
    await prepare(volume);
    assert.equal(await readFile(path.join(folder, 'b'), 'utf8'), '3');
    const generation = await readlink(path.join(folder, '..data'));
    assert.deepEqual((await readdir(folder)).sort(), ['..data', generation, 'a', 'b'].sort());
    assert.equal(whole.length, 4);
  });

  test('some keys of a Secret, under names and modes of their own', async (t) => {
    const { secrets, prepare } = await world(t);
    secrets.set('s', { metadata: {}, data: { user: 'bWU=', password: 'c2VjcmV0' } });
    const items = [{ key: 'password', path: 'deep/down/pw', mode: 0o400 }];
    const [folder = ''] = await prepare({ name: 'v', secret: { secretName: 's', items } });
    assert.deepEqual(await contentOf(folder), { 'deep/down/pw': 'secret' });
    assert.equal((await stat(path.join(folder, 'deep/down/pw'))).mode & 0o777, 0o400);
    assert.equal((await lstat(path.join(folder, 'deep'))).isSymbolicLink(), true);
  });

  test('fields of the pod, and many sources in one', async (t) => {
    const { configMaps, secrets, prepare } = await world(t);
    configMaps.set('ca', { metadata: {}, data: { 'ca.crt': 'CA' } });
    secrets.set('s', { metadata: {}, data: { k: 'dg==' } });
    const [folder = ''] = await prepare({
      name: 'all',
      projected: {
        defaultMode: 0o600,
        sources: [
          { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
          { configMap: { name: 'ca', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          { secret: { name: 's' } },
          { secret: { name: 'none', optional: true } },
          {
            downwardAPI: {
              items: [
                { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
                {
                  path: 'memory',
                  resourceFieldRef: { containerName: 'web', resource: 'limits.memory', divisor: '1Ki' },
                },
              ],
            },
          },
        ],
      },
    });
    assert.deepEqual(await contentOf(folder), {
      token: 'token for undefined (3607)',
      'ca.crt': 'CA',
      k: 'v',
      labels: 'app="web"',
      memory: '8192',
    });
    assert.equal((await stat(path.join(folder, 'token'))).mode & 0o777, 0o600);
  });

  test('what is missing is said, unless it may be', async (t) => {
    const { configMaps, prepare } = await world(t);
    configMaps.set('cm', { metadata: {}, data: { a: '1' } });
    const items = [{ key: 'none', path: 'x' }];
    const refused: [Volume, string][] = [
      [{ name: 'v', configMap: { name: 'none' } }, 'configmap "none" not found'],
      [{ name: 'v', secret: { secretName: 'none' } }, 'secret "none" not found'],
      [{ name: 'v', configMap: { name: 'cm', items } }, 'references non-existent config key: none'],
      [
        { name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't', audience: 'bad' } }] } },
        'failed to fetch token: no such audience',
      ],
      [
        { name: 'v', downwardAPI: { items: [{ path: 'x', fieldRef: { fieldPath: 'spec.none' } }] } },
        'unsupported fieldPath: spec.none',
      ],
      [{ name: 'v', nfs: { server: 's', path: '/' } }, 'this kind of volume is not supported on this node'],
    ];
    for (const [volume, why] of refused)
      await assert.rejects(prepare(volume), {
        code: 'VOLUME_FAILED',
        message: `MountVolume.SetUp failed for volume "v" : ${why}`,
      });
    const [folder = ''] = await prepare({ name: 'v', configMap: { name: 'none', optional: true } });
    assert.deepEqual(await contentOf(folder), {});
  });
});

test('a part of a volume is mounted in a place of its own, which is gone with the pod', async (t) => {
  const { folder, files, volumes, mounted, podOf, prepare } = await world(t);
  const spec = { name: 'v', emptyDir: {} };
  const [place = ''] = await prepare(spec);
  await writeFile(path.join(place, 'file'), '');
  const part = (relative: string, index: number) =>
    volumes.subPath({ podUid: 'uid-1', volume: 'v', place, relative, container: 'web', index });
  const at = (index: number) => path.join(files.folder('uid-1'), 'volume-subpaths/v/web', String(index));
  assert.deepEqual([await part('new/folder', 0), await part('file', 1)], [at(0), at(1)]);
  // Another kind than the container before it had.
  assert.equal(await part('file', 0), at(0));
  assert.equal((await stat(at(0))).isFile(), true);
  assert.equal(await part('..', 2), undefined);
  const pinned = (what: string, index: number) =>
    `pin ${path.join(place, what)} at uid-1/volume-subpaths/v/web/${index}`;
  assert.deepEqual(mounted.splice(0), [pinned('new/folder', 0), pinned('file', 1), pinned('file', 0)]);
  // What resists is not removed: it would be the volume itself.
  await rm(at(1));
  await mkdir(at(1));
  await writeFile(path.join(at(1), 'still mounted'), '');
  await assert.rejects(volumes.remove(podOf(spec)), { code: 'ENOTEMPTY' });
  await assert.rejects(volumes.remove(podOf(spec)), { code: 'ENOTEMPTY' });
  assert.deepEqual(await readdir(at(1)), ['still mounted']);
  await rm(path.join(at(1), 'still mounted'));
  await volumes.remove(podOf(spec));
  assert.deepEqual(await readdir(path.join(folder, 'uid-1')), []);
});

describe('other volumes', () => {
  test('an empty folder for everybody in the pod, gone with it', async (t) => {
    const { volumes, mounted, podOf, place, files } = await world(t);
    const pod = podOf(
      { name: 'disk', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      { name: 'unbound', emptyDir: { medium: 'Memory' } },
    );
    const places = await volumes.prepare(pod, place);
    assert.deepEqual(await readdir(path.dirname(places.get('disk') ?? '')), ['disk', 'memory', 'unbound']);
    const disk = places.get('disk') ?? '';
    assert.equal((await stat(disk)).mode & 0o7777, 0o777);
    // As databases do, which then refuse to start when others can read it again.
    await chmod(disk, 0o700);
    await writeFile(path.join(disk, 'kept'), 'yes');
    await volumes.prepare(pod, place);
    assert.equal(await readFile(path.join(disk, 'kept'), 'utf8'), 'yes');
    assert.equal((await stat(disk)).mode & 0o7777, 0o700);
    await assert.rejects(volumes.prepare(podOf({ name: 'huge', emptyDir: { medium: 'HugePages' } }), place), {
      message: 'MountVolume.SetUp failed for volume "huge" : medium HugePages is not supported on this node',
    });
    assert.deepEqual(mounted.splice(0, 2), ['mount memory 1048576', 'mount unbound 8388608']);
    mounted.length = 0;
    await volumes.remove(pod);
    assert.deepEqual(mounted, ['unpin uid-1/volume-subpaths', 'unmount memory', 'unmount unbound']);
    await assert.rejects(stat(path.join(files.folder('uid-1'), 'volumes')));
  });

  test('secrets, tokens and what is told of the pod are kept in memory, configuration on disk', async (t) => {
    const { volumes, mounted, secrets, configMaps, podOf, place } = await world(t);
    secrets.set('s', { metadata: { name: 's' }, data: { key: 'dmFsdWU=' } });
    configMaps.set('c', { metadata: { name: 'c' }, data: { key: 'value' } });
    const pod = podOf(
      { name: 'secret', secret: { secretName: 's' } },
      { name: 'config', configMap: { name: 'c' } },
      { name: 'labels', downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
    );
    const places = await volumes.prepare(pod, place);
    assert.deepEqual(await contentOf(places.get('secret') ?? ''), { key: 'value' });
    assert.deepEqual(mounted.splice(0), [
      'mount secret 8388608',
      'mount labels 8388608',
      'mount token 8388608',
    ]);
    await volumes.remove(pod);
    const unpin = 'unpin uid-1/volume-subpaths';
    assert.deepEqual(mounted.splice(0), [unpin, 'unmount secret', 'unmount labels', 'unmount token']);
    await volumes.prepare(pod, place);
    mounted.length = 0;
    await volumes.removeOrphans('uid-1');
    assert.deepEqual(mounted.toSorted(), ['unmount labels', 'unmount secret', 'unmount token', unpin]);
  });

  test("a place of the node's own is checked, and left alone", async (t) => {
    const { folder, volumes, podOf, prepare } = await world(t);
    const at = (name: string) => path.join(folder, 'host', name);
    await mkdir(at('dir'), { recursive: true });
    await writeFile(at('file'), 'mine');
    const of = (name: string, type?: string): Volume => ({ name: 'v', hostPath: { path: at(name), type } });
    assert.deepEqual(await prepare(of('anything')), [at('anything')]);
    for (const [name, type] of [
      ['dir', 'Directory'],
      ['file', 'File'],
      ['new/dir', 'DirectoryOrCreate'],
      ['new/file', 'FileOrCreate'],
    ] as const)
      assert.deepEqual(await prepare(of(name, type)), [at(name)]);
    assert.ok((await stat(at('new/dir'))).isDirectory() && (await stat(at('new/file'))).isFile());
    const refused = { File: 'dir', Directory: 'file', Socket: 'file', CharDevice: 'none' };
    for (const [type, name] of Object.entries(refused))
      await assert.rejects(prepare(of(name, type)), /hostPath type check failed: .* is not a/);
    await volumes.remove(podOf(of('dir')));
    assert.equal(await readFile(at('file'), 'utf8'), 'mine');
  });
});
