/** The options of `wherry agent`, checked. Nothing here touches the machine. */
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Command } from 'commander';
import { defaultThresholds, readThresholds, type Threshold } from '../../kubelet/eviction/signals.ts';
import { dataDirectoryOf } from '../data-directory.ts';
import { UsageError } from '../usage-error.ts';

export interface AgentOptions {
  /** `https://172.30.0.1:6443` */
  readonly server: string;
  /** Needed the first time; later the node has credentials of its own. */
  readonly token: string | undefined;
  /** Read instead of `token`, when it is needed; `-`: standard input. */
  readonly tokenFile: string | undefined;
  readonly nodeName: string;
  /** The primary one first; none: the address from which the server is reached. */
  readonly nodeAddresses: readonly string[];
  readonly nodeLabels: Readonly<Record<string, string>>;
  readonly dataDirectory: string;
  /** Its messages go there instead of standard error. */
  readonly logFile: string | undefined;
  /** Path of the socket of a container runtime that others look after; undefined: a containerd of the agent's own. */
  readonly runtimeSocket: string | undefined;
  /** Images (an OCI layout) that this node's containerd gets before it asks a registry. */
  readonly imageDirectory: string | undefined;
  /** Socket of the relay by which this node's containerd reaches registries; undefined: it has a way of its own. */
  readonly registryRelay: string | undefined;
  /** Where that runtime reads which network its pods get. */
  readonly cniConfigDirectory: string | undefined;
  readonly proxyMode: 'nftables' | 'userspace';
  /** Below which its pods' cgroups are. */
  readonly cgroupRoot: string;
  /** Pods' bridge. */
  readonly bridge: string;
  /** Where the kubelet's server listens. */
  readonly port: number;
  /** Undefined: the address of Service kube-dns. */
  readonly clusterDns: readonly string[] | undefined;
  readonly clusterDomain: string;
  readonly maxPods: number;
  readonly staticPodDirectory: string | undefined;
  /** How little may be left of the machine before pods are ended. */
  readonly evictionThresholds: readonly Threshold[];
  /** How long pods have to end when the agent is told to stop, and the last part of it that is for critical ones; 0: they go on. */
  readonly shutdownSeconds: number;
  readonly shutdownCriticalSeconds: number;
  /** When the agent ends, everything of the node goes: its pods, containerd, rules, routes. */
  readonly stopsContainerd: boolean;
}

/** As the command line has them. */
export interface RawAgentOptions {
  readonly server?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly nodeName: string;
  readonly nodeIp?: string;
  readonly nodeLabels?: string;
  readonly dataDir: string;
  readonly logFile?: string;
  readonly containerRuntimeEndpoint?: string;
  readonly imageFolder?: string;
  readonly registryRelay?: string;
  readonly cniConfDir?: string;
  readonly proxyMode: string;
  readonly cgroupRoot?: string;
  readonly bridge: string;
  readonly port: string;
  readonly clusterDns?: string;
  readonly clusterDomain: string;
  readonly maxPods: string;
  readonly podManifestPath?: string;
  readonly evictionHard?: string;
  readonly shutdownGracePeriod?: string;
  readonly shutdownGracePeriodCriticalPods?: string;
  readonly stopContainerdOnExit?: boolean;
}

