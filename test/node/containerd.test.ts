/** The runtime contract on a real containerd with runc and the network plugins, as Debian ships them. */
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { findContainerd } from '../../src/cluster/node/containerd.ts';
import { containerdPaths } from '../../src/cluster/node/containerd-config.ts';
import { runtimeContract } from '../../src/cri/contract.ts';
import { commands, type RuntimeUnderTest, runPod, startIn } from '../../src/cri/contract-tools.ts';
import { noNodeBecause, readLog, startTestNode, type TestNode, until } from './test-node.ts';

describe('a real node', { skip: noNodeBecause() }, () => {
  let node: TestNode;
  before(async () => {
    node = await startTestNode();
  });
  after(() => node?.close());

  const under = (): RuntimeUnderTest => ({
    runtime: node.runtime,
    image: 'busybox:1.27',
    now: () => Date.now(),
    settle: (promise) => promise,
    until,
    readLog,
    sandboxConfig: node.sandboxConfig,
  });

  runtimeContract('containerd', async () => under());

  test('it is found again, also when nobody has written down its number', async () => {
    const { containerd, folder } = node;
    const found = async () => (await findContainerd(folder))?.pid;
    assert.equal(await found(), containerd.pid);
    const file = containerdPaths(folder).pid;
    for (const text of ['', '1\n', `${process.pid}\n`]) {
      await writeFile(file, text);
      assert.equal(await found(), containerd.pid, JSON.stringify(text));
    }
    await rm(file);
    assert.equal(await found(), containerd.pid);
    await writeFile(file, `${containerd.pid}\n`);
    assert.equal(await findContainerd(`${folder}-other`), undefined);
  });

  test('containers outlive their containerd, and it finds them again', async () => {
    const pod = await runPod(under(), 'outlives');
    const id = await startIn(under(), pod, { command: commands.runsForever });
    const before = await node.runtime.containers.status(id);
    await node.containerd.stop();
    await assert.rejects(node.runtime.containers.status(id), { code: 'UNAVAILABLE' });
    await node.restart();
    assert.deepEqual(await node.runtime.containers.status(id), before);
  });
});
