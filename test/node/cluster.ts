/**
 * A cluster as `wherry up` makes it, out of real processes, inside an outer network namespace of the test's own: a server
 * at 172.30.0.1, agents in namespaces of their own at 172.30.0.2 and following. No default route leads out. The test
 * talks to the server over a relay. All of it is gone after `close`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { parseKubeconfig } from '../../src/client/kubeconfig.ts';
import { tlsTransport } from '../../src/client/tls.ts';
import { bodyBytes, type Transport } from '../../src/client/transport.ts';
import { Client } from '../../src/client/typed-client.ts';
import { buildBusyboxImage, buildPauseImage } from '../../src/cluster/images/from-debian.ts';
import { findTraces, type NodeTraces } from '../../src/cluster/node/clean.ts';
import { runCommand } from '../../src/cluster/node/command.ts';
import { findContainerd } from '../../src/cluster/node/containerd.ts';
import { containerdPaths } from '../../src/cluster/node/containerd-config.ts';
import { createNamespace, namespacePath, removeNamespace } from '../../src/cluster/node/network-namespace.ts';
import { cleanNode } from '../../src/commands/agent/clean-node.ts';
import { agentFolders } from '../../src/commands/agent/options.ts';
import { connectRuntime, type RuntimeClient } from '../../src/cri/client.ts';
import { type ExecResult, exec } from '../../src/lib/exec.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { systemClock, systemRandom } from '../../src/lib/system.ts';
import { removeFolder, sweepLeftovers, writeDown } from './leftovers.ts';
import { Program } from './program.ts';
import { join } from './relay.ts';
import { busyboxNames, until } from './test-node.ts';

const root = path.join(import.meta.dirname, '../..');
const wherry = path.join(root, 'bin/wherry');

const serverAddress = '172.30.0.1';
const serverPort = 6443;

export interface ClusterOptions {
  /** 2 unless given. */
  readonly nodes?: number;
  /** Nodes, pods and Services have addresses of both families. */
  readonly dualStack?: boolean;
  /** More arguments for `wherry server`, and for each agent. */
  readonly serverArguments?: readonly string[];
  readonly agentArguments?: (node: number) => readonly string[];
  /** Before a node's agent starts for the first time. */
  readonly prepareNode?: (node: { name: string; dataDirectory: string }) => Promise<void>;
  /** Archives of images for every node, besides busybox. */
  readonly images?: readonly Uint8Array[];
}

export interface ClusterNode {
  readonly name: string;
  readonly address: string;
  readonly namespace: string;
  readonly dataDirectory: string;
  readonly cgroupRoot: string;
  /** The agent's process; undefined while there is none. */
  readonly agent: ChildProcess | undefined;
  /** All that its agents have said. */
  log(): Promise<string>;
  /** Resolves when the node is ready. `more`: arguments for this time, which win over the others. */
  startAgent(...more: readonly string[]): Promise<void>;
  /** Without waiting. */
  launchAgent(): void;
  stopAgent(signal?: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
  /** Runs a command in a container of the node, by the id in its pod's status; its output, errors included. */
  exec(containerID: string, ...command: string[]): Promise<string>;
  /** What runs on the node: ids of containers, and names of pods that have a sandbox. */
  running(): Promise<{ containers: string[]; sandboxes: string[] }>;
  /** Runs a command in the node's network. */
  run(command: string, ...args: string[]): Promise<ExecResult>;
}

export interface TestCluster {
  readonly client: Client;
  /** For kubectl on the test's side of the relay. */
  readonly kubeconfig: string;
  readonly nodes: readonly ClusterNode[];
  /** What the server answers to a GET. */
  get(path: string): Promise<string>;
  readonly folder: string;
  /** The outer one. */
  readonly namespace: string;
  /** Runs a command in the outer namespace: a client on the same link as the nodes, at 172.30.0.1. */
  run(command: string, ...args: string[]): Promise<ExecResult>;
  serverLog(): Promise<string>;
  startServer(): Promise<void>;
  stopServer(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Takes a node's link down or up. */
  setLink(node: ClusterNode, state: 'up' | 'down'): Promise<void>;
  /** Removes everything; throws when something is left. */
  close(): Promise<void>;
}

const execSeconds = 30;

const dualStackArguments = [
  ...['--cluster-cidr', '10.244.0.0/16,fd00:244::/48'],
  ...['--service-cidr', '10.96.0.0/16,fd00:96::/112'],
];

const address6 = (number: number): string => `fd00:30::${number + 1}`;

const inNamespace = (namespace: string, command: string, args: readonly string[]): Promise<ExecResult> =>
  exec('nsenter', [`--net=${namespacePath(namespace)}`, command, ...args], { milliseconds: 60_000 });

class Cluster implements TestCluster {
  readonly nodes: ClusterNode[] = [];
  readonly folder: string;
  readonly #id: string;
  readonly #options: ClusterOptions;
  readonly #server: Program;
  readonly #undo: (() => Promise<unknown>)[] = [];
  #transport: Transport | undefined;
  client!: Client;
  kubeconfig = '';

