import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { createFakeRuntime } from '../../cri/fake.ts';
import { createManualClock } from '../../lib/manual-clock.ts';
import { seededRandom } from '../../lib/random.ts';
import { testPod } from '../test-kit.ts';
import { folderUsage, MachineStats } from './machine.ts';

async function machine(t: TestContext, files: Record<string, string>) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-machine-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const write = async (name: string, text: string) => {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  };
  for (const [name, text] of Object.entries(files)) await write(name, text);
  const at = (name: string) => path.join(folder, name);
  for (const name of ['pods', 'logs']) await mkdir(at(name), { recursive: true });
  const stats = new MachineStats({
    ...{ podsFolder: at('pods'), logsFolder: at('logs'), imagesFolder: at('pods') },
    ...{ cgroupRoot: '/wherry', cgroups: at('cgroup'), proc: at('proc') },
    runtime: createFakeRuntime({ clock: createManualClock(), random: seededRandom(1) }),
  });
  return { folder, stats, write };
}

const pod = testPod({
  volumes: [
    { name: 'data', emptyDir: {} },
    { name: 'host', hostPath: { path: '/' } },
  ],
});
const cgroup = 'wherry/kubepods/besteffort/poduid-1';

test('what is left of the machine', async (t) => {
  const { stats } = await machine(t, {
    'proc/meminfo': 'MemTotal:  8000 kB\nMemFree:  1000 kB\nMemAvailable: 5000 kB\nInactive(file):  500 kB\n',
    'proc/loadavg': '0.1 0.2 0.3 2/300 4711\n',
    'proc/sys/kernel/pid_max': '32768\n',
    'proc/sys/kernel/threads-max': '1000\n',
  });
  const { memory, pids, nodefs, imagefs } = await stats.node();
  assert.deepEqual(memory, { capacityBytes: 8000 * 1024, availableBytes: 1500 * 1024 });
  assert.deepEqual(pids, { max: 1000, available: 700 });
  assert.ok(nodefs.capacityBytes > 0 && nodefs.availableBytes <= nodefs.capacityBytes);
  assert.equal(imagefs.capacityBytes, nodefs.capacityBytes);
});

test("a pod's memory and processes, in cgroups of either version", async (t) => {
  const first = await machine(t, {
    [`cgroup/memory/${cgroup}/memory.usage_in_bytes`]: '5000\n',
    [`cgroup/memory/${cgroup}/memory.stat`]: 'inactive_file 1\ntotal_inactive_file 2000\n',
    [`cgroup/pids/${cgroup}/pids.current`]: '7\n',
  });
  const second = await machine(t, {
    'cgroup/cgroup.controllers': 'memory pids\n',
    [`cgroup/${cgroup}/memory.current`]: '5000\n',
    [`cgroup/${cgroup}/memory.stat`]: 'anon 1\ninactive_file 2000\n',
    [`cgroup/${cgroup}/pids.current`]: '7\n',
  });
  for (const { stats } of [first, second])
    assert.deepEqual(await stats.pod(pod), { memoryBytes: 3000, containers: new Map(), pids: 7 });
});

test('a pod that has no cgroup takes nothing', async (t) => {
  const { stats } = await machine(t, {});
  assert.deepEqual(await stats.pod(pod), { memoryBytes: 0, containers: new Map(), pids: 0 });
  assert.deepEqual(await stats.disk(pod), {
    containers: new Map(),
    volumes: new Map([['data', 0]]),
    inodes: 0,
  });
});

test('what a pod has written: its own volumes and logs, no links', async (t) => {
  const volume = 'pods/uid-1/volumes/kubernetes.io~empty-dir/data';
  const { folder, stats } = await machine(t, {
    [`${volume}/large`]: 'x'.repeat(100_000),
    'logs/default_p_uid-1/web/0.log': 'x'.repeat(50_000),
    'elsewhere/huge': 'x'.repeat(1_000_000),
  });
  await symlink(path.join(folder, 'elsewhere'), path.join(folder, volume, 'link'));
  const { containers, volumes } = await stats.disk(pod);
  const [data = 0] = volumes.values();
  assert.deepEqual([[...volumes.keys()], [...containers.keys()]], [['data'], ['web']]);
  assert.ok(data >= 100_000 && data < 500_000, `${data}`);
  assert.ok((containers.get('web') ?? 0) >= 50_000);
});

test('a look ends, however much there is', async (t) => {
  const { folder } = await machine(t, { 'many/a': '', 'many/b': '', 'many/c': '' });
  const many = path.join(folder, 'many');
  assert.equal((await folderUsage(many)).inodes, 4);
  assert.equal((await folderUsage(many, { entries: 2 })).inodes, 3);
});