/** Adds the options to the command. */
export function withAgentOptions(command: Command, hostName: string): Command {
  return command
    .option('--server <url>', 'where the API server is: https://ADDRESS:PORT')
    .option(
      '--token-file <file>',
      'file with the join token, needed the first time: the file join-token of the server; - for standard input',
    )
    .option(
      '--token <token>',
      'the join token itself: other users of the machine see it in the list of processes',
    )
    .option('--node-name <name>', "the Node's name", hostName.toLowerCase())
    .option('--node-ip <addresses>', 'IP address of this node, or one of each family; unless given found out')
    .option('--node-labels <labels>', 'labels for the Node at its registration: name=value,...')
    .option('--data-dir <directory>', 'where the node keeps what it has', '/var/lib/wherry/agent')
    .option(
      '--log-file <file>',
      'messages go there instead of standard error; at 10 MiB it goes on as FILE.1 and begins anew',
    )
    .option(
      '--container-runtime-endpoint <url>',
      "socket of a running container runtime; unless given one's own",
    )
    .option('--image-folder <directory>', 'images (OCI layout) that are taken before a registry is asked')
    .option(
      '--registry-relay <socket>',
      'of a server on this machine, for a node that cannot reach registries itself',
    )
    .option('--cni-conf-dir <directory>', 'where that runtime looks for its network: /etc/cni/net.d')
    .option('--proxy-mode <mode>', 'how Services are routed: nftables or userspace', 'nftables')
    .option('--cgroup-root <cgroup>', "below which the pods' cgroups are; unless given /wherry-NODE")
    .option('--bridge <name>', "the bridge of the node's pods", 'cni0')
    .option('--port <number>', 'port on which the server reaches this agent', '10250')
    .option('--cluster-dns <addresses>', 'DNS servers of pods; unless given the address of Service kube-dns')
    .option('--cluster-domain <domain>', 'domain of the cluster', 'cluster.local')
    .option('--max-pods <number>', 'pods that this node takes', '110')
    .option('--pod-manifest-path <directory>', 'folder with manifests of static pods')
    .option(
      '--eviction-hard <thresholds>',
      "pods are ended when less is left: memory.available<100Mi,nodefs.available<10%; unless given Kubernetes' own; '' for none",
    )
    .option('--shutdown-grace-period <duration>', 'at the end, end the pods within this: 30s, 2m', '0s')
    .option(
      '--shutdown-grace-period-critical-pods <duration>',
      'the last part of it, for critical pods',
      '0s',
    )
    .option('--stop-containerd-on-exit', 'at the end remove everything: pods, containerd, rules, routes');
}

/** Throws UsageError: what was given, and what is wanted. */
export function checkAgentOptions(raw: RawAgentOptions): AgentOptions {
  if (raw.dataDir === '' || !raw.dataDir.startsWith('/'))
    throw new UsageError(`--data-dir is ${JSON.stringify(raw.dataDir)}; wanted is an absolute path`);
  const nodeName = nameOf(raw.nodeName);
  return {
    server: serverOf(raw.server),
    token: raw.token,
    tokenFile: raw.tokenFile,
    logFile: raw.logFile,
    imageDirectory: raw.imageFolder,
    registryRelay: raw.registryRelay,
    nodeName,
    nodeAddresses: addressesOf('--node-ip', raw.nodeIp),
    nodeLabels: labelsOf(raw.nodeLabels),
    dataDirectory: dataDirectoryOf(raw.dataDir),
    runtimeSocket: socketOf(raw.containerRuntimeEndpoint),
    cniConfigDirectory:
      raw.cniConfDir ?? (raw.containerRuntimeEndpoint === undefined ? undefined : '/etc/cni/net.d'),
    proxyMode: modeOf(raw.proxyMode),
    cgroupRoot: cgroupOf(raw.cgroupRoot ?? `/wherry-${nodeName.replaceAll('.', '-')}`),
    bridge: bridgeOf(raw.bridge),
    port: numberOf('--port', raw.port, { min: 1, max: 65_535 }),
    clusterDns: raw.clusterDns === undefined ? undefined : addressesOf('--cluster-dns', raw.clusterDns),
    clusterDomain: raw.clusterDomain,
    maxPods: numberOf('--max-pods', raw.maxPods, { min: 1, max: 1024 }),
    staticPodDirectory: raw.podManifestPath,
    evictionThresholds: thresholdsOf(raw.evictionHard),
    shutdownSeconds: secondsOf('--shutdown-grace-period', raw.shutdownGracePeriod),
    shutdownCriticalSeconds: secondsOf(
      '--shutdown-grace-period-critical-pods',
      raw.shutdownGracePeriodCriticalPods,
    ),
    stopsContainerd: raw.stopContainerdOnExit ?? false,
  };
}

