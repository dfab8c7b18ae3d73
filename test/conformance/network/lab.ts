/**
 * A cluster of two nodes in one process: API server, the control loops of the network, and on each node the proxy that
 * programs the kernel, the kernel being a fake that packets walk through. Pods are objects with addresses; what they
 * would answer is told by where a packet arrives.
 */
import type { RequestListener } from 'node:http';
import type { TestContext } from 'node:test';
import { endpointSlice } from '../../../src/controllers/endpoint-slice.ts';
import { endpointSliceMirroring } from '../../../src/controllers/endpoint-slice-mirroring.ts';
import { endpoints } from '../../../src/controllers/endpoints.ts';
import { garbageCollector } from '../../../src/controllers/garbage-collector.ts';
import { namespace } from '../../../src/controllers/namespace.ts';
import { serviceCIDR } from '../../../src/controllers/service-cidr.ts';
import type { Node, Pod } from '../../../src/kinds/generated/types.ts';
import type { Exec } from '../../../src/lib/exec.ts';
import { silentLogger } from '../../../src/lib/log.ts';
import { MetricsRegistry } from '../../../src/lib/metrics.ts';
import { seededRandom } from '../../../src/lib/random.ts';
import { ensureDefaultPool } from '../../../src/loadbalancer/default-pool.ts';
import { loadBalancer } from '../../../src/loadbalancer/load-balancer.ts';
import { FakeHost } from '../../../src/nft/fake-host.ts';
import { KernelProxy } from '../../../src/proxy/kernel-proxy.ts';
import { startTestWorld, type TestWorld } from '../../client/world.ts';

export type NodeName = 'node-a' | 'node-b';
export const nodeNames: readonly NodeName[] = ['node-a', 'node-b'];
export const nodeAddress: Readonly<Record<NodeName, string>> = {
  'node-a': '172.30.0.2',
  'node-b': '172.30.0.3',
};
/** A machine beside the cluster. */
export const outsideAddress = '172.30.0.9';
const podRange: Readonly<Record<NodeName, string>> = { 'node-a': '10.244.0', 'node-b': '10.244.1' };

export interface PodOptions {
  readonly labels?: Record<string, string>;
  readonly node?: NodeName;
  readonly ready?: boolean;
  /** By name, the numbers of the container's ports. */
  readonly ports?: Record<string, number>;
  readonly spec?: object;
}

export interface AskOptions {
  /** A pod's name, a node's, or `outside`. */
  readonly from: string;
  readonly port: number;
  readonly protocol?: 'tcp' | 'udp';
  /** The client's own port, for packets that are to be of one connection. */
  readonly sport?: number;
  /** Which node a client outside sends to when the address is none of a node. */
  readonly via?: NodeName;
}

export interface NetworkLab extends TestWorld {
  readonly health: Readonly<Record<NodeName, Map<number, RequestListener>>>;
  /** Throws unless the answer has a status below 300; resolves to its body. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
  call(method: string, path: string, body?: object | string): Promise<any>;
  /** Until controllers and proxies have done what they had to. */
  rest(): Promise<void>;
  pod(name: string, options?: PodOptions): Promise<Pod>;
  setReady(name: string, ready: boolean): Promise<void>;
  /** Deletes a pod that takes its time. */
  terminate(name: string): Promise<void>;
  /** `web-1:8080 from 10.244.0.2`, `refused` or `silence`. */
  ask(address: string, options: AskOptions): string;
  /** The pods that answer, in the order of their names; or `refused`, `silence`. */
  answering(address: string, options: AskOptions): string[];
}

const patchTypes = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

const namespaced = '/api/v1/namespaces/default';
/** Enough that one of three endpoints is missed by chance once in 10^10 runs. */
const triesMax = 60;

const nodeObject = (name: NodeName): Node => ({
  metadata: { name, labels: { 'topology.kubernetes.io/zone': `zone-${name.at(-1)}` } },
  spec: { podCIDR: `${podRange[name]}.0/24`, podCIDRs: [`${podRange[name]}.0/24`] },
  status: {
    addresses: [{ type: 'InternalIP', address: nodeAddress[name] }],
    allocatable: { cpu: '4' },
    conditions: [{ type: 'Ready', status: 'True' }],
  },
});

