/** /etc/resolv.conf of a pod. Source: kubelet/network/dns/dns.go. */
import type { DnsConfig } from '../../cri/sandbox-types.ts';
import type { Pod } from '../../kinds/generated/types.ts';
import { parseResolvConf } from '../../lib/resolv-conf.ts';
import { isHostNetwork } from '../containers.ts';

export interface ClusterDns {
  /** Addresses of the cluster's DNS Service. None: pods get the node's servers. */
  readonly servers: readonly string[];
  readonly domain: string;
}

const serversMax = 3;
const searchesMax = 32;
const searchCharactersMax = 2048;

const unique = (texts: readonly string[]): string[] => [...new Set(texts)];

/** What a node's own resolv.conf says. A root search domain (`.`) is kept, a trailing dot of others goes. */
export function nodeDnsConfig(resolvConf: string): DnsConfig {
  const { nameservers, search, options } = parseResolvConf(resolvConf);
  const searches = search.map((domain) => (domain === '.' ? domain : domain.replace(/\.$/, '')));
  return { servers: nameservers, searches, options };
}

function baseOf(pod: Pod, dns: { cluster: ClusterDns; node: DnsConfig }): DnsConfig {
  const { cluster, node } = dns;
  const policy = pod.spec?.dnsPolicy ?? 'ClusterFirst';
  if (policy === 'None') return { servers: [], searches: [], options: [] };
  const usesCluster =
    policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !isHostNetwork(pod));
  if (!usesCluster || cluster.servers.length === 0) return node;
  const { domain } = cluster;
  const own = [`${pod.metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain];
  return {
    servers: cluster.servers,
    searches: domain === '' ? node.searches : [...own, ...node.searches],
    options: ['ndots:5'],
  };
}

/** `ndots:5` -> `ndots` */
const optionName = (option: string): string => option.split(':')[0] as string;

function mergeOptions(base: readonly string[], own: readonly string[]): string[] {
  const merged = new Map([...base, ...own].map((option) => [optionName(option), option]));
  return [...merged.values()];
}

/** As much of the searches as the resolver libraries take. */
function fitting(searches: readonly string[]): string[] {
  const kept = searches.slice(0, searchesMax);
  while (kept.join(' ').length > searchCharactersMax) kept.pop();
  return kept;
}

export function podDns(pod: Pod, dns: { cluster: ClusterDns; node: DnsConfig }): DnsConfig {
  const base = baseOf(pod, dns);
  const { nameservers = [], searches = [], options = [] } = pod.spec?.dnsConfig ?? {};
  const own = options.map(({ name = '', value }) => (value === undefined ? name : `${name}:${value}`));
  return {
    servers: unique([...base.servers, ...nameservers]).slice(0, serversMax),
    searches: fitting(unique([...base.searches, ...searches])),
    options: mergeOptions(base.options, own),
  };
}
