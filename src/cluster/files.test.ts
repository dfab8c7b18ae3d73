import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readFileIfAny, writePrivateFile } from './files.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-files-'));
});
after(() => rm(directory, { recursive: true }));

test('a private file is whole, for its owner only, and replaces what was there', async () => {
  const path = join(directory, 'secret');
  await writeFile(path, 'old and longer', { mode: 0o644 });
  await writePrivateFile(path, 'new');
  assert.equal(await readFile(path, 'utf8'), 'new');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(directory), ['secret']);
});

test('a file that is not there is undefined, any other trouble an error', async () => {
  assert.equal(await readFileIfAny(join(directory, 'absent')), undefined);
  await assert.rejects(readFileIfAny(directory), { code: 'EISDIR' });
});