  constructor(folder: string, id: string, options: ClusterOptions) {
    this.folder = folder;
    this.#id = id;
    this.#options = options;
    const command = [
      ...[wherry, 'server', '--data-dir', this.#data, '--port', String(serverPort)],
      ...['--bind-address', `127.0.0.1,${serverAddress}`, '--advertise-address', serverAddress],
      ...['--store', 'sqlite', ...(options.dualStack ? dualStackArguments : [])],
      ...(options.serverArguments ?? []),
    ];
    this.#server = new Program(this.#outer, command, path.join(folder, 'server.log'));
  }

  /** Before anything is made: a test that is killed cannot undo it. */
  async #writeDown(): Promise<void> {
    const nodes = this.#numbers.map((number) => this.#tracesOf(number));
    const namespaces = [this.#outer, ...this.#numbers.map((number) => this.#namespaceOf(number))];
    const forget = await writeDown(this.#id, { folder: this.folder, namespaces, nodes });
    this.#undo.push(async () => {
      await removeFolder(this.folder);
      await forget();
    });
  }

  get #numbers(): number[] {
    return Array.from({ length: this.#options.nodes ?? 2 }, (_none, index) => index + 1);
  }

  #namespaceOf(number: number): string {
    return `${this.#outer}-${number}`;
  }

  #tracesOf(number: number): NodeTraces & { volumes: string } {
    const networkName = `wherry-${this.#id}-${number}`;
    const volumes = path.join(this.folder, `n${number}`);
    const { containerd } = agentFolders(volumes);
    return { folder: containerd, volumes, cgroupParent: `/${networkName}`, networkName };
  }

  get namespace(): string {
    return this.#outer;
  }

  get #outer(): string {
    return `wherry-${this.#id}`;
  }

