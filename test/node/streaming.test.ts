/**
 * The whole way, as people go it: real kubectl of every version at hand, over SPDY and over WebSocket, through the API
 * server and the kubelet's server to a real containerd.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Container } from '../../src/kinds/generated/types.ts';
import { findKubectls, type Kubectl } from '../kubectl/kubectls.ts';
import { startCluster, type TestCluster } from './cluster.ts';
import { noNodeBecause, until } from './test-node.ts';

type Protocol = 'SPDY' | 'WebSocket';

const kubectls = findKubectls();
/** Before 1.29 there is only SPDY. */
const ways = kubectls.flatMap((kubectl): [Kubectl, Protocol][] =>
  kubectl.minor < 29
    ? [[kubectl, 'SPDY']]
    : [
        [kubectl, 'SPDY'],
        [kubectl, 'WebSocket'],
      ],
);
/** What takes long is tried with the one on PATH alone. */
const ownWays = ways.filter(([{ name }]) => name === 'kubectl');

const skip = noNodeBecause() || (kubectls.length === 0 && 'no kubectl on this machine');

describe('streams through the whole cluster', { skip }, () => {
  let cluster: TestCluster;
  const children = new Set<ChildProcess>();

  const streams: Container = {
    name: 'main',
    image: 'busybox:1.27',
    command: ['sh', '-c', 'mkdir /www; echo page > /www/index.html; exec httpd -f -h /www -p 127.0.0.1:8080'],
  };
  const talks: Container = {
    name: 'talks',
    image: 'busybox:1.27',
    command: [
      'sh',
      '-c',
      'echo one; echo two >&2; echo three; until [ -e /more ]; do sleep 0.1; done; echo four; exit 3',
    ],
  };

  before(async () => {
    cluster = await startCluster({ nodes: 1 });
    const pods = cluster.client.of('Pod');
    const make = (name: string, containers: Container[]) =>
      pods.create({ metadata: { namespace: 'default', name }, spec: { containers } });
    await make('streams', [streams]);
    await make('logs', [talks, { ...streams, name: 'other' }]);
    for (const name of ['streams', 'logs'])
      await until(`${name} is ready`, async () => {
        const { status } = await pods.get({ namespace: 'default', name });
        return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
      });
  });
  after(async () => {
    for (const child of children) child.kill('SIGKILL');
    await cluster?.close();
  });

  function start([kubectl, protocol]: [Kubectl, Protocol], args: readonly string[], terminal = false) {
    const isWebSocket = String(protocol === 'WebSocket');
    const env = {
      ...process.env,
      KUBECONFIG: cluster.kubeconfig,
      KUBECTL_REMOTE_COMMAND_WEBSOCKETS: isWebSocket,
      KUBECTL_PORT_FORWARD_WEBSOCKETS: isWebSocket,
    };
    // A terminal of 33 rows and 91 columns.
    const inTerminal = `stty rows 33 cols 91; exec ${kubectl.file} ${args.join(' ')}`;
    const [command, all]: [string, readonly string[]] = terminal
      ? ['script', ['-qec', inTerminal, '/dev/null']]
      : [kubectl.file, args];
    const child = spawn(command, all, { env, stdio: 'pipe' });
    children.add(child);
    child.once('close', () => children.delete(child));
    child.stdin.on('error', () => {});
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('latin1').on('data', (text: string) => {
        said[stream] += text;
      });
    return { child, said, closed: once(child, 'close') };
  }

  async function kubectl(way: [Kubectl, Protocol], args: readonly string[], input = '') {
    const { child, said, closed } = start(way, args);
    child.stdin.end(input);
    const [code] = await closed;
    return { code, ...said };
  }

  for (const way of ways) {
    const name = `${way[0].name} over ${way[1]}`;
    test(`${name}: a command in a container`, async () => {
      const script = 'cat; echo trouble >&2; exit 3';
      const answer = await kubectl(way, ['exec', '-i', 'streams', '--', 'sh', '-c', script], 'a word\n');
      assert.deepEqual(answer, {
        code: 3,
        stdout: 'a word\n',
        stderr: 'trouble\ncommand terminated with exit code 3\n',
      });
    });

    test(`${name}: a port of a pod`, async () => {
      const { child, said, closed } = start(way, ['port-forward', 'pod/streams', ':8080']);
      const portOf = () => /127\.0\.0\.1:(\d+) -> 8080\n/.exec(said.stdout)?.[1];
      await until('it forwards', async () => portOf() !== undefined);
      for (let times = 0; times < 3; times++)
        assert.equal(await (await fetch(`http://127.0.0.1:${portOf()}/`)).text(), 'page\n');
      child.kill();
      await closed;
    });
  }

  for (const way of ownWays) {
    const [, protocol] = way;
    test(`over ${protocol}: a terminal`, async () => {
      const { child, said, closed } = start(way, ['exec', '-it', 'streams', '--', 'sh'], true);
      child.stdin.write(
        'until [ "$(stty size)" = "33 91" ]; do sleep 0.1; done; echo fits exactly; exit 5\n',
      );
      const [code] = await closed;
      assert.match(said.stdout, /\r\nfits exactly\r\n/);
      assert.equal(code, 5);
    });

    test(`over ${protocol}: files there and back`, async () => {
      const bytes = randomBytes(3_000_000);
      const [there, back] = ['there', 'back'].map((name) => path.join(cluster.folder, `${protocol}-${name}`));
      await writeFile(there!, bytes);
      assert.equal((await kubectl(way, ['cp', there!, 'streams:/tmp/file'])).code, 0);
      const { stderr } = await kubectl(way, ['cp', 'streams:/tmp/file', back!]);
      assert.ok(bytes.equals(await readFile(back!)), stderr);
    });

    test(`over ${protocol}: a pod for one command`, async () => {
      const pod = ['run', '-i', '--rm', '--quiet', '--restart=Never', '--image=busybox:1.27', 'once'];
      const answer = await kubectl(way, [...pod, '--', 'sh', '-c', 'read word; echo got $word'], 'it\n');
      assert.deepEqual([answer.code, answer.stdout], [0, 'got it\n'], answer.stderr);
      await until('the pod is gone', async () => {
        const { items } = await cluster.client.of('Pod').list({ namespace: 'default' });
        return !items.some(({ metadata }) => metadata.name === 'once');
      });
    });
  }

  test('what cannot be is said as upstream says it', async () => {
    const way = ownWays.at(-1)!;
    const stderr = async (...args: string[]) => (await kubectl(way, args)).stderr;
    assert.match(
      await stderr('exec', 'streams', '-c', 'none', '--', 'true'),
      /container none is not valid for pod streams|container not found \("none"\)/,
    );
    assert.match(await stderr('exec', 'none', '--', 'true'), /pods "none" not found/);
    assert.match(await stderr('exec', 'streams', '--', '/no/such'), /no such file or directory/);
    assert.match(
      await stderr('logs', 'streams', '-p'),
      /previous terminated container "main" in pod "streams" not found/,
    );
  });

  test('logs: all of it, parts of it, as it comes, and of the one before', async () => {
    const way = ownWays.at(-1)!;
    const logs = async (...args: string[]) => (await kubectl(way, ['logs', 'logs', ...args])).stdout;
    await until('it has said all', async () => (await logs('-c', 'talks')).length === 14);
    // Which of the two streams is read first is the runtime's to say.
    assert.deepEqual((await logs('-c', 'talks')).split('\n').sort(), ['', 'one', 'three', 'two']);
    assert.equal((await logs('-c', 'talks', '--tail=1')).length > 0, true);
    assert.equal(await logs('-c', 'talks', '--limit-bytes=3'), (await logs('-c', 'talks')).slice(0, 3));
    assert.match(
      await logs('-c', 'talks', '--timestamps', '--tail=1'),
      /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{9}\S+ \w+\n$/,
    );
    assert.equal(await logs('-c', 'talks', '--since-time=2999-01-01T00:00:00Z'), '');
    const prefixed = await logs('--all-containers', '--prefix');
    assert.match(prefixed, /^\[pod\/logs\/talks\] one$/m);

    const following = start(way, ['logs', '-f', 'logs', '-c', 'talks']);
    await until('it follows', async () => following.said.stdout.length === 14);
    await kubectl(way, ['exec', 'logs', '-c', 'talks', '--', 'touch', '/more']);
    await following.closed;
    assert.match(following.said.stdout, /\nfour\n$/);
    await until('the one before is told of', async () =>
      (await logs('-c', 'talks', '--previous')).endsWith('four\n'),
    );
  });
});
