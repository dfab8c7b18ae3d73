import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { cpuWeight, limitPodCgroup } from './pod-cgroup.ts';

const layouts: Record<string, [string[], Record<string, string>]> = {
  'of two hierarchies': [
    ['cpu/pods/one', 'memory/pods/one'],
    {
      'cpu/pods/one/cpu.cfs_period_us': '100000',
      'cpu/pods/one/cpu.cfs_quota_us': '50000',
      'cpu/pods/one/cpu.shares': '512',
      'memory/pods/one/memory.limit_in_bytes': '67108864',
    },
  ],
  'of one': [
    ['pods/one'],
    {
      'pods/one/cpu.max': '50000 100000',
      'pods/one/cpu.weight': '20',
      'pods/one/memory.max': '67108864',
    },
  ],
};
const limits = { cpuShares: 512, cpuQuota: 50_000, cpuPeriod: 100_000, memoryLimitInBytes: 64 * 2 ** 20 };

for (const [name, [folders, files]] of Object.entries(layouts))
  test(`what a pod may take, in cgroups ${name}`, async (t) => {
    const root = await mkdtemp(path.join(os.tmpdir(), 'wherry-cgroup-'));
    t.after(() => rm(root, { recursive: true, force: true }));
    for (const folder of folders) await mkdir(path.join(root, folder), { recursive: true });
    await limitPodCgroup('/pods/one', limits, root);
    const found: Record<string, string> = {};
    for (const folder of folders)
      for (const file of (await readdir(path.join(root, folder))).sort())
        found[`${folder}/${file}`] = await readFile(path.join(root, folder, file), 'utf8');
    assert.deepEqual(found, files);
    await limitPodCgroup('/pods/one', { cpuShares: 2 }, root);
  });

test('shares as weights', () => {
  assert.deepEqual([0, 2, 1024, 262_144].map(cpuWeight), [0, 1, 39, 10_000]);
});
