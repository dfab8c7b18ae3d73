/** What the runtime is told of a pod's sandbox. Source: kubelet/kuberuntime/kuberuntime_sandbox.go. */
import path from 'node:path';
import type { DnsConfig, PortMapping, SandboxConfig } from '../../cri/sandbox-types.ts';
import type { Pod } from '../../kinds/generated/types.ts';
import { isHostNetwork } from '../containers.ts';
import { sandboxLabels } from '../labels.ts';
import { type ClusterDns, podDns } from './dns.ts';
import { ContainerConfigError } from './errors.ts';
import { kernelHostname, podHostname } from './hostname.ts';
import { podCgroup } from './resources.ts';
import { sandboxSecurity } from './security.ts';

export interface SandboxFacts {
  readonly attempt: number;
  readonly clusterDns: ClusterDns;
  readonly nodeDns: DnsConfig;
  /** Below which each pod has its folder of logs. */
  readonly logsFolder: string;
  /** The node's own cgroup; empty: the root. */
  readonly cgroupRoot: string;
}

/** `<logs>/default_web_<uid>` */
export function podLogsFolder({ metadata }: Pod, logsFolder: string): string {
  return path.join(logsFolder, `${metadata.namespace}_${metadata.name}_${metadata.uid}`);
}

function portMappings(pod: Pod): PortMapping[] {
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...sidecars, ...containers]
    .flatMap(({ ports = [] }) => ports)
    .map(({ protocol = 'TCP', containerPort, hostPort = 0, hostIP = '' }) => ({
      protocol: protocol as PortMapping['protocol'],
      containerPort,
      hostPort,
      hostIp: hostIP,
    }));
}

/**
 * A pod that asks for users of its own and got the node's would be less apart from it than it believes. The CRI that
 * this agent speaks has no such mapping. Source: kubelet/userns/userns_manager.go.
 */
function checkUsers({ spec }: Pod): void {
  if (spec?.hostUsers === false)
    throw new ContainerConfigError(
      "can't set `spec.hostUsers: false`, runtime does not support user namespaces",
    );
}

/** Throws ContainerConfigError. */
export function sandboxConfig(pod: Pod, facts: SandboxFacts): SandboxConfig {
  checkUsers(pod);
  const { name = '', namespace = '', uid = '', annotations = {} } = pod.metadata;
  const { sysctls = [] } = pod.spec?.securityContext ?? {};
  const { clusterDns, nodeDns } = facts;
  return {
    metadata: { name, namespace, uid, attempt: facts.attempt },
    hostname: isHostNetwork(pod) ? '' : kernelHostname(pod, podHostname(pod, clusterDns.domain)),
    logDirectory: podLogsFolder(pod, facts.logsFolder),
    dnsConfig: podDns(pod, { cluster: clusterDns, node: nodeDns }),
    portMappings: portMappings(pod),
    labels: sandboxLabels(pod),
    annotations,
    linux: {
      cgroupParent: podCgroup(pod, facts.cgroupRoot),
      securityContext: sandboxSecurity(pod),
      // runc knows them by dots alone.
      sysctls: Object.fromEntries(sysctls.map(({ name, value }) => [name.replaceAll('/', '.'), value])),
    },
  };
}
