/** An API server behind its TLS skin, two fake nodes' worth of certificates, and one fake kubelet. */
import type { HttpServer } from '../../src/apiserver/http/server.ts';
import { startTestServer, type TestServer } from '../../src/apiserver/test-server.ts';
import { systemDialler } from '../../src/apiserver/tunnels/dialler.ts';
import type { TunnelOptions } from '../../src/apiserver/tunnels/tunnels.ts';
import { issueAuthority, issueLeaf, type KeyPair } from '../../src/cluster/issue.ts';
import type { ManualClock } from '../../src/lib/manual-clock.ts';
import { systemClock } from '../../src/lib/system.ts';
import { serve } from '../hostile/skin.ts';
import { type FakeKubelet, startFakeKubelet } from './fake-kubelet.ts';

export interface Certificates {
  readonly authority: KeyPair;
  readonly server: KeyPair;
  readonly administrator: KeyPair;
  readonly kubeletClient: KeyPair;
  /** Of node-1, for 127.0.0.1. */
  readonly node: KeyPair;
}

export async function makeCertificates(): Promise<Certificates> {
  const now = systemClock.now();
  const authority = await issueAuthority(now);
  const leaf = (commonName: string, organization: string, names: string[]) =>
    issueLeaf(authority, {
      commonName,
      organization,
      names,
      usage: names.length > 0 ? 'server' : 'client',
      now,
    });
  const [server, administrator, kubeletClient, node] = await Promise.all([
    leaf('kube-apiserver', 'x', ['localhost', '127.0.0.1']),
    leaf('ada', 'system:masters', []),
    leaf('kube-apiserver-kubelet-client', 'system:masters', []),
    leaf('system:node:node-1', 'system:nodes', ['node-1', '127.0.0.1']),
  ]);
  return { authority, server, administrator, kubeletClient, node };
}

export interface RigOptions {
  readonly tunnels?: Partial<TunnelOptions>;
  /** Pods' addresses may be loopback ones. */
  readonly loopback?: boolean;
}

export interface Rig {
  readonly api: TestServer;
  readonly clock: ManualClock;
  readonly http: HttpServer;
  readonly kubelet: FakeKubelet;
  readonly certificates: Certificates;
  /** For test/hostile's clients. */
  readonly target: { port: number; authority: string; client: KeyPair };
  close(): Promise<void>;
}

export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const certificates = await makeCertificates();
  const authority = certificates.authority.certificate;
  const kubelet = await startFakeKubelet({ pair: certificates.node, authority });
  const api = await startTestServer({
    loopback: options.loopback ?? false,
    tunnels: {
      dialler: systemDialler(systemClock),
      kubelets: { authority, client: certificates.kubeletClient },
      ownAddresses: [],
      ...options.tunnels,
    },
  });
  const { server, administrator } = certificates;
  const http = await serve(
    { authority, server, administrator, stranger: administrator, wrongUsage: server, expired: server },
    api.server.handle,
  );
  await makeNode(api, kubelet.port);
  return {
    api,
    clock: api.clock,
    http,
    kubelet,
    certificates,
    target: { port: http.port, authority, client: administrator },
    async close() {
      await http.drain();
      await kubelet.close();
      await api.close();
    },
  };
}

/** node-1, whose kubelet is at 127.0.0.1. */
export async function makeNode(
  api: TestServer,
  port: number,
  { name = 'node-1', addresses = [{ type: 'InternalIP', address: '127.0.0.1' }] as object[] } = {},
): Promise<void> {
  const status = { addresses, daemonEndpoints: { kubeletEndpoint: { Port: port } } };
  await insist(api, '/api/v1/nodes', { metadata: { name }, status });
}

export interface PodOptions {
  readonly containers?: object[];
  readonly nodeName?: string | undefined;
  readonly podIP?: string;
  readonly labels?: Record<string, string>;
}

/** A pod that runs on node-1, unless said otherwise. */
export async function makePod(api: TestServer, name: string, options: PodOptions = {}): Promise<void> {
  const { containers = [{ name: 'main', image: 'x' }], podIP = '10.244.1.5', labels = {} } = options;
  const nodeName = 'nodeName' in options ? options.nodeName : 'node-1';
  const pods = '/api/v1/namespaces/default/pods';
  const spec = { containers, ...(nodeName === undefined ? {} : { nodeName }) };
  await insist(api, pods, { metadata: { name, labels }, spec });
  const containerStatuses = (containers as { name: string }[]).map((each) => ({
    name: each.name,
    ready: true,
    image: 'x',
    imageID: 'x',
    restartCount: 0,
    state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
  }));
  const status = {
    phase: nodeName === undefined ? 'Pending' : 'Running',
    ...(nodeName === undefined ? {} : { podIP, podIPs: [{ ip: podIP }], containerStatuses }),
  };
  const answer = await api.call('PATCH', `${pods}/${name}/status`, {
    body: { status },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  if (answer.status !== 200) throw new Error(answer.text);
}

export interface SliceEndpoint {
  readonly address: string;
  readonly pod?: string;
  readonly namespace?: string;
}

/** What stands behind a Service, or is said to. */
export async function makeSlice(
  api: TestServer,
  { service, port }: { service: string; port: number },
  endpoints: readonly SliceEndpoint[],
): Promise<void> {
  await insist(api, '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: service, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port }],
    endpoints: endpoints.map(({ address, pod, namespace = 'default' }) => ({
      addresses: [address],
      conditions: { ready: true },
      ...(pod !== undefined && { targetRef: { kind: 'Pod', name: pod, namespace } }),
    })),
  });
}

export async function insist(api: TestServer, url: string, body: object): Promise<void> {
  const answer = await api.call('POST', url, { body });
  if (answer.status !== 201) throw new Error(answer.text);
}