  get #data(): string {
    return path.join(this.folder, 'server');
  }

  async start(): Promise<void> {
    const outer = this.#outer;
    await this.#writeDown();
    this.#undo.push(() => removeNamespace(outer));
    await createNamespace(outer);
    await runCommand('ip', ['-n', outer, 'link', 'add', 'wherry0', 'type', 'bridge']);
    await runCommand('ip', ['-n', outer, 'address', 'add', `${serverAddress}/24`, 'dev', 'wherry0']);
    await runCommand('ip', ['-n', outer, 'link', 'set', 'wherry0', 'up']);
    this.#undo.push(() => this.stopServer());
    await this.startServer();
    await this.#connect();
    const images = [
      await buildPauseImage(),
      await buildBusyboxImage(busyboxNames),
      ...(this.#options.images ?? []),
    ];
    // All of them come to an end before the first failure is told: what is still starting could not be removed.
    const started = await Promise.allSettled(this.#numbers.map((number) => this.#startNode(number, images)));
    const failed = started.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async startServer(): Promise<void> {
    this.#server.start();
    await until('the server is ready', async () => {
      if (this.#server.hasEnded) return true;
      const { code } = await this.run('curl', '-skf', `https://${serverAddress}:${serverPort}/readyz`);
      return code === 0;
    });
    if (this.#server.hasEnded) throw new Error(`the server ended: ${await this.serverLog()}`);
  }

  async stopServer(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.#server.stop(signal);
  }

  async get(url: string): Promise<string> {
    const answer = await this.#transport?.send({ method: 'GET', url });
    return answer === undefined ? '' : Buffer.from(bodyBytes(answer)).toString();
  }

  serverLog(): Promise<string> {
    return this.#server.said();
  }

  run(command: string, ...args: string[]): Promise<ExecResult> {
    return inNamespace(this.#outer, command, args);
  }

  async setLink(node: ClusterNode, state: 'up' | 'down'): Promise<void> {
    await runCommand('ip', ['-n', this.#outer, 'link', 'set', `to-${node.name}`, state]);
  }

  /** From a port of the test's loopback to the server in the namespace. */
  async #connect(): Promise<void> {
    const socketPath = path.join(this.folder, 'relay');
    const command = [process.execPath, path.join(import.meta.dirname, 'relay.ts'), socketPath, serverAddress];
    const relay = spawn('nsenter', [`--net=${namespacePath(this.#outer)}`, ...command, String(serverPort)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const gone = once(relay, 'exit');
    this.#undo.push(async () => {
      relay.kill('SIGKILL');
      await gone;
    });
    await once(relay.stdout, 'data');
    const sockets = new Set<net.Socket>();
    const listener = net.createServer((incoming) => {
      sockets.add(incoming);
      incoming.on('close', () => sockets.delete(incoming));
      join(incoming, net.connect(socketPath));
    });
    const listening = once(listener, 'listening');
    listener.listen(0, '127.0.0.1');
    await listening;
    this.#undo.push(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    });
    const { port } = listener.address() as net.AddressInfo;
    const text = await readFile(path.join(this.#data, 'kubeconfig'), 'utf8');
    const relayed = text.replace(/server: .*/, `server: "https://127.0.0.1:${port}"`);
    this.kubeconfig = path.join(this.folder, 'kubeconfig');
    await writeFile(this.kubeconfig, relayed, { mode: 0o600 });
    this.#transport = tlsTransport(parseKubeconfig(relayed), { clock: systemClock });
    this.#undo.push(async () => this.#transport?.close());
    this.client = new Client({ transport: this.#transport, clock: systemClock, userAgent: 'wherry-test' });
  }

  async #startNode(number: number, images: readonly Uint8Array[]): Promise<void> {
    const name = `node-${number}`;
    const namespace = this.#namespaceOf(number);
    const address = `172.30.0.${number + 1}`;
    const traces = this.#tracesOf(number);
    const { volumes: dataDirectory, cgroupParent: cgroupRoot } = traces;
    await mkdir(dataDirectory, { recursive: true });
    const addresses = this.#options.dualStack ? [address, address6(number)] : [address];
    await this.#wire(name, { namespace, addresses });
    const program = new Program(
      namespace,
      [
        ...[wherry, 'agent', '--server', `https://${serverAddress}:${serverPort}`],
        ...['--node-name', name, '--node-ip', addresses.join(), '--data-dir', dataDirectory],
        ...['--cgroup-root', cgroupRoot, '--token-file', path.join(this.#data, 'join-token')],
        ...(this.#options.agentArguments?.(number) ?? []),
      ],
      path.join(this.folder, `${name}.log`),
    );
    const node: ClusterNode = {
      ...{ name, address, namespace, dataDirectory, cgroupRoot },
      get agent() {
        return program.child;
      },
      log: () => program.said(),
      run: (command, ...args) => inNamespace(namespace, command, args),
      startAgent: async (...more) => {
        program.start(more);
        await until(`${name} is ready`, async () => program.hasEnded || (await this.#isReady(name)));
        if (program.hasEnded) throw new Error(`${name} ended: ${await program.said()}`);
      },
      launchAgent: () => program.start(),
      stopAgent: (signal) => program.stop(signal),
      exec: (containerID, ...command) =>
        this.#withRuntime(dataDirectory, async ({ streams }) => {
          const id = containerID.replace('containerd://', '');
          const { stdout, stderr } = await streams.execSync(id, command, execSeconds);
          return `${stdout}${stderr}`;
        }),
      running: () =>
        this.#withRuntime(dataDirectory, async ({ containers, sandboxes }) => ({
          containers: (await containers.list({ state: 'Running' })).map(({ id }) => id).sort(),
          sandboxes: (await sandboxes.list()).map(({ metadata }) => metadata.name).sort(),
        })),
    };
    this.nodes.push(node);
    this.#undo.push(async () => {
      await program.stop();
      await cleanNode({ dataDirectory, cgroupRoot, bridge: undefined, log: silentLogger });
      await removeNamespace(namespace);
      const left = await findTraces(traces);
      if (left.length > 0) throw new Error(`${name} left behind: ${left.join(', ')}`);
    });
    await this.#options.prepareNode?.({ name, dataDirectory });
    await node.startAgent();
    const containerd = await findContainerd(traces.folder);
    for (const archive of images) await containerd?.importImages(archive);
  }

  async #wire(
    name: string,
    { namespace, addresses }: { namespace: string; addresses: readonly string[] },
  ): Promise<void> {
    const outer = this.#outer;
    this.#undo.push(() => removeNamespace(namespace));
    await createNamespace(namespace);
    const here = ['-n', outer, 'link'];
    await runCommand('ip', [
      ...[...here, 'add', `to-${name}`, 'type', 'veth'],
      ...['peer', 'name', 'eth0', 'netns', namespace],
    ]);
    await runCommand('ip', [...here, 'set', `to-${name}`, 'master', 'wherry0', 'up']);
    for (const address of addresses) {
      // Nobody else has it: it need not be asked for first.
      const place = address.includes(':') ? [`${address}/64`, 'nodad'] : [`${address}/24`];
      await runCommand('ip', ['-n', namespace, 'address', 'add', ...place, 'dev', 'eth0']);
    }
    await runCommand('ip', ['-n', namespace, 'link', 'set', 'eth0', 'up']);
  }

  async #withRuntime<T>(dataDirectory: string, use: (runtime: RuntimeClient) => Promise<T>): Promise<T> {
    const { socket } = containerdPaths(agentFolders(dataDirectory).containerd);
    const runtime = connectRuntime({ socket, clock: systemClock });
    try {
      return await use(runtime);
    } finally {
      runtime.close();
    }
  }

  async #isReady(name: string): Promise<boolean> {
    const { status } = await this.client.of('Node').get({ name });
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    return ready?.status === 'True';
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#undo.pop(); step !== undefined; step = this.#undo.pop())
      await step().catch((failure: unknown) => failures.push(failure));
    if (failures.length > 0) throw new AggregateError(failures, 'the cluster left something behind');
  }
}

export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  await sweepLeftovers();
  const id = systemRandom.uuid().slice(0, 6);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-cluster-'));
  const cluster = new Cluster(folder, id, options);
  try {
    await cluster.start();
    return cluster;
  } catch (failure) {
    const logs = await Promise.all(cluster.nodes.map((node) => node.log()));
    await cluster.close();
    throw new Error(`the cluster did not start; its agents said:\n${logs.join('\n')}`, { cause: failure });
  }
}
