/**
 * The canonical form of Endpoints: each address and port once, addresses with the same ports in one subset, sorted.
 * Source: pkg/api/endpoints (RepackSubsets), which upstream applies to every write.
 */
import type { CoreEndpointPort, EndpointAddress, EndpointSubset } from '../generated/types.ts';

const portKey = ({ name = '', port, protocol = '', appProtocol = '' }: CoreEndpointPort): string =>
  JSON.stringify([name, port, protocol, appProtocol]);

/** Two pods on host networks may share an address; the uid tells them apart. */
const addressKey = ({ ip, targetRef }: EndpointAddress): string => JSON.stringify([ip, targetRef?.uid ?? '']);

const noPorts = '';

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

interface Collected {
  readonly addresses: Map<string, EndpointAddress>;
  readonly ports: Map<string, CoreEndpointPort>;
  /** Port key -> address key -> whether ready. Not ready wins. */
  readonly readiness: Map<string, Map<string, boolean>>;
}

function collect(subsets: readonly EndpointSubset[]): Collected {
  const collected: Collected = { addresses: new Map(), ports: new Map(), readiness: new Map() };
  const add = (address: EndpointAddress, port: string, ready: boolean): void => {
    const key = addressKey(address);
    if (!collected.addresses.has(key)) collected.addresses.set(key, address);
    const onPort = collected.readiness.get(port) ?? new Map<string, boolean>();
    collected.readiness.set(port, onPort);
    onPort.set(key, ready && onPort.get(key) !== false);
  };
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    for (const port of ports) collected.ports.set(portKey(port), port);
    for (const port of ports.length === 0 ? [noPorts] : ports.map(portKey)) {
      for (const address of addresses) add(address, port, true);
      for (const address of notReadyAddresses) add(address, port, false);
    }
  }
  return collected;
}

export function repackSubsets(subsets: readonly EndpointSubset[]): EndpointSubset[] {
  const { addresses, ports, readiness } = collect(subsets);
  const groups = new Map<string, { members: [string, boolean][]; ports: CoreEndpointPort[] }>();
  for (const [port, onPort] of readiness) {
    const members = [...onPort].sort(([left], [right]) => compare(left, right));
    const key = JSON.stringify(members);
    const group = groups.get(key) ?? { members, ports: [] };
    groups.set(key, group);
    const definition = ports.get(port);
    if (definition !== undefined) group.ports.push(definition);
  }
  const packed = [...groups]
    .sort(([left], [right]) => compare(left, right))
    .map(([, group]) => {
      const named = (ready: boolean) =>
        group.members.flatMap(([key, isReady]) =>
          isReady === ready ? [addresses.get(key) as EndpointAddress] : [],
        );
      const [readyAddresses, notReadyAddresses] = [named(true), named(false)];
      const sorted = group.ports.sort((left, right) => compare(portKey(left), portKey(right)));
      return {
        ...(readyAddresses.length === 0 ? {} : { addresses: readyAddresses }),
        ...(notReadyAddresses.length === 0 ? {} : { notReadyAddresses }),
        ...(sorted.length === 0 ? {} : { ports: sorted }),
      };
    });
  return packed;
}
