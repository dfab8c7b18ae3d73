/** Where a node's kubelet is reached. Source: pkg/kubelet/client and pkg/util/node of Kubernetes. */
import type { Node, NodeAddress } from '../../kinds/generated/types.ts';
import { notFoundError, StatusError } from '../../kinds/status.ts';
import { parseAddress } from '../../lib/ip.ts';
import type { ResourceRequest } from '../context.ts';
import type { DialTarget } from './dialler.ts';
import type { Tunnels } from './tunnels.ts';

export interface KubeletTarget {
  readonly nodeName: string;
  /** As the Node has it: an address or a name. */
  readonly host: string;
  readonly port: number;
}

const kubeletPort = 10250;

/** As kubeadm has it: names come last, since few networks resolve them. */
const preferredTypes = ['InternalIP', 'ExternalIP', 'Hostname'];

/** An error of upstream's that is no Status of its own: 500 without a reason, and nothing but the text. */
export const plainError = (message: string): StatusError => new StatusError(500, '', message);

/** Throws 404 for a node that is not there, and 500 for one without an address. */
export function kubeletOf({ backend }: Pick<ResourceRequest, 'backend'>, nodeName: string): KubeletTarget {
  const resource = { group: '', plural: 'nodes' };
  const node = backend.cache.get(resource, '', nodeName) as Node | undefined;
  if (node === undefined) throw notFoundError(resource, nodeName);
  const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
  return {
    nodeName,
    host: preferredAddress(node.status?.addresses ?? []),
    port: port > 0 ? port : kubeletPort,
  };
}

function preferredAddress(addresses: readonly NodeAddress[]): string {
  for (const type of preferredTypes) {
    const found = addresses.find((each) => each.type === type && each.address !== '');
    if (found !== undefined) return found.address;
  }
  const known = addresses.map(({ type, address }) => `{${type} ${address}}`).join(' ');
  throw plainError(`no preferred addresses found; known addresses: [${known}]`);
}

/** `host:port` as URLs have it. */
export const hostAndPort = (host: string, port: number | string): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/**
 * What to dial. A name is resolved once, here. Any address will do: who answers must show that it is this very node's
 * kubelet, which nobody but the cluster's authority can make it.
 */
export async function dialTargetOf(kubelet: KubeletTarget, tunnels: Tunnels): Promise<DialTarget> {
  const { kubelets, dialler } = tunnels;
  const { host, port, nodeName } = kubelet;
  const isAddress = parseAddress(host) !== undefined;
  const address = isAddress ? host : (await dialler.lookup(host))[0];
  if (address === undefined) throw new Error(`dial tcp: lookup ${host}: no such host`);
  return {
    address,
    port,
    tls: {
      name: host,
      verify: { authority: kubelets.authority, commonName: `system:node:${nodeName}` },
      client: kubelets.client,
    },
  };
}
