/** The network of a node: what its pods are connected to, how Services are routed, and its DNS server. */
import type { EventRecorder } from '../../client/event-recorder.ts';
import type { Informers } from '../../client/informers.ts';
import { writePodNetwork } from '../../cluster/node/containerd.ts';
import { type Link, linkWithAddress } from '../../cluster/node/links.ts';
import { nodeSysctls, setSysctls } from '../../cluster/node/sysctls.ts';
import type { Node } from '../../kinds/generated/types.ts';
import { UserError } from '../../lib/errors.ts';
import { exec } from '../../lib/exec.ts';
import type { Logger } from '../../lib/log.ts';
import type { MetricsRegistry } from '../../lib/metrics.ts';
import { systemClock, systemRandom } from '../../lib/system.ts';
import { startAnnouncer } from '../../loadbalancer/announcer.ts';
import { machineLinks } from '../../loadbalancer/links.ts';
import { checkNft } from '../../nft/check.ts';
import { kernelNft } from '../../nft/nft.ts';
import { listenHttp } from '../../proxy/health-check.ts';
import { KernelProxy } from '../../proxy/kernel-proxy.ts';
import { tableFamily } from '../../proxy/layout.ts';
import { type ProxyHealth, serveNodeHealth } from '../../proxy/node-health.ts';
import type { ProbedRules } from '../../proxy/probes/probe-route.ts';
import { UserspaceProxy } from '../../proxy/userspace/userspace-proxy.ts';
import { dnsPort, dnsServiceAddress, makeDns } from '../dns.ts';
import { type AgentOptions, agentFolders } from './options.ts';
import { aborted, Repeating, untilDone } from './retry.ts';
import { familyOf, startRoutes } from './routes.ts';

