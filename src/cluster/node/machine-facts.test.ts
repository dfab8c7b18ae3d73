import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { osName, readMachineFacts } from './machine-facts.ts';

describe('what a machine is', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), 'wherry-machine-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  async function have(files: Record<string, string>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(root, name)), { recursive: true });
      await writeFile(path.join(root, name), text);
    }
  }

  async function facts() {
    const place = { root, dataFolder: root, processors: 8, architecture: 'amd64', kernelVersion: '6.1.0' };
    const { ephemeralStorageBytes, ...rest } = await readMachineFacts(place);
    assert.ok(ephemeralStorageBytes > 0);
    return rest;
  }

  const machine = {
    'etc/os-release': 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    'etc/machine-id': '0123\n',
    'proc/sys/kernel/random/boot_id': 'boot\n',
    'proc/meminfo': 'MemTotal:        8000000 kB\nMemFree: 1 kB\nSwapTotal:       1000 kB\n',
    'sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages': '3\n',
    'sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages': '0\n',
  };
  const common = {
    ...{ architecture: 'amd64', kernelVersion: '6.1.0', osImage: 'Debian GNU/Linux 12 (bookworm)' },
    ...{ machineID: '0123', systemUUID: '0123', bootID: 'boot', swapBytes: 1_024_000 },
    hugePages: { 'hugepages-1Gi': 0, 'hugepages-2Mi': 3 * 2 ** 21 },
  };

  test('all of it, where nothing is held back', async () => {
    await have({ ...machine, 'proc/self/cgroup': '0::/\n' });
    assert.deepEqual(await facts(), { ...common, milliCpu: 8000, memoryBytes: 8_192_000_000 });
  });

  test('what the cgroup and those above it leave of it', async () => {
    await have({
      ...machine,
      'sys/class/dmi/id/product_uuid': 'product\n',
      'proc/self/cgroup': '0::/box/inner\n',
      'sys/fs/cgroup/box/memory.max': '1073741824\n',
      'sys/fs/cgroup/box/cpu.max': '150000 100000\n',
      'sys/fs/cgroup/box/inner/memory.max': 'max\n',
      'sys/fs/cgroup/box/inner/cpu.max': 'max 100000\n',
    });
    const expected = { ...common, systemUUID: 'product', milliCpu: 1500, memoryBytes: 2 ** 30 };
    assert.deepEqual(await facts(), expected);
  });

  test('the same in the hierarchies of old', async () => {
    await have({
      ...machine,
      'proc/self/cgroup': '4:memory:/box\n2:cpu,cpuacct:/box\n0::/\n',
      'sys/fs/cgroup/memory/box/memory.limit_in_bytes': '536870912\n',
      'sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us': '400000\n',
      'sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us': '100000\n',
    });
    assert.deepEqual(await facts(), { ...common, milliCpu: 4000, memoryBytes: 2 ** 29 });
  });
});

test('names of systems, quoted or not', () => {
  assert.equal(osName('PRETTY_NAME=Alpine\n'), 'Alpine');
  assert.equal(osName('PRETTY_NAME="A \\"quoted\\" one"'), 'A "quoted" one');
  assert.equal(osName(''), 'Linux');
});
