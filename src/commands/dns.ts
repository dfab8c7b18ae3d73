/** A DNS server for the cluster's names: what the loopback cluster and a node's agent put together alike. */
import { readFile } from 'node:fs/promises';
import type { Informers } from '../client/informers.ts';
import { Forwarder } from '../dns/forwarder.ts';
import { Publisher } from '../dns/publisher.ts';
import { Resolver } from '../dns/resolver.ts';
import { Responder } from '../dns/responder.ts';
import { DnsServer } from '../dns/server.ts';
import { Zone } from '../dns/zone.ts';
import { parseCidr } from '../lib/cidr.ts';
import { UserError } from '../lib/errors.ts';
import { formatAddress } from '../lib/ip.ts';
import type { Logger } from '../lib/log.ts';
import type { MetricsRegistry } from '../lib/metrics.ts';
import { parseResolvConf } from '../lib/resolv-conf.ts';
import { systemClock, systemRandom } from '../lib/system.ts';

const answerSeconds = 5;
/** By convention the tenth address of the Services' range. */
const dnsServiceOffset = 10n;

export const dnsPort = 53;

export interface DnsOptions {
  readonly informers: Informers;
  readonly zoneName: string;
  /** What the zone says its server's addresses are: those of the DNS Service. */
  readonly serverAddresses: readonly string[];
  /** Where it listens: never asked by itself. */
  readonly ownAddresses: readonly string[];
  readonly log: Logger;
  readonly metrics?: MetricsRegistry;
}

/** What answers; listen with it on any addresses. Asks for the informers at once. */
export async function makeDns(options: DnsOptions): Promise<{
  listen(places: readonly { address: string; port: number }[]): Promise<DnsServer>;
  /** Once it listens: finds the machine's servers that forward to this one, and asks them no more. */
  probe(): Promise<void>;
}> {
  const { informers, zoneName, serverAddresses, log, metrics: registry } = options;
  const zone = new Zone({ zone: zoneName, seconds: answerSeconds });
  const publisher = new Publisher({ informers, zone, zoneName, serverAddresses });
  const responder = new Responder({
    zone,
    zoneName,
    seconds: answerSeconds,
    hasNamespace: (name) => publisher.hasNamespace(name),
    isReady: () => publisher.isReady,
  });
  const common = { clock: systemClock, log };
  const upstreams = await machineResolvers(options.ownAddresses);
  const forwarder = new Forwarder({ ...common, upstreams, random: systemRandom });
  const resolver = new Resolver({ responder, forwarder, seconds: answerSeconds });
  return {
    listen: (addresses) => DnsServer.start({ ...common, resolver, registry, addresses }),
    probe: () => forwarder.probe(),
  };
}

export function dnsServiceAddress(serviceCIDR: string): string {
  const range = parseCidr(serviceCIDR);
  if (range === undefined) throw new UserError('BAD_SERVICE_CIDR', `${serviceCIDR} is no range of addresses`);
  return formatAddress(range.family, range.base + dnsServiceOffset);
}

const resolvConf = '/etc/resolv.conf';
/** What systemd-resolved asks: its own address in resolv.conf is nobody's outside the host's network. */
const resolvedConf = '/run/systemd/resolve/resolv.conf';

/** The machine's own configuration of DNS, as pods and our forwarder can use it. */
export async function machineResolvConf(): Promise<string> {
  const text = await readFile(resolvConf, 'utf8').catch(() => '');
  const { nameservers } = parseResolvConf(text);
  if (!nameservers.includes('127.0.0.53')) return text;
  return readFile(resolvedConf, 'utf8').catch(() => text);
}

async function machineResolvers(own: readonly string[]): Promise<{ address: string; port: number }[]> {
  const { nameservers } = parseResolvConf(await machineResolvConf());
  // Our own address there would be asked by us, and ask us.
  return nameservers
    .filter((address) => !own.includes(address))
    .map((address) => ({ address, port: dnsPort }));
}
