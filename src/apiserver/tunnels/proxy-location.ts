/** Whom a proxy request is for. Sources: ResourceLocation of pods, services and nodes in pkg/registry/core. */
import type { Pod } from '../../kinds/generated/types.ts';
import { badRequestError, noRouteError, notFoundError } from '../../kinds/status.ts';
import { parseAddress } from '../../lib/ip.ts';
import type { ResourceRequest } from '../context.ts';
import { freshen } from '../rest/read.ts';
import { addressNotAllowed, proxyableAddress } from './addresses.ts';
import type { DialTarget } from './dialler.ts';
import { dialTargetOf, hostAndPort, kubeletOf } from './kubelet-target.ts';
import { type SchemeNamePort, splitSchemeNamePort } from './scheme-name-port.ts';
import { endpointFor } from './service-endpoint.ts';
import type { Tunnels } from './tunnels.ts';

export interface ProxyLocation {
  /** `host:port`, as in the backend's own links. */
  readonly host: string;
  /** Rejects with Go's words. */
  readonly target: () => Promise<DialTarget>;
}

const words: Readonly<Record<string, string>> = { pods: 'pod', services: 'service', nodes: 'node' };

/** Throws 400 for names and addresses that are not allowed, 404 for what is not there, 503 for Services with nothing behind them. */
export async function locate(resource: ResourceRequest, tunnels: Tunnels): Promise<ProxyLocation> {
  const { kind, info } = resource;
  const asked = splitSchemeNamePort(info.name);
  if (asked === undefined)
    throw badRequestError(`invalid ${words[kind.plural]} request ${JSON.stringify(info.name)}`);
  await freshen(resource, '');
  switch (kind.plural) {
    case 'pods':
      return podLocation(resource, tunnels, asked);
    case 'services':
      return serviceLocation(resource, tunnels, asked);
    case 'nodes':
      return nodeLocation(resource, tunnels, asked);
    default:
      throw noRouteError();
  }
}

function podLocation(
  { backend, info }: ResourceRequest,
  { rules }: Tunnels,
  asked: SchemeNamePort,
): ProxyLocation {
  const resource = { group: '', plural: 'pods' };
  const pod = backend.cache.get(resource, info.namespace, asked.name) as unknown as Pod | undefined;
  if (pod === undefined) throw notFoundError(resource, asked.name);
  const declared = pod.spec?.containers.find(({ ports = [] }) => ports.length > 0)?.ports?.[0]?.containerPort;
  const address = proxyableAddress(pod.status?.podIPs?.[0]?.ip ?? '', rules);
  return plainLocation(address, { ...asked, port: asked.port || String(declared ?? '') });
}

function serviceLocation(
  { backend, info }: ResourceRequest,
  { rules }: Tunnels,
  asked: SchemeNamePort,
): ProxyLocation {
  const { address, port } = endpointFor(
    { ...asked, id: info.name },
    {
      view: backend.cache,
      namespace: info.namespace,
      random: backend.random,
      allowLoopback: rules.allowLoopback,
    },
  );
  return plainLocation(proxyableAddress(address, rules), { ...asked, port: String(port) });
}

function nodeLocation(resource: ResourceRequest, tunnels: Tunnels, asked: SchemeNamePort): ProxyLocation {
  const kubelet = kubeletOf(resource, asked.name);
  if (asked.port === '' || asked.port === String(kubelet.port))
    return {
      host: hostAndPort(kubelet.host, kubelet.port),
      target: () => dialTargetOf(kubelet, tunnels),
    };
  if (parseAddress(kubelet.host) !== undefined)
    return plainLocation(proxyableAddress(kubelet.host, tunnels.rules), asked);
  return {
    host: hostAndPort(kubelet.host, asked.port),
    target: async () => {
      // Looked up once: what is checked is what is dialled (CVE-2020-8562). One bad address spoils the name.
      const found = await tunnels.dialler.lookup(kubelet.host);
      const [address] = found.map((each) => proxyableAddress(each, tunnels.rules));
      if (address === undefined) throw addressNotAllowed();
      return plainTarget(address, asked);
    },
  };
}

function plainLocation(address: string, asked: SchemeNamePort): ProxyLocation {
  const port = asked.port === '' ? '' : `:${asked.port}`;
  return {
    host: `${address.includes(':') ? `[${address}]` : address}${port}`,
    target: async () => plainTarget(address, asked),
  };
}

/** Neither shown who we are nor asked who they are, as upstream's proxy does with what is no kubelet. */
function plainTarget(address: string, { scheme, port }: SchemeNamePort): DialTarget {
  const number = portNumber(port === '' ? scheme || 'http' : port);
  return { address, port: number, tls: scheme === 'https' ? { name: address } : undefined };
}

const namedPorts: Readonly<Record<string, number>> = { http: 80, https: 443 };

function portNumber(text: string): number {
  if (Object.hasOwn(namedPorts, text)) return namedPorts[text] as number;
  if (!/^\d+$/.test(text)) throw new Error(`dial tcp: lookup tcp/${text}: unknown port`);
  const port = Number(text);
  if (port > 65_535) throw new Error(`dial tcp: address ${text}: invalid port`);
  return port;
}
