/** What is held open is mounted, whatever its path stands for by then. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { mountsBelow } from '../../src/cluster/node/mounts.ts';
import { mountPinned, unmountBelow, unmountPinned } from '../../src/cluster/node/pinned-mounts.ts';
import { openSubPath } from '../../src/kubelet/volumes/sub-path.ts';
import { noNodeBecause } from './test-node.ts';

test('a folder that is swapped for a link after it was looked at', { skip: noNodeBecause() }, async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-pinned-'));
  t.after(async () => {
    await unmountBelow(folder);
    await rm(folder, { recursive: true, force: true });
  });
  const at = (...parts: string[]) => path.join(folder, ...parts);
  for (const each of ['volume/part', 'secrets', 'target']) await mkdir(at(each), { recursive: true });
  await writeFile(at('volume/part/own'), '');
  await writeFile(at('secrets/key'), '');

  const place = await openSubPath(at('volume'), 'part');
  assert.ok(place);
  await rename(at('volume/part'), at('volume/moved'));
  await symlink(at('secrets'), at('volume/part'));
  await mountPinned(place.shared, at('target'));
  await place.close();
  assert.deepEqual(await readdir(at('target')), ['own']);

  await unmountPinned(at('target'));
  await unmountPinned(at('target'));
  assert.deepEqual([await readdir(at('target')), await mountsBelow(folder)], [[], []]);
});
