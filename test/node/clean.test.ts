/** What a node leaves behind when it does not end in order: killed, with pods running. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { findTraces, removeTraces } from '../../src/cluster/node/clean.ts';
import { namespacePath } from '../../src/cluster/node/network-namespace.ts';
import { noNodeBecause, startTestNode } from './test-node.ts';

/** Where the network plugins note what they did, for every network of the machine. */
const pluginCache = '/var/lib/cni/results';

describe('a node that is killed', { skip: noNodeBecause() }, () => {
  test('leaves no process, mount, cgroup, namespace or folder after it was cleaned up', async (t) => {
    const node = await startTestNode();
    t.after(() => node.close());
    const config = node.sandboxConfig('left');
    const sandboxId = await node.runtime.sandboxes.run(config);
    const container = {
      metadata: { name: 'main', attempt: 0 },
      image: { image: 'busybox' },
      command: ['sleep', '3600'],
      args: [],
      envs: [],
      mounts: [],
      labels: {},
      annotations: {},
      logPath: 'main/0.log',
    };
    const id = await node.runtime.containers.create(sandboxId, container, config);
    await node.runtime.containers.start(id);
    process.kill(node.containerd.pid, 'SIGKILL');
    await node.containerd.exited;

    const kinds = new Set((await findTraces(node.traces)).map((trace) => trace.split(' ')[0]));
    assert.deepEqual([...kinds], ['process', 'mount', 'cgroup']);
    await removeTraces(node.traces);
    assert.deepEqual(await findTraces(node.traces), []);
    assert.equal(existsSync(node.folder), false);
    const cached = existsSync(pluginCache) ? readdirSync(pluginCache) : [];
    assert.deepEqual(
      cached.filter((name) => name.includes(sandboxId)),
      [],
    );
    await node.close();
    assert.equal(existsSync(namespacePath(node.namespace)), false);
  });

  test('nothing is looked for in a cgroup that others share', async () => {
    const traces = { folder: '/nowhere/node', networkName: 'none' };
    for (const cgroupParent of ['', '/', '/system.slice/x', '..', '/..'])
      await assert.rejects(findTraces({ ...traces, cgroupParent }), { code: 'BAD_CGROUP' }, cgroupParent);
  });
});