export interface NetworkOptions {
  readonly options: AgentOptions;
  readonly addresses: readonly string[];
  /** The interface that has the first of them. */
  readonly link: Link;
  readonly informers: Informers;
  readonly recorder: EventRecorder;
  readonly metrics: MetricsRegistry;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface NodeNetwork {
  /** Those of Services in the kernel; undefined where a process forwards. */
  readonly rules: ProbedRules | undefined;
  /** Those of the DNS Service: what pods ask. */
  dnsServers(): readonly string[];
  /** When everything that was begun has ended, after the signal. Rules, routes and the pods' network stay. */
  readonly stopped: Promise<void>;
}

const familiesOf = (addresses: readonly string[]) =>
  (['IPv4', 'IPv6'] as const).filter((family) => addresses.some((address) => familyOf(address) === family));

/** Throws UserError when the machine does not let itself be made a node. */
export async function prepareMachine(
  { proxyMode }: Pick<AgentOptions, 'proxyMode'>,
  addresses: readonly string[],
): Promise<Link> {
  const families = familiesOf(addresses).map(tableFamily);
  if (proxyMode === 'nftables')
    await checkNft(exec, { families, otherwise: 'or route Services by a process: --proxy-mode userspace' });
  const link = await linkOf(addresses);
  await setSysctls(nodeSysctls(link.name, familiesOf(addresses)));
  return link;
}

/** What fails is tried again. */
export async function startNetwork(network: NetworkOptions): Promise<NodeNetwork> {
  const { options, addresses, link, informers, log, signal } = network;
  const families = familiesOf(addresses);
  // Asked for before `informers.start`, so that `synced` waits for them.
  const services = informers.of('Service');
  informers.of('ServiceCIDR');
  const tell = (reason: string) => (error: Error) => tellNode(network, reason, error.message);
  const podNetwork = startPodNetwork(network, link);
  const retry = { log, signal };
  const routes = startRoutes({
    ...{ informers, nodeName: options.nodeName, device: link.name, families },
    isUserspace: options.proxyMode === 'userspace',
    ...{ ...retry, onFailure: tell('FailedToCreateRoute') },
  });
  const proxy = startProxy(network, families, routes.applied);
  const announcer = startAnnouncer({
    ...{ informers, recorder: network.recorder, log, signal, clock: systemClock },
    ...{ nodeName: options.nodeName, nodeAddresses: addresses, links: machineLinks(exec) },
  });
  const dnsServers = (): readonly string[] => {
    if (options.clusterDns !== undefined) return options.clusterDns;
    const { clusterIPs = [], clusterIP } = services.get('kube-system/kube-dns')?.spec ?? {};
    const known = clusterIPs.length > 0 ? clusterIPs : clusterIP === undefined ? [] : [clusterIP];
    // Before the Service is made: where it will be.
    return known.length > 0 ? known : serviceRanges(informers).map(dnsServiceAddress);
  };
  const dns = startDns(network, { dnsServers, onFailure: tell('DNSServerFailed') });
  const parts = [podNetwork, routes.stopped, proxy.stopped, dns, announcer.stopped];
  const stopped = Promise.all(parts).then(() => {});
  return { rules: proxy.rules, dnsServers, stopped };
}

async function linkOf(addresses: readonly string[]): Promise<Link> {
  const [address = ''] = addresses;
  const link = await linkWithAddress(address);
  if (link !== undefined) return link;
  throw new UserError(
    'NODE_ADDRESS_MISSING',
    `no interface of this machine has the node's address ${address}; give it one (ip address add ${address}/24 dev ...), or another --node-ip`,
  );
}

const serviceRanges = (informers: Informers): string[] =>
  informers.of('ServiceCIDR').get('kubernetes')?.spec?.cidrs ?? [];

function tellNode({ options, recorder }: NetworkOptions, reason: string, message: string): void {
  const name = options.nodeName;
  const source = { component: 'wherry-agent', host: name };
  recorder.record(source, {
    // As kubelet's: the name stands for the uid, by which `kubectl describe node` finds them.
    regarding: { kind: 'Node', name, uid: name },
    ...{ type: 'Warning', reason, message },
  });
}

/** The node's share of the pods' addresses becomes known some time after its registration. Resolves after the signal. */
async function startPodNetwork(network: NetworkOptions, link: Link): Promise<void> {
  const { options, informers, log, signal } = network;
  const folder = agentFolders(options.dataDirectory).containerd;
  const write = async () => {
    const { podCIDR, podCIDRs = podCIDR === undefined ? [] : [podCIDR] } =
      informers.of('Node').get(options.nodeName)?.spec ?? {};
    if (podCIDRs.length === 0) return;
    const pods = {
      // Names the network in the plugins' books, which all nodes of a machine share.
      name: options.cgroupRoot.slice(1),
      ...{ subnet: podCIDRs, bridge: options.bridge, mtu: link.mtu },
    };
    await writePodNetwork(folder, pods, options.cniConfigDirectory);
  };
  const repeating = new Repeating("the pods' network", write, { log, signal });
  const trigger = ({ metadata }: Node) =>
    metadata.name === options.nodeName ? repeating.trigger() : undefined;
  informers.of('Node').handle({ add: trigger, update: trigger });
  await aborted(signal);
  await repeating.settled();
}

function startProxy(
  network: NetworkOptions,
  families: readonly ('IPv4' | 'IPv6')[],
  routed: Promise<void>,
): { rules: ProbedRules | undefined; stopped: Promise<void> } {
  const { options, informers, recorder, metrics, log, signal } = network;
  const common = { informers, clock: systemClock, log, signal };
  const startUserspaceProxy = async () => {
    // Before that the Services' addresses are not this machine's own, and nobody can listen on them.
    await Promise.race([routed, aborted(signal)]);
    await new UserspaceProxy({ ...common, recorder }).stopped;
  };
  const serveHealth = (health: () => ProxyHealth) =>
    serveNodeHealth({
      ...{ mode: options.proxyMode, health, metrics, listen: listenHttp, clock: systemClock, log, signal },
      node: () => informers.of('Node').get(options.nodeName),
    });
  if (options.proxyMode === 'userspace') {
    serveHealth(() => ({ isHealthy: true, families, lastUpdated: systemClock.now() }));
    return { rules: undefined, stopped: startUserspaceProxy() };
  }
  const nft = kernelNft(exec);
  const proxy = new KernelProxy({
    ...common,
    ...{ nodeName: options.nodeName, families, metrics, random: systemRandom },
    ...{ nft, exec, listenHttp, recorder },
  });
  serveHealth(() => proxy.health);
  const rules = { current: () => proxy.current, settled: () => proxy.settled(), nft };
  return { rules, stopped: proxy.stopped };
}

/** On the node's addresses; where the port is taken it is tried again. Resolves after the signal, when it is closed. */
async function startDns(
  network: NetworkOptions,
  { dnsServers, onFailure }: { dnsServers: () => readonly string[]; onFailure: (error: Error) => void },
): Promise<void> {
  const { options, addresses, informers, metrics, log, signal } = network;
  // Its own address is the Service's, which is to be known first.
  await Promise.race([informers.synced(), aborted(signal)]);
  if (signal.aborted) return;
  const dns = await makeDns({
    ...{ informers, log, metrics, zoneName: options.clusterDomain },
    ...{ serverAddresses: dnsServers(), ownAddresses: addresses },
  });
  const places = addresses.map((address) => ({ address, port: dnsPort }));
  const listening = await untilDone('the DNS server', () => dns.listen(places), { log, signal, onFailure });
  if (listening === undefined) return;
  // Whether one of the machine's servers asks us what we ask it.
  void dns.probe();
  await aborted(signal);
  await listening.close();
}