/** What the agent keeps below its data directory. */
export const agentFolders = (dataDirectory: string) => ({
  containerd: join(dataDirectory, 'containerd'),
  pki: join(dataDirectory, 'pki'),
  pods: join(dataDirectory, 'pods'),
  podLogs: join(dataDirectory, 'pod-logs'),
  seccomp: join(dataDirectory, 'seccomp'),
});

function thresholdsOf(text: string | undefined): readonly Threshold[] {
  if (text === undefined) return defaultThresholds;
  try {
    return readThresholds(text);
  } catch (cause) {
    throw new UsageError(`--eviction-hard is ${JSON.stringify(text)}: ${(cause as Error).message}`);
  }
}

/** As Go writes durations, in whole seconds. */
function secondsOf(option: string, text = '0s'): number {
  const match = /^(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?$/.exec(text);
  if (match === null || text === '')
    throw new UsageError(`${option} is ${JSON.stringify(text)}; wanted is a duration: 30s, 1m30s`);
  const [hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
  ];
  return hours * 3600 + minutes * 60 + seconds;
}

function serverOf(text: string | undefined): string {
  const url = text === undefined ? undefined : URL.parse(text);
  if (url?.protocol !== 'https:' || url.pathname !== '/')
    throw new UsageError(
      `--server is ${text === undefined ? 'not given' : JSON.stringify(text)}; wanted is where the API server is: https://ADDRESS:PORT`,
    );
  return url.origin;
}

/** Source: RFC 1123 subdomain, as of every Node. */
function nameOf(text: string): string {
  const isName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text);
  if (isName && text.length <= 63) return text;
  throw new UsageError(
    `--node-name is ${JSON.stringify(text)}; wanted is at most 63 of: lower case letters, digits, '-' and '.'`,
  );
}

function addressesOf(option: string, text: string | undefined): string[] {
  const addresses = text === undefined ? [] : text.split(',').map((each) => each.trim());
  for (const address of addresses)
    if (isIP(address) === 0)
      throw new UsageError(
        `${option} is ${JSON.stringify(text)}; wanted is an IP address, such as 172.30.0.2`,
      );
  return addresses;
}

function labelsOf(text: string | undefined): Record<string, string> {
  const labels = Object.create(null) as Record<string, string>;
  for (const part of (text ?? '').split(',').filter((each) => each !== '')) {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(part.trim()) ?? [];
    if (name === undefined || value === undefined)
      throw new UsageError(`--node-labels has ${JSON.stringify(part)}; wanted is name=value`);
    labels[name] = value;
  }
  return { ...labels };
}

function socketOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const [, path] = /^(?:unix:\/\/)?(\/.+)$/.exec(text) ?? [];
  if (path !== undefined) return path;
  throw new UsageError(
    `--container-runtime-endpoint is ${JSON.stringify(text)}; wanted is a socket: unix:///run/containerd/containerd.sock`,
  );
}

function modeOf(text: string): AgentOptions['proxyMode'] {
  if (text === 'nftables' || text === 'userspace') return text;
  throw new UsageError(`--proxy-mode is ${JSON.stringify(text)}; wanted is nftables or userspace`);
}

/** One folder, of which everything can be removed. */
function cgroupOf(text: string): string {
  if (/^\/[\w-]*\w$/.test(text)) return text;
  throw new UsageError(
    `--cgroup-root is ${JSON.stringify(text)}; wanted is the name of one cgroup: /wherry-1`,
  );
}

/** The kernel takes 15 characters. */
function bridgeOf(text: string): string {
  if (/^[\w][\w.-]{0,14}$/.test(text)) return text;
  throw new UsageError(
    `--bridge is ${JSON.stringify(text)}; wanted is a name of at most 15 letters, digits, '.', '-' and '_'`,
  );
}

function numberOf(option: string, text: string, { min, max }: { min: number; max: number }): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new UsageError(`${option} is ${JSON.stringify(text)}; wanted is a number from ${min} to ${max}`);
}
