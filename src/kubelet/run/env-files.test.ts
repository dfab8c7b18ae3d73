import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { kubeletLimits } from '../limits.ts';
import { testContainer } from '../test-kit.ts';
import { readEnvFiles } from './env-files.ts';

test('files are read as far as their volume reaches', async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-env-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const volume = path.join(folder, 'volume');
  await mkdir(path.join(volume, 'in/side'), { recursive: true });
  await writeFile(path.join(folder, 'secret'), "A='no'");
  await writeFile(path.join(volume, 'plain'), "A='yes'");
  await writeFile(path.join(volume, 'in/side/deep'), "A='deep'");
  await symlink('in/side/deep', path.join(volume, 'link'));
  await symlink('../secret', path.join(volume, 'out'));
  await symlink(folder, path.join(volume, 'away'));
  await writeFile(path.join(volume, 'large'), '');
  await truncate(path.join(volume, 'large'), kubeletLimits.envFileBytesMax + 1);
  execFileSync('mkfifo', [path.join(volume, 'pipe')]);
  const paths = ['plain', 'link', 'out', 'away/secret', '../secret', 'in', 'large', 'pipe', 'none'];
  const fileKeyRef = (at: string, volumeName = 'v') => ({ volumeName, path: at, key: 'A' });
  const env = [...paths.map((at) => fileKeyRef(at)), fileKeyRef('plain', 'other')].map((each) => ({
    name: 'A',
    valueFrom: { fileKeyRef: each },
  }));
  const files = await readEnvFiles(testContainer('web', { env }), new Map([['v', volume]]));
  assert.deepEqual(Object.fromEntries(files), {
    'v/plain': "A='yes'",
    'v/link': "A='deep'",
    ...Object.fromEntries(paths.slice(2).map((at) => [`v/${at}`, undefined])),
  });
});
