/** Nodes of `bin/wherry up` pull from a registry that only the machine itself can reach: by the server's relay. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { buildBusyboxImage } from '../../src/cluster/images/from-debian.ts';
import { ImageLayout } from '../../src/cluster/images/layout.ts';
import { loadArchive } from '../../src/cluster/images/load.ts';
import { issueAuthority, issueLeaf } from '../../src/cluster/issue.ts';
import { containerdPaths } from '../../src/cluster/node/containerd-config.ts';
import { identify } from '../../src/cluster/up/processes.ts';
import { exec } from '../../src/lib/exec.ts';
import { noNodeBecause, until } from './test-node.ts';
import { startUpCluster, type UpCluster } from './up-cluster.ts';

const skip =
  noNodeBecause() || (spawnSync('kubectl', ['version', '--client']).error ? 'no kubectl on PATH' : false);

/** On the machine's loopback interface, so that no other interface leads there; but it is no loopback address. */
const address = '10.200.0.1';
const ports = { secure: 5000, plain: 5001 };

interface Status {
  readonly processes: readonly { role: string; pid?: number }[];
}

describe('a registry that nodes have no route to', { skip }, () => {
  let cluster: UpCluster;
  let registry: ChildProcess | undefined;
  before(async () => {
    cluster = await startUpCluster();
    await must(...cluster.shell, 'ip', 'address', 'add', `${address}/32`, 'dev', 'lo');
    registry = await startRegistry(cluster);
  });
  after(async () => {
    registry?.stdin?.end();
    await cluster?.close();
  });

  const kubectl = (...args: string[]) =>
    must(
      ...[...cluster.shell, 'kubectl', '--kubeconfig', cluster.kubeconfig],
      ...['--cache-dir', path.join(cluster.folder, 'kube-cache'), ...args],
    );

  test('the nodes themselves do not reach it', async () => {
    const name = path.basename(String(cluster.shell[1])).replace('wherry-outer-', '');
    for (const node of ['node-1', 'node-2']) {
      const enter = ['nsenter', `--net=/run/netns/wherry-${name}-${node}`];
      const [command = '', ...args] = [...enter, 'ip', 'route', 'get', address];
      const { code, stderr } = await exec(command, args);
      assert.notEqual(code, 0);
      assert.match(stderr, /unreachable/);
    }
  });

  for (const [how, port] of Object.entries(ports))
    test(`a pod starts whose image is only there (${how})`, async () => {
      const image = `${address}:${port}/tools/only-there:1`;
      const options = [`--image=${image}`, '--image-pull-policy=Always'];
      await kubectl('run', how, ...options, '--', 'sleep', '1000');
      await kubectl('wait', '--for=condition=Ready', '--timeout=60s', `pod/${how}`);
      const id = await kubectl('get', 'pod', how, '-o', 'jsonpath={.status.containerStatuses[0].imageID}');
      assert.match(id, /sha256:/);
    });

  test('the way is there again after server and agents were killed, for the same containerd', async () => {
    const pids = async (role: string) => {
      const { processes } = JSON.parse(await cluster.wherry(['status', '-o', 'json'])) as Status;
      return processes.filter((each) => each.role === role).map(({ pid }) => pid as number);
    };
    const before = await pids('containerd');
    const killed = [...(await pids('agent')), ...(await pids('server'))];
    for (const pid of killed) process.kill(pid, 'SIGKILL');
    await until('they are gone', async () =>
      (await Promise.all(killed.map(identify))).every((found) => found === undefined),
    );
    await cluster.wherry(['up', '--no-demo']);
    assert.deepEqual(await pids('containerd'), before);
    const image = `${address}:${ports.secure}/tools/only-there:1`;
    await kubectl('run', 'again', `--image=${image}`, '--image-pull-policy=Always', '--', 'sleep', '1000');
    await kubectl('wait', '--for=condition=Ready', '--timeout=60s', 'pod/again');
  });
});

async function startRegistry(cluster: UpCluster): Promise<ChildProcess> {
  const file = (name: string) => path.join(cluster.folder, name);
  await writeFile(file('image.tar'), await buildBusyboxImage(['docker.io/tools/only-there:1']));
  await loadArchive(file('image.tar'), new ImageLayout(file('registry')));
  const authority = await issueAuthority(Date.now());
  const wanted = {
    commonName: 'registry',
    organization: undefined,
    names: [address],
    usage: 'server',
  } as const;
  const pair = await issueLeaf(authority, { ...wanted, now: Date.now() });
  await writeFile(file('registry.crt'), pair.certificate);
  await writeFile(file('registry.key'), pair.key);
  await writeFile(file('authority.crt'), authority.certificate);
  for (const node of ['node-1', 'node-2']) {
    const { registries } = containerdPaths(path.join(cluster.dataDirectory, 'nodes', node, 'containerd'));
    const write = async (host: string, text: string) => {
      await mkdir(path.join(registries, host), { recursive: true });
      await writeFile(path.join(registries, host, 'hosts.toml'), text);
    };
    const secure = `${address}:${ports.secure}`;
    await write(
      secure,
      `server = "https://${secure}"\n[host."https://${secure}"]\n  ca = "${file('authority.crt')}"\n`,
    );
    const plain = `${address}:${ports.plain}`;
    await write(plain, `server = "http://${plain}"\n[host."http://${plain}"]\n`);
  }
  const script = path.join(import.meta.dirname, 'registry.ts');
  const [command = '', ...args] = [
    ...[...cluster.shell, process.execPath, script, file('registry')],
    ...[address, String(ports.secure), String(ports.plain), file('registry.crt'), file('registry.key')],
  ];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then(() => assert.fail('the registry ended'));
  ended.catch(() => {});
  await Promise.race([once(child.stdout, 'data'), ended]);
  return child;
}

async function must(...words: string[]): Promise<string> {
  const [command = '', ...args] = words;
  const { code, stdout, stderr } = await exec(command, args);
  assert.equal(code, 0, stderr);
  return stdout;
}
