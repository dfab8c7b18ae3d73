/** Keeps the zone as the cluster's Services, EndpointSlices and Namespaces are. */
import type { Informers } from '../client/informers.ts';
import { keyOf } from '../client/object-key.ts';
import type { EndpointSlice, Service } from '../kinds/generated/types.ts';
import { serviceKeysOf } from '../service/endpoint-candidates.ts';
import { type DnsRecord, recordsOf } from './records.ts';
import type { Zone } from './zone.ts';

export interface PublisherOptions {
  readonly informers: Informers;
  readonly zone: Zone;
  /** `cluster.local` */
  readonly zoneName: string;
  /** Of the DNS Service: what `ns.dns.<zone>` is. */
  readonly serverAddresses: readonly string[];
}

const sliceIndex = 'dnsService';

const isHeadless = ({ spec }: Service): boolean => spec?.clusterIP === 'None' && spec.type !== 'ExternalName';

export class Publisher {
  readonly #options: PublisherOptions;

  constructor(options: PublisherOptions) {
    this.#options = options;
    const { informers, zone } = options;
    zone.replace('', this.#ownRecords());
    const slices = informers.of('EndpointSlice');
    slices.addIndex(sliceIndex, serviceKeysOf);
    const publish = (key: string) => this.#publish(key);
    informers.of('Service').handle({
      add: (service) => publish(keyOf(service)),
      update: (service) => publish(keyOf(service)),
      delete: (service) => zone.replace(keyOf(service), []),
    });
    const onSlice = (slice: EndpointSlice, old?: EndpointSlice) => {
      for (const key of new Set([slice, ...(old === undefined ? [] : [old])].flatMap(serviceKeysOf))) {
        const service = informers.of('Service').get(key);
        if (service !== undefined && isHeadless(service)) publish(key);
      }
    };
    slices.handle({ add: onSlice, update: onSlice, delete: (slice) => onSlice(slice) });
    informers.of('Namespace');
  }

  /** Whether every name is there that the cluster had when this began. */
  get isReady(): boolean {
    const { informers } = this.#options;
    return (['Service', 'EndpointSlice', 'Namespace'] as const).every((name) => informers.of(name).hasSynced);
  }

  hasNamespace(name: string): boolean {
    return this.#options.informers.of('Namespace').get(name) !== undefined;
  }

  #publish(key: string): void {
    const { informers, zone, zoneName } = this.#options;
    const service = informers.of('Service').get(key);
    if (service === undefined) return;
    const slices = isHeadless(service) ? informers.of('EndpointSlice').byIndex(sliceIndex, key) : [];
    zone.replace(key, recordsOf(service, slices, zoneName));
  }

  #ownRecords(): DnsRecord[] {
    const { zoneName, serverAddresses } = this.#options;
    const server = `ns.dns.${zoneName}`;
    return [
      { name: `dns-version.${zoneName}`, type: 'TXT', text: '1.1.0' },
      { name: zoneName, type: 'NS', target: server },
      ...serverAddresses.map(
        (address): DnsRecord => ({ name: server, type: address.includes(':') ? 'AAAA' : 'A', address }),
      ),
    ];
  }
}
