/** pods/exec, pods/attach and pods/portforward. Source: streamLocation and PortForwardLocation in pkg/registry/core/pod/strategy.go. */
import { createWebSocketStream } from 'ws';
import type { Pod } from '../../kinds/generated/types.ts';
import { badRequestError } from '../../kinds/status.ts';
import { parseCached } from '../cache/cached-object.ts';
import type { ResourceRequest } from '../context.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import { readCurrent } from '../rest/read.ts';
import { containerOf } from './containers.ts';
import { dialTargetOf, kubeletOf, plainError } from './kubelet-target.ts';
import { flag, parseInteger } from './options.ts';
import { join } from './pipe.ts';
import { requestHeaders } from './proxy-headers.ts';
import { translate, translatedProtocol, type WantedStreams } from './translate.ts';
import type { Tunnels } from './tunnels.ts';
import { asksUpgrade, tunnel, type Upgrade, upgradeBackend } from './upgrade.ts';
import { acceptWebSocket } from './websocket.ts';
import { checkHandshake, isWebSocketRequest, protocolsOf } from './websocket-head.ts';

export type StreamKind = 'exec' | 'attach' | 'portforward';

/** A WebSocket protocol that carries SPDY's bytes (KEP-4006). */
const tunnelledPrefix = 'SPDY/3.1+';
const tunnelledSuffix = '.k8s.io';
const versionHeader = 'x-stream-protocol-version';

const wantedOf = (query: URLSearchParams): WantedStreams => ({
  stdin: flag(query, 'stdin'),
  stdout: flag(query, 'stdout'),
  stderr: flag(query, 'stderr'),
  tty: flag(query, 'tty'),
});

/** The kubelet's path and query. Throws 400 for a container that is none. */
function kubeletUrl(kind: StreamKind, pod: Pod, query: URLSearchParams): string {
  const { namespace, name } = pod.metadata;
  const asked = new URLSearchParams();
  let path = `/portForward/${namespace}/${name}`;
  if (kind === 'portforward') {
    const ports = query.getAll('ports').map((port) => parseInteger(port, 32));
    if (ports.length > 0) asked.set('port', ports.join(','));
  } else {
    path = `/${kind}/${namespace}/${name}/${containerOf(pod, query.get('container') ?? '')}`;
    const { stdin, stdout, stderr, tty } = wantedOf(query);
    if (kind === 'exec') for (const word of query.getAll('command')) asked.append('command', word);
    if (stderr) asked.set('error', '1');
    if (stdin) asked.set('input', '1');
    if (stdout) asked.set('output', '1');
    if (tty) asked.set('tty', '1');
  }
  return asked.size === 0 ? path : `${path}?${asked}`;
}

export async function openStream(
  resource: ResourceRequest,
  tunnels: Tunnels,
  kind: StreamKind,
): Promise<ApiResponse> {
  const { request, info } = resource;
  const pod = parseCached(await readCurrent(resource)) as unknown as Pod;
  const path = kubeletUrl(kind, pod, info.query);
  const { nodeName } = pod.spec ?? {};
  if (!nodeName) throw badRequestError(`pod ${info.name} does not have a host assigned`);
  const kubelet = kubeletOf(resource, nodeName);
  if (!asksUpgrade(request) || request.canTunnel !== true) throw badRequestError('Upgrade request required');
  const target = () => dialTargetOf(kubelet, tunnels);
  if (isWebSocketRequest(request)) {
    const protocols = protocolsOf(request);
    if (kind !== 'portforward' && protocols.includes(translatedProtocol)) {
      const upgrade = { target, asked: askedInSpdy(request, path, ['v4.channel.k8s.io']) };
      return translate(request, tunnels, { upgrade, wanted: wantedOf(info.query) });
    }
    const tunnelled = protocols.filter(
      (each) => each.startsWith(tunnelledPrefix) && each.endsWith(tunnelledSuffix),
    );
    if (kind === 'portforward' && tunnelled.length > 0) {
      const versions = tunnelled.map((each) => each.slice(tunnelledPrefix.length));
      return unwrap(request, tunnels, { target, asked: askedInSpdy(request, path, versions) });
    }
  }
  const headers: Record<string, string | string[]> = requestHeaders(request, { upgrades: true });
  // Older kubelets look at each header by itself and do not split them.
  const versions = headers[versionHeader];
  if (typeof versions === 'string') headers[versionHeader] = versions.split(',').map((each) => each.trim());
  return tunnel(request, tunnels, { target, asked: { method: request.method, path, headers } });
}

/** The same wish, in SPDY. */
function askedInSpdy(request: ApiRequest, path: string, versions: string[]): Upgrade['asked'] {
  const headers: Record<string, string | string[]> = requestHeaders(request, { upgrades: false });
  for (const name of Object.keys(headers)) if (name.startsWith('sec-websocket-')) delete headers[name];
  return {
    method: 'POST',
    path,
    headers: {
      ...headers,
      connection: 'Upgrade',
      upgrade: 'SPDY/3.1',
      [versionHeader]: versions,
      'content-length': '0',
    },
  };
}

/** Port-forward over WebSocket: its messages are SPDY's bytes, which the kubelet gets bare. */
async function unwrap(request: ApiRequest, tunnels: Tunnels, upgrade: Upgrade): Promise<ApiResponse> {
  checkHandshake(request);
  request.longRunning?.();
  const upgraded = await upgradeBackend(request, tunnels, upgrade);
  if ('refusal' in upgraded) return upgraded.refusal;
  const { message, backend, leave } = upgraded;
  if (!(message.headers.upgrade ?? '').toLowerCase().includes('spdy/3.1')) {
    backend.destroy();
    leave();
    throw plainError('unable to upgrade: missing upgrade headers in response');
  }
  const version = String(message.headers[versionHeader] ?? '').trim();
  return {
    status: 101,
    headers: {},
    body: [],
    tunnel: (client) => {
      const protocol = version === '' ? '' : `${tunnelledPrefix}${version}`;
      const socket = acceptWebSocket(request, client, protocol);
      if (socket === undefined) {
        backend.destroy();
        leave();
        return () => {};
      }
      const stream = createWebSocketStream(socket);
      return join(stream, backend, { clock: tunnels.clock, onEnd: leave });
    },
  };
}
