import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { buildBusyboxImage, buildPauseImage, type DebianPrograms } from './from-debian.ts';

/** Stand-ins for the two programs; the real ones run in test/node. */
async function programsIn(folder: string): Promise<DebianPrograms> {
  const file = path.join(folder, 'busybox');
  await writeFile(file, '#!/bin/sh\necho "busybox\nls\nsh"\n');
  await chmod(file, 0o755);
  return { catatonit: file, busybox: file };
}

test('images hold the program, and busybox a link for each applet', async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-images-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const programs = await programsIn(folder);
  const pause = String(await buildPauseImage(programs));
  assert.match(pause, /"Entrypoint":\["\/pause","-P"\]/);
  assert.match(pause, /wherry\.local\/pause:1/);
  const busybox = String(await buildBusyboxImage(['x.local/b:1'], programs));
  assert.match(busybox, /"Cmd":\["sh"\]/);
  for (const file of ['bin/busybox\0', 'bin/ls\0', 'bin/sh\0', 'etc/passwd\0', 'root/\0'])
    assert.ok(busybox.includes(file), file);
});

test('without the program the message says what to install', async () => {
  const programs = { catatonit: '/nowhere/catatonit', busybox: '/nowhere/busybox' };
  await assert.rejects(buildPauseImage(programs), {
    code: 'PROGRAM_MISSING',
    message: 'cannot build an image without /nowhere/catatonit: apt-get install catatonit',
  });
  await assert.rejects(buildBusyboxImage(['b'], programs), /apt-get install busybox-static/);
});
