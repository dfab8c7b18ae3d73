import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isMounted, mountsBelow, parseMounts } from './mounts.ts';

test('places of mounts, with blanks', () => {
  const mountinfo = [
    '22 1 0:21 / /proc rw,nosuid - proc proc rw',
    '90 1 0:50 / /data/my\\040folder/a\\134b rw shared:1 - tmpfs tmpfs rw',
    '',
  ].join('\n');
  assert.deepEqual(parseMounts(mountinfo), ['/proc', '/data/my folder/a\\b']);
});

test('a mount is found by a path with a link in it', async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-mounts-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await symlink('/', path.join(folder, 'root'));
  assert.deepEqual(
    [await isMounted('/proc'), await isMounted(path.join(folder, 'root/proc')), await isMounted(folder)],
    [true, true, false],
  );
  assert.deepEqual(await mountsBelow(folder), []);
});
