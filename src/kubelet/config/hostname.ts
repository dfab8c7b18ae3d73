/** A pod's name in its own network. Source: kubelet/kubelet_pods.go, kubelet/util/util.go. */
import type { Pod } from '../../kinds/generated/types.ts';
import { ContainerConfigError } from './errors.ts';

const labelCharactersMax = 63;
/** The kernel's own: __NEW_UTS_LEN. */
const kernelCharactersMax = 64;

export interface PodHostname {
  readonly hostname: string;
  /** `sub.default.svc.cluster.local`; empty without a subdomain. */
  readonly domain: string;
}

export function podHostname(pod: Pod, clusterDomain: string): PodHostname {
  const { hostname, hostnameOverride, subdomain } = pod.spec ?? {};
  if (hostnameOverride) return { hostname: hostnameOverride, domain: '' };
  const given = hostname || (pod.metadata.name ?? '');
  return {
    hostname: given.slice(0, labelCharactersMax).replace(/[-.]+$/, ''),
    domain: subdomain ? `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : '',
  };
}

/** What the kernel is to call it. Throws ContainerConfigError when that is too long. */
export function kernelHostname(pod: Pod, { hostname, domain }: PodHostname): string {
  if (pod.spec?.setHostnameAsFQDN !== true || domain === '') return hostname;
  const full = `${hostname}.${domain}`;
  if (full.length <= kernelCharactersMax) return full;
  throw new ContainerConfigError(
    `failed to construct FQDN from pod hostname and cluster domain, FQDN ${full} is too long (${kernelCharactersMax} characters is the max, ${full.length} characters requested)`,
  );
}
