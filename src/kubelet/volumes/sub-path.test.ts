import assert from 'node:assert/strict';
import {
  chmod,
  mkdir,
  mkdtemp,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { testPod } from '../test-kit.ts';
import { applyGroup } from './group.ts';
import { openSubPath } from './sub-path.ts';

async function world(t: TestContext) {
  const folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'wherry-subpath-')));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const volume = path.join(folder, 'volume');
  await mkdir(path.join(volume, 'real'), { recursive: true });
  await mkdir(path.join(folder, 'outside'));
  await writeFile(path.join(folder, 'outside/file'), '', { mode: 0o600 });
  /** Where it leads, seen from the volume. */
  const leadsTo = async (subPath: string) => {
    const place = await openSubPath(volume, subPath);
    if (place === undefined) return undefined;
    const target = await readlink(place.shared);
    await place.close();
    return target.slice(volume.length);
  };
  return { folder, volume, leadsTo };
}

test('a subPath stays in its volume, and is made where it is missing', async (t) => {
  const { folder, volume, leadsTo } = await world(t);
  await writeFile(path.join(volume, 'real/file'), '');
  await writeFile(path.join(folder, 'secret'), '');
  await symlink('real', path.join(volume, 'inside'));
  await symlink('..', path.join(volume, 'out'));
  await symlink('/', path.join(volume, 'root'));
  await symlink('nowhere', path.join(volume, 'dangling'));

  assert.equal(await leadsTo(''), '');
  assert.equal(await leadsTo('real/file'), '/real/file');
  assert.equal(await leadsTo('inside/file'), '/real/file');
  assert.equal(await leadsTo('inside/../real'), '/real');
  assert.equal(await leadsTo('new/deep'), '/new/deep');
  // For whoever may use the volume: a pod that is not root writes there, too.
  await chmod(volume, 0o2775);
  assert.equal(await leadsTo('other/deep'), '/other/deep');
  for (const made of ['other', 'other/deep'])
    assert.equal((await stat(path.join(volume, made))).mode & 0o7777, 0o2775);
  for (const subPath of [
    'out',
    'out/secret',
    'root/etc',
    'dangling',
    'dangling/below',
    'real/file/below',
    '..',
  ])
    assert.equal(await leadsTo(subPath), undefined, subPath);
});

test('several who lack the same folders make them together', async (t) => {
  const { leadsTo } = await world(t);
  const asked = ['new', 'new/a', 'new/a/b', 'new/a/c', 'new', 'new/a'];
  assert.deepEqual(
    await Promise.all(asked.map(leadsTo)),
    asked.map((each) => `/${each}`),
  );
});

test('what was opened is not led elsewhere by a link that takes its place', async (t) => {
  const { folder, volume } = await world(t);
  const place = await openSubPath(volume, 'real');
  t.after(() => place?.close());
  await rename(path.join(volume, 'real'), path.join(volume, 'moved'));
  await symlink(path.join(folder, 'outside'), path.join(volume, 'real'));
  assert.equal(await readlink(place?.shared ?? ''), path.join(volume, 'moved'));
});

/** As a pod that shares the volume: a folder and a link to the node's take turns under one name, until it is over. */
async function swapping(volume: string, outside: string, during: () => Promise<void>): Promise<void> {
  const [name, folder, link] = ['real', 'spare', 'link'].map((each) => path.join(volume, each)) as [
    string,
    string,
    string,
  ];
  await symlink(outside, link);
  let isOver = false;
  /** A subPath that is missing for the moment is made by who is tried here. */
  const put = async (what: string): Promise<void> => {
    for (;;) {
      const failed = await rename(what, name).then(
        () => false,
        () => true,
      );
      if (!failed) return;
      await rm(name, { recursive: true, force: true });
    }
  };
  const swaps = (async () => {
    while (!isOver) {
      await rename(name, folder);
      await put(link);
      await rename(name, link);
      await put(folder);
    }
  })();
  try {
    await during();
  } finally {
    isOver = true;
    await swaps;
  }
}

const rounds = 300;

test('a folder that is swapped for a link again and again never leads out', async (t) => {
  const { folder, volume, leadsTo } = await world(t);
  const seen = new Set<string | undefined>();
  await swapping(volume, path.join(folder, 'outside'), async () => {
    for (let round = 0; round < rounds; round++) seen.add(await leadsTo('real/file'));
  });
  const within = [...seen].filter(
    (each) => each !== undefined && !/^\/(real|spare)\/file( \(deleted\))?$/.test(each),
  );
  assert.deepEqual(within, []);
});

test('files outside do not become the group of a volume whose folder is swapped for a link', async (t) => {
  const { folder, volume } = await world(t);
  const pod = testPod({ securityContext: { fsGroup: process.getgid?.() ?? 0 } });
  await swapping(volume, path.join(folder, 'outside'), async () => {
    for (let round = 0; round < rounds; round++) await applyGroup(volume, pod);
  });
  assert.equal((await stat(path.join(folder, 'outside/file'))).mode & 0o777, 0o600);
  assert.equal((await stat(path.join(folder, 'outside'))).mode & 0o2000, 0);
});