/** What `conntrack` would list and delete on a host. */
const conntrackOf =
  (host: FakeHost): Exec =>
  async (_command, args) => {
    const text = args.join(' ');
    const flows = host.connections().filter(({ original }) => original.protocol === 'udp');
    if (args[0] === '-L') {
      const lines = flows.map(
        ({ original, translated }) =>
          `udp 17 29 src=${original.saddr} dst=${original.daddr} sport=${original.sport} dport=${original.dport} src=${translated.daddr} dst=${translated.saddr} sport=${translated.dport} dport=${translated.sport} mark=0 use=1`,
      );
      return { code: 0, stdout: lines.join('\n'), stderr: '' };
    }
    for (const flow of flows) {
      const { original, translated } = flow;
      const named = `--orig-dst ${original.daddr} --orig-port-dst ${original.dport} --reply-src ${translated.daddr} --reply-port-src ${translated.dport}`;
      if (text.endsWith(named)) host.forget(flow);
    }
    return { code: 0, stdout: '', stderr: '' };
  };

function startProxy(world: TestWorld, name: NodeName, signal: AbortSignal) {
  const { clock, informers } = world;
  const random = seededRandom(name.charCodeAt(5));
  const host = new FakeHost({
    ...{ clock, random, addresses: [nodeAddress[name]] },
    addressToward: () => nodeAddress[name],
  });
  const health = new Map<number, RequestListener>();
  const proxy = new KernelProxy({
    ...{ nodeName: name, informers, nft: host, exec: conntrackOf(host), clock, random, signal },
    listenHttp: async (port, handler) => {
      health.set(port, handler);
      return { port, close: () => void health.delete(port) };
    },
    families: ['IPv4'],
    log: silentLogger,
    metrics: new MetricsRegistry(),
  });
  return { host, health, proxy };
}

type NodeParts = ReturnType<typeof startProxy>;

class Packets {
  readonly #nodes: Readonly<Record<NodeName, NodeParts>>;
  readonly #pods: ReadonlyMap<string, Pod>;
  #sport = 20_000;

  constructor(nodes: Readonly<Record<NodeName, NodeParts>>, pods: ReadonlyMap<string, Pod>) {
    this.#nodes = nodes;
    this.#pods = pods;
  }

