/**
 * What one Service puts into the DNS. Pure: a Service and its EndpointSlices in, records out.
 * Source: Kubernetes DNS-Based Service Discovery 1.1.0 (kubernetes/dns docs/specification.md).
 */
import type { Endpoint, EndpointSlice, Service, ServicePort } from '../kinds/generated/types.ts';
import { parseAddress } from '../lib/ip.ts';
import { stateOf } from '../service/endpoint-candidates.ts';
import { recordsPerSetMax } from './limits.ts';

/** Names are dotted, without a last dot. */
export type DnsRecord =
  | { readonly name: string; readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly name: string; readonly type: 'CNAME' | 'PTR' | 'NS'; readonly target: string }
  | { readonly name: string; readonly type: 'SRV'; readonly port: number; readonly target: string }
  | { readonly name: string; readonly type: 'TXT'; readonly text: string };

/** `web.default.svc.cluster.local` */
function serviceName({ metadata }: Service, zone: string): string {
  return `${metadata.name}.${metadata.namespace}.svc.${zone}`;
}

/** `4.3.2.10.in-addr.arpa`; undefined when it is no address. */
export function reverseName(address: string): string | undefined {
  const parsed = parseAddress(address);
  if (parsed === undefined) return undefined;
  const { family, value } = parsed;
  if (family === 'IPv4')
    return `${[0n, 8n, 16n, 24n].map((shift) => (value >> shift) & 0xffn).join('.')}.in-addr.arpa`;
  const digits = value.toString(16).padStart(32, '0');
  return `${[...digits].reverse().join('.')}.ip6.arpa`;
}

const addressRecord = (name: string, address: string): DnsRecord => ({
  name,
  type: address.includes(':') ? 'AAAA' : 'A',
  address,
});

function pointerRecord(address: string, target: string): DnsRecord[] {
  const name = reverseName(address);
  return name === undefined ? [] : [{ name, type: 'PTR', target }];
}

/** `_http._tcp.` of a named port; unnamed ones have no SRV record. */
function portPrefix(name: string | undefined, protocol: string | undefined): string | undefined {
  return name === undefined || name === '' ? undefined : `_${name}._${(protocol ?? 'TCP').toLowerCase()}.`;
}

function clusterRecords(service: Service, name: string, addresses: readonly string[]): DnsRecord[] {
  const ports: readonly ServicePort[] = service.spec?.ports ?? [];
  return [
    ...addresses.map((address) => addressRecord(name, address)),
    ...ports.flatMap((port): DnsRecord[] => {
      const prefix = portPrefix(port.name, port.protocol);
      return prefix === undefined
        ? []
        : [{ name: prefix + name, type: 'SRV', port: port.port, target: name }];
    }),
    ...addresses.flatMap((address) => pointerRecord(address, name)),
  ];
}

/** Those of a Service that publishes all of them say that they are ready. */
const isPublished = (endpoint: Endpoint): boolean => stateOf(endpoint) === 'Ready';

/** The endpoint's hostname, or its address with dashes: stable, unique within a Service, and a label. */
function endpointLabel({ hostname }: Endpoint, address: string): string {
  return hostname !== undefined && hostname !== '' ? hostname : address.replaceAll(/[.:]/g, '-');
}

function headlessRecords(slices: readonly EndpointSlice[], name: string): DnsRecord[] {
  const records = new Map<string, DnsRecord>();
  const add = (record: DnsRecord) => records.set(JSON.stringify(record), record);
  let published = 0;
  for (const slice of slices) {
    if (slice.addressType === 'FQDN') continue;
    for (const endpoint of slice.endpoints ?? []) {
      if (!isPublished(endpoint)) continue;
      for (const address of endpoint.addresses) {
        if (++published > recordsPerSetMax) break;
        const host = `${endpointLabel(endpoint, address)}.${name}`;
        add(addressRecord(name, address));
        add(addressRecord(host, address));
        for (const record of pointerRecord(address, host)) add(record);
        for (const { name: portName, port, protocol } of slice.ports ?? []) {
          const prefix = portPrefix(portName, protocol);
          if (prefix !== undefined && port !== undefined)
            add({ name: prefix + name, type: 'SRV', port, target: host });
        }
      }
    }
  }
  return [...records.values()];
}

/** Everything that this Service is asked by. Nothing while a ClusterIP is not given out, or no endpoint is ready. */
export function recordsOf(service: Service, slices: readonly EndpointSlice[], zone: string): DnsRecord[] {
  const name = serviceName(service, zone);
  const { type, externalName = '', clusterIP, clusterIPs } = service.spec ?? {};
  if (type === 'ExternalName')
    return externalName === '' ? [] : [{ name, type: 'CNAME', target: externalName.replace(/\.$/, '') }];
  if (clusterIP === 'None') return headlessRecords(slices, name);
  const addresses = clusterIPs ?? (clusterIP === undefined || clusterIP === '' ? [] : [clusterIP]);
  return addresses.length === 0 ? [] : clusterRecords(service, name, addresses);
}
