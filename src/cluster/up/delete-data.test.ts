import assert from 'node:assert/strict';
import { access, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { deleteData, removeIfEmpty } from './delete-data.ts';

const own = [
  'cluster.json',
  'kubeconfig',
  'server.log',
  'server.log.1',
  'store.db',
  'store.db-wal',
  'join-token',
];

async function folderWith(more: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-delete-'));
  for (const name of [...own, ...more]) await writeFile(join(folder, name), '');
  await mkdir(join(folder, 'nodes/node-1'), { recursive: true });
  await mkdir(join(folder, 'pki'));
  return folder;
}

test('data that are a cluster’s go with their folder', async () => {
  const folder = await folderWith([]);
  assert.deepEqual(await deleteData(folder), []);
  await removeIfEmpty(folder);
  await assert.rejects(access(folder), { code: 'ENOENT' });
});

test('whoever took a folder of his own for a cluster keeps what he had in it', async (context) => {
  const folder = await folderWith(['thesis.txt', 'store.dbx']);
  context.after(() => rm(folder, { recursive: true }));
  assert.deepEqual(await deleteData(folder), ['store.dbx', 'thesis.txt']);
  await removeIfEmpty(folder);
  assert.deepEqual((await readdir(folder)).sort(), ['store.dbx', 'thesis.txt']);
});