  ask(address: string, options: AskOptions): string {
    const { from, port, protocol = 'tcp', sport = this.#sport++, via } = options;
    const pod = this.#pods.get(from);
    const isNode = from === 'node-a' || from === 'node-b';
    const saddr = pod?.status?.podIP ?? (isNode ? nodeAddress[from] : outsideAddress);
    const packet = { protocol, saddr, sport, daddr: address, dport: port };
    const first = (pod?.spec?.nodeName ?? (isNode ? from : (via ?? this.#nodeAt(address)))) as NodeName;
    return this.#walk(first, packet, isNode ? 'host' : 'network');
  }

  #nodeAt(address: string): NodeName {
    return address === nodeAddress['node-b'] ? 'node-b' : 'node-a';
  }

  #walk(node: NodeName, sent: Parameters<FakeHost['walk']>[0], origin: 'host' | 'network'): string {
    const { delivery, packet } = this.#nodes[node].host.walk(sent, origin);
    if (delivery === 'drop') return 'silence';
    // Nothing listens on the nodes themselves.
    if (delivery !== 'forward') return 'refused';
    const target = [...this.#pods.values()].find(({ status }) => status?.podIP === packet.daddr);
    if (target?.spec?.nodeName === node)
      return `${target.metadata.name}:${packet.dport} from ${packet.saddr}`;
    const next = (target?.spec?.nodeName ?? nodeNames.find((each) => nodeAddress[each] === packet.daddr)) as
      | NodeName
      | undefined;
    return next === undefined || next === node ? 'silence' : this.#walk(next, packet, 'network');
  }
}

type Call = NetworkLab['call'];

const callOf =
  (world: TestWorld): Call =>
  async (method, path, body) => {
    const [verb = '', type = 'strategic'] = method.split(' ');
    const headers: Record<string, string> =
      verb === 'PATCH' ? { 'content-type': patchTypes[type as keyof typeof patchTypes] } : {};
    const answer = await world.server.call(verb, path, { ...(body === undefined ? {} : { body }), headers });
    if (answer.status >= 300) throw Object.assign(new Error(answer.body.message), { answer });
    return answer.body;
  };

/** What kubelets would say of their pods. */
class Pods {
  readonly known = new Map<string, Pod>();
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  async create(name: string, options: PodOptions = {}): Promise<Pod> {
    const { labels = {}, node = 'node-a', ready = true, ports = {}, spec } = options;
    const named = Object.entries(ports).map(([portName, containerPort]) => ({
      ...{ name: portName, containerPort },
      protocol: portName.startsWith('udp') ? 'UDP' : 'TCP',
    }));
    const containers = [{ name: 'main', image: 'x', ports: named }];
    const object = { metadata: { name, labels }, spec: { nodeName: node, containers, ...spec } };
    await this.#call('POST', `${namespaced}/pods`, object);
    const podIP = `${podRange[node]}.${10 + this.known.size}`;
    const status = { phase: 'Running', podIP, podIPs: [{ ip: podIP }] };
    await this.#call('PATCH', `${namespaced}/pods/${name}/status`, { status });
    return this.setReady(name, ready);
  }

  async setReady(name: string, ready: boolean): Promise<Pod> {
    const status = ready ? 'True' : 'False';
    const conditions = [{ type: 'Ready', status, lastTransitionTime: '2026-01-01T00:00:00Z' }];
    await this.#call('PATCH', `${namespaced}/pods/${name}/status`, { status: { conditions } });
    return this.#look(name);
  }

  async terminate(name: string): Promise<void> {
    await this.#call('DELETE', `${namespaced}/pods/${name}`, { gracePeriodSeconds: 300 });
    await this.#look(name);
  }

  async #look(name: string): Promise<Pod> {
    const found = (await this.#call('GET', `${namespaced}/pods/${name}`)) as Pod;
    this.known.set(name, found);
    return found;
  }
}

/** Ends with the test. */
export async function startNetworkLab(t: Pick<TestContext, 'after'>): Promise<NetworkLab> {
  const world = await startTestWorld({
    controllers: [
      ...[namespace, garbageCollector, endpointSlice, endpoints, endpointSliceMirroring, serviceCIDR],
      loadBalancer(),
    ],
  });
  const stopping = new AbortController();
  const { signal } = stopping;
  const nodes = {
    'node-a': startProxy(world, 'node-a', signal),
    'node-b': startProxy(world, 'node-b', signal),
  };
  const proxies = nodeNames.map((name) => nodes[name].proxy);
  t.after(async () => {
    stopping.abort();
    await Promise.all(proxies.map(({ stopped }) => stopped));
    await world.close();
  });
  for (const name of nodeNames) await world.client.of('Node').create(nodeObject(name));
  const addresses = ['172.30.0.200-172.30.0.210'];
  await ensureDefaultPool({ client: world.client, addresses, clock: world.clock, log: silentLogger, signal });
  const call = callOf(world);
  const pods = new Pods(call);
  const packets = new Packets(nodes, pods.known);
  const rest = async () => {
    for (let round = 0; round < 2; round++) {
      await world.advance(1000);
      for (const proxy of proxies) await proxy.settled();
    }
  };
  await rest();
  return {
    ...world,
    ...{ call, rest },
    health: { 'node-a': nodes['node-a'].health, 'node-b': nodes['node-b'].health },
    pod: (name, options) => pods.create(name, options),
    setReady: async (name, ready) => void (await pods.setReady(name, ready)),
    terminate: (name) => pods.terminate(name),
    ask: (address, options) => packets.ask(address, options),
    answering(address, options) {
      const seen = new Set<string>();
      for (let count = 0; count < triesMax; count++)
        seen.add(packets.ask(address, options).split(':')[0] as string);
      return [...seen].sort();
    },
  };
}
