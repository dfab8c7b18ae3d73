/**
 * A whole cluster in 127.0.0.0/8, without any privilege: simulated pods that listen, a proxy that is a process, DNS, and
 * addresses for load balancers. Everything is reached from the machine itself, and from nowhere else.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Controller } from './client/controller.ts';
import type { EventRecorder } from './client/event-recorder.ts';
import type { Informers } from './client/informers.ts';
import type { Client } from './client/typed-client.ts';
import { Forwarder } from './dns/forwarder.ts';
import { Publisher } from './dns/publisher.ts';
import { Resolver } from './dns/resolver.ts';
import { Responder } from './dns/responder.ts';
import { DnsServer } from './dns/server.ts';
import { Zone } from './dns/zone.ts';
import type { EndpointSlice, Service } from './kinds/generated/types.ts';
import { StatusError } from './kinds/status.ts';
import { parseCidr } from './lib/cidr.ts';
import { UserError } from './lib/errors.ts';
import { formatAddress } from './lib/ip.ts';
import type { Logger } from './lib/log.ts';
import type { MetricsRegistry } from './lib/metrics.ts';
import { parseResolvConf } from './lib/resolv-conf.ts';
import { systemClock, systemRandom } from './lib/system.ts';
import { loadBalancer } from './loadbalancer/load-balancer.ts';
import { makePool } from './loadbalancer/pools.ts';
import { UserspaceProxy } from './proxy/userspace/userspace-proxy.ts';
import { PodListeners } from './testing/pod-listeners.ts';

/** Where things are in the loopback range; the last two bytes are as in a cluster of containers. */
export const loopbackRanges = {
  services: '127.96.0.0/16',
  pods: '127.244.0.0/16',
  /** node-1 has the second address: the first is the DNS server's. */
  hostBase: 0x7f1e0001n,
  dns: '127.30.0.1',
  balancers: '127.30.0.200-127.30.0.250',
} as const;

const zoneName = 'cluster.local';
const answerSeconds = 5;
/** By convention the tenth address of the Services' range. */
const dnsServiceOffset = 10n;
const dnsPort = 53;

/** The controllers that only a loopback cluster has. */
export const loopbackControllers = (): Controller[] => [
  loadBalancer([makePool('default', [loopbackRanges.balancers])]),
];

export interface LoopbackOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: EventRecorder;
  readonly serviceCIDR: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly metrics?: MetricsRegistry;
}

/** Resolves when it has begun; `stopped` resolves after the signal, when every port is closed. */
export async function startLoopback(options: LoopbackOptions): Promise<{ stopped: Promise<void> }> {
  const { informers, recorder, log, signal } = options;
  const lowPorts = await hasLowPorts();
  const common = { informers, log, signal, lowPorts };
  const listeners = new PodListeners(common);
  const proxy = new UserspaceProxy({ ...common, recorder, clock: systemClock });
  const dns = startDns(options).catch((error: unknown) => {
    log.error('the DNS server could not be started', { error });
  });
  return { stopped: Promise.all([listeners.stopped, proxy.stopped, dns]).then(() => {}) };
}

/** Whether this process may listen below 1024: by trying. */
async function hasLowPorts(): Promise<boolean> {
  const server = createServer();
  try {
    const listening = once(server, 'listening');
    server.listen(1, loopbackRanges.dns);
    await listening;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EACCES';
  } finally {
    server.close();
  }
  return true;
}

/** Serves until the signal. */
async function startDns(options: LoopbackOptions): Promise<void> {
  const { informers, client, log, signal, metrics: registry } = options;
  const address = dnsServiceAddress(options.serviceCIDR);
  const zone = new Zone({ zone: zoneName, seconds: answerSeconds });
  const publisher = new Publisher({ informers, zone, zoneName, serverAddresses: [address] });
  const responder = new Responder({
    zone,
    zoneName,
    seconds: answerSeconds,
    hasNamespace: (name) => publisher.hasNamespace(name),
    isReady: () => publisher.isReady,
  });
  const upstreams = await machineResolvers();
  const common = { clock: systemClock, log };
  const forwarder = new Forwarder({ ...common, upstreams, random: systemRandom });
  const resolver = new Resolver({ responder, forwarder, seconds: answerSeconds });
  const server = await listen((port) =>
    DnsServer.start({ ...common, resolver, registry, addresses: [{ address: loopbackRanges.dns, port }] }),
  );
  const stopped = new Promise<void>((resolve) => {
    const stop = () => void server.close().then(resolve);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  await publishDnsService(client, { address, port: server.addresses[0]!.port });
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

function dnsServiceAddress(serviceCIDR: string): string {
  const range = parseCidr(serviceCIDR);
  if (range === undefined) throw new UserError('BAD_SERVICE_CIDR', `${serviceCIDR} is no range of addresses`);
  return formatAddress(range.family, range.base + dnsServiceOffset);
}

async function machineResolvers(): Promise<{ address: string; port: number }[]> {
  const text = await readFile('/etc/resolv.conf', 'utf8').catch(() => '');
  const { nameservers } = parseResolvConf(text);
  // Our own address there would be asked by us, and ask us.
  return nameservers
    .filter((address) => address !== loopbackRanges.dns)
    .map((address) => ({ address, port: dnsPort }));
}

async function publishDnsService(client: Client, at: { address: string; port: number }): Promise<void> {
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
    endpoints: [{ addresses: [loopbackRanges.dns], conditions: { ready: true } }],
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
