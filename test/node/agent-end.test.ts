/** How agents end, and what keeps them from beginning: nothing is left behind, and what is wrong is said. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { findTraces } from '../../src/cluster/node/clean.ts';
import { namespacePath } from '../../src/cluster/node/network-namespace.ts';
import { agentFolders } from '../../src/commands/agent/options.ts';
import type { Pod } from '../../src/kinds/generated/types.ts';
import { exec } from '../../src/lib/exec.ts';
import { type ClusterNode, startCluster, type TestCluster } from './cluster.ts';
import { noNodeBecause, until } from './test-node.ts';

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

describe('an agent that takes everything with it', { skip: noNodeBecause() }, () => {
  let cluster: TestCluster;
  let node: ClusterNode;

  before(async () => {
    cluster = await startCluster({ nodes: 1, agentArguments: () => ['--stop-containerd-on-exit'] });
    [node] = cluster.nodes as [ClusterNode];
  });
  after(() => cluster?.close());

  const linesOf = async (command: string, ...args: string[]): Promise<string[]> => {
    const { stdout } = await node.run(command, ...args);
    return stdout.split('\n').filter((line) => line !== '');
  };
  /** What a node changes in a network, as the kernel lists it. */
  const network = async () => ({
    links: (await linesOf('ip', '-brief', 'link')).map((line) => line.split(/[ @]/)[0]),
    routes: (await linesOf('ip', 'route', 'show', 'table', 'all')).filter((line) =>
      /10\.(96|244)\./.test(line),
    ),
    chains: (await linesOf('nft', 'list', 'chains')).filter((line) => /wherry|CNI/.test(line)),
  });

  test('pods, containerd, rules, routes and the bridge are gone; its certificates stay', async () => {
    await cluster.client.of('Pod').create({
      metadata: { namespace: 'default', name: 'door' },
      spec: {
        containers: [
          {
            name: 'main',
            image: 'busybox:1.27',
            command: ['sleep', '100000'],
            ports: [{ containerPort: 80, hostPort: 8080 }],
            volumeMounts: [{ name: 'memory', mountPath: '/memory' }],
          },
        ],
        volumes: [{ name: 'memory', emptyDir: { medium: 'Memory' } }],
      },
    });
    await until('the pod is ready', async () =>
      isReady(await cluster.client.of('Pod').get({ namespace: 'default', name: 'door' })),
    );
    const before = await network();
    assert.ok(before.links.includes('cni0') && before.routes.length > 0 && before.chains.length > 0);
    assert.equal(await node.stopAgent(), 0);
    assert.deepEqual(await network(), { links: ['lo', 'eth0'], routes: [], chains: [] });
    const traces = {
      folder: agentFolders(node.dataDirectory).containerd,
      volumes: node.dataDirectory,
      cgroupParent: node.cgroupRoot,
      networkName: node.cgroupRoot.slice(1),
    };
    assert.deepEqual(await findTraces(traces), []);
    // It comes back as the same node, without its token, and has its pod again.
    await node.startAgent();
    await until('the pod runs again', async () => (await node.running()).sandboxes.join() === 'door');
  });

  test('a port that is taken is told of, tried again, and keeps nothing else from working', async () => {
    await node.stopAgent();
    const listen = `require('node:dgram').createSocket('udp4').bind(53, '${node.address}', () => console.log('taken'))`;
    const taker = spawn(
      'nsenter',
      [`--net=${namespacePath(node.namespace)}`, process.execPath, '-e', listen],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const gone = once(taker, 'exit');
    try {
      await once(taker.stdout, 'data');
      await node.startAgent();
      await until('the node says so', async () => {
        const { items } = await cluster.client.of('Event').list({ namespace: 'default' });
        return items.some(
          ({ reason, involvedObject, message = '' }) =>
            reason === 'DNSServerFailed' &&
            involvedObject.name === node.name &&
            message.includes(`${node.address} port 53: bind EADDRINUSE`),
        );
      });
    } finally {
      taker.kill('SIGKILL');
      await gone;
    }
    await until('it answers', async () => {
      const name = 'kubernetes.default.svc.cluster.local';
      const { stdout } = await node.run('busybox', 'nslookup', name, node.address);
      return stdout.includes('Address: 10.96.0.1');
    });
  });

  test('it ends in order while the server is away, too', async () => {
    // Its images went, too: there is a sandbox, and no container.
    await until('the pod is there', async () => (await node.running()).sandboxes.join() === 'door');
    await cluster.stopServer('SIGKILL');
    await node.stopAgent('SIGKILL');
    node.launchAgent();
    await until('it serves', async () => {
      const { code } = await node.run('curl', '-sk', `https://${node.address}:10250/healthz`);
      return code === 0;
    });
    assert.deepEqual((await node.running()).sandboxes, ['door']);
    assert.equal(await node.stopAgent(), 0);
    assert.deepEqual(await network(), { links: ['lo', 'eth0'], routes: [], chains: [] });
  });
});

describe('an agent that cannot begin', { skip: noNodeBecause() }, () => {
  const wherry = path.join(import.meta.dirname, '../../bin/wherry');
  const agent = (...args: string[]) => exec(wherry, ['agent', ...args], { milliseconds: 60_000 });
  const server = ['--server', 'https://127.0.0.1:1', '--node-name', 'node-1'];
  const folder = ['--data-dir', '/nonexistent/wherry-agent'];

  const cases: Record<string, [string[], number, RegExp]> = {
    'an option that is wrong': [[...server, '--port', 'x'], 2, /^wherry: --port is "x"; wanted is a number/],
    'no server': [['--node-name', 'node-1'], 2, /^wherry: --server is not given; wanted is/],
    'a server on its own loopback': [[...server, ...folder], 1, /^wherry: .*give --node-ip$/m],
  };
  for (const [name, [args, code, message]] of Object.entries(cases))
    test(name, async () => {
      const result = await agent(...args);
      assert.equal(result.code, code);
      assert.match(result.stderr, message);
      assert.doesNotMatch(result.stderr, /^ +at /m);
    });
});
