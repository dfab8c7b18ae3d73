/**
 * Who sees what others mount on a folder of the node. Source of the cases: test/e2e/node/mount_propagation.go of
 * kubernetes/kubernetes.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runCommand } from '../../../src/cluster/node/command.ts';
import { exec } from '../../../src/lib/exec.ts';
import { noNodeBecause } from '../../node/test-node.ts';
import { type Node, type PodShape, startNode } from './pod-on-a-node.ts';

const propagations = { both: 'Bidirectional', inward: 'HostToContainer', none: 'None' };

describe('mounts within mounts', { skip: noNodeBecause() }, () => {
  let node: Node;
  let folder: string;

  before(async () => {
    node = await startNode();
    // Where a node's volumes are: what a killed test leaves there is unmounted by the next one.
    folder = path.join(node.node.dataDirectory, 'shared');
    await mkdir(folder);
    await runCommand('mount', ['--bind', folder, folder]);
    await runCommand('mount', ['--make-rshared', folder]);
  });
  after(async () => {
    const pods = node?.cluster.client.of('Pod');
    for (const name of Object.keys(propagations))
      await pods?.delete({ namespace: 'default', name }, { gracePeriodSeconds: 0 }).catch(() => {});
    // What a pod has mounted for the node outlives it.
    if (folder !== undefined)
      await exec('umount', ['--recursive', '--lazy', folder], { milliseconds: 60_000 });
    await node?.cluster.close();
  });

  test('are seen by whom they are for', async () => {
    const shapes = Object.entries(propagations).map(([name, mountPropagation]): [string, PodShape] => [
      name,
      {
        volumes: [{ name: 'shared', hostPath: { path: folder } }],
        container: {
          securityContext: { privileged: true },
          volumeMounts: [{ name: 'shared', mountPath: '/shared', mountPropagation }],
        },
      },
    ]);
    await node.create(Object.fromEntries(shapes));
    for (const name of Object.keys(propagations)) {
      const at = `/shared/${name}`;
      const script = `mkdir ${at} && mount -t tmpfs tmpfs ${at} && echo ${name} > ${at}/file`;
      assert.equal(await node.run(await node.whenReady(name), ['sh', '-c', script]), '');
    }
    await mkdir(path.join(folder, 'node'));
    await runCommand('mount', ['-t', 'tmpfs', 'tmpfs', path.join(folder, 'node')]);
    await writeFile(path.join(folder, 'node', 'file'), 'node\n');
    const look = (at: string) =>
      `for name in both inward none node; do cat ${at}/$name/file 2>/dev/null; done; true`;
    const seen: Record<string, string[]> = {};
    for (const name of Object.keys(propagations))
      seen[name] = (await node.run(await node.pod(name), ['sh', '-c', look('/shared')])).trim().split('\n');
    const { stdout } = await exec('sh', ['-c', look(folder)], { milliseconds: 60_000 });
    assert.deepEqual(
      { ...seen, node: stdout.trim().split('\n') },
      {
        both: ['both', 'node'],
        inward: ['both', 'inward', 'node'],
        none: ['none'],
        node: ['both', 'node'],
      },
    );
  });
});
