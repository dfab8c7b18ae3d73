/**
 * A whole cluster in 127.0.0.0/8, without any privilege: simulated pods that listen, a proxy that is a process, DNS, and
 * addresses for load balancers. Everything is reached from the machine itself, and from nowhere else.
 */
import type { EventRecorder } from '../../client/event-recorder.ts';
import type { Informers } from '../../client/informers.ts';
import type { Client } from '../../client/typed-client.ts';
import type { DnsServer } from '../../dns/server.ts';
import type { EndpointSlice, Service } from '../../kinds/generated/types.ts';
import { StatusError } from '../../kinds/status.ts';
import { UserError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { MetricsRegistry } from '../../lib/metrics.ts';
import { systemClock } from '../../lib/system.ts';
import { UserspaceProxy } from '../../proxy/userspace/userspace-proxy.ts';
import { PodListeners } from '../../testing/pod-listeners.ts';
import { dnsPort, dnsServiceAddress, makeDns } from '../dns.ts';
import { dnsAddressOf, type LoopbackRanges } from './loopback-ranges.ts';
import { hasLowPorts } from './tunnels.ts';

const zoneName = 'cluster.local';

export interface LoopbackOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: EventRecorder;
  readonly serviceCIDR: string;
  readonly ranges: LoopbackRanges;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly metrics?: MetricsRegistry;
}

/** Resolves when it has begun; `stopped` resolves after the signal, when every port is closed. */
export async function startLoopback(options: LoopbackOptions): Promise<{ stopped: Promise<void> }> {
  const { informers, recorder, log, signal } = options;
  const lowPorts = await hasLowPorts(dnsAddressOf(options.ranges));
  const common = { informers, log, signal, lowPorts };
  const listeners = new PodListeners(common);
  const proxy = new UserspaceProxy({
    ...{ ...common, recorder, clock: systemClock },
    // As on a machine whose nodes are containers with their ports published.
    hostAddresses: ['127.0.0.1'],
  });
  const dns = startDns(options).catch((error: unknown) => {
    log.error('the DNS server could not be started', { error });
  });
  return { stopped: Promise.all([listeners.stopped, proxy.stopped, dns]).then(() => {}) };
}

/** Serves until the signal. */
async function startDns(options: LoopbackOptions): Promise<void> {
  const { informers, client, log, signal, metrics } = options;
  const address = dnsServiceAddress(options.serviceCIDR);
  const own = dnsAddressOf(options.ranges);
  const dns = await makeDns({
    ...{ informers, zoneName, log, ...(metrics && { metrics }) },
    ...{ serverAddresses: [address], ownAddresses: [own] },
  });
  const server = await listen((port) => dns.listen([{ address: own, port }]));
  const stopped = new Promise<void>((resolve) => {
    const stop = () => void server.close().then(resolve);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  await publishDnsService(client, { address, own, port: server.addresses[0]!.port });
  await stopped;
}

/** On DNS' own port where that is allowed and free, otherwise on any: the Service leads to it. */
async function listen(start: (port: number) => Promise<DnsServer>): Promise<DnsServer> {
  try {
    return await start(dnsPort);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return await start(0);
  }
}

async function publishDnsService(
  client: Client,
  at: { address: string; own: string; port: number },
): Promise<void> {
  const metadata = { name: 'kube-dns', namespace: 'kube-system' };
  const ports = [
    { name: 'dns', port: dnsPort, protocol: 'UDP' },
    { name: 'dns-tcp', port: dnsPort, protocol: 'TCP' },
  ];
  const service: Service = {
    metadata: { ...metadata, labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/name': 'CoreDNS' } },
    spec: { clusterIP: at.address, ports },
  };
  const slice: EndpointSlice = {
    metadata: {
      ...metadata,
      labels: {
        'kubernetes.io/service-name': 'kube-dns',
        'endpointslice.kubernetes.io/managed-by': 'wherry',
      },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: [at.own], conditions: { ready: true } }],
    ports: ports.map(({ name, protocol }) => ({ name, protocol, port: at.port })),
  };
  await client.of('Service').create(service).catch(existing);
  const slices = client.of('EndpointSlice');
  await slices.create(slice).catch(async (error: unknown) => {
    existing(error);
    // The port may be another than at the last start.
    const old = await slices.get(metadata);
    await slices.update({ ...old, ports: slice.ports, endpoints: slice.endpoints });
  });
}

function existing(error: unknown): void {
  if (!(error instanceof StatusError) || error.reason !== 'AlreadyExists') throw error;
}
