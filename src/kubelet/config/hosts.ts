/** /etc/hosts of a pod's containers. Source: managedHostsFileContent of kubelet/kubelet_pods.go. */
import type { Pod } from '../../kinds/generated/types.ts';
import { isHostNetwork } from '../containers.ts';
import type { PodHostname } from './hostname.ts';

const managed = [
  '# Kubernetes-managed hosts file.',
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'fe00::0\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
];

function aliasLines(pod: Pod): string {
  const aliases = pod.spec?.hostAliases ?? [];
  if (aliases.length === 0) return '';
  const lines = aliases.map(({ ip, hostnames = [] }) => `${[ip, ...hostnames].join('\t')}\n`);
  return `\n# Entries added by HostAliases.\n${lines.join('')}`;
}

/** `nodeHosts`: the node's own file, which a pod in its network has. */
export function hostsFile(
  pod: Pod,
  facts: { name: PodHostname; podIPs: readonly string[]; nodeHosts: string },
): string {
  if (isHostNetwork(pod))
    return `# Kubernetes-managed hosts file (host network).\n${facts.nodeHosts}${aliasLines(pod)}`;
  const { hostname, domain } = facts.name;
  const names = domain === '' ? hostname : `${hostname}.${domain}\t${hostname}`;
  const own = facts.podIPs.map((ip) => `${ip}\t${names}`);
  return `${[...managed, ...own].join('\n')}\n${aliasLines(pod)}`;
}
