/** Both nodes' tables for the Services of the table, as the proxy plans them. */
import { type Cidr, parseCidr } from '../../src/lib/cidr.ts';
import { createManualClock } from '../../src/lib/manual-clock.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { FakeHost, type Walk } from '../../src/nft/fake-host.ts';
import type { Packet } from '../../src/nft/fake-walk.ts';
import type { Nft } from '../../src/nft/nft.ts';
import { Planner } from '../../src/proxy/planner.ts';
import type { Case } from './cases.ts';
import {
  addressOf,
  type Family,
  gateway,
  type NodeName,
  nodeOf,
  nodes,
  type PodName,
  places,
  podCidr,
  pods,
  serviceCidr,
} from './network.ts';
import {
  balancerAddress,
  families,
  otherTargetPort,
  serviceNames,
  serviceOf,
  slicesOf,
  targetPort,
} from './services.ts';

const cidrs = (of: Record<Family, string>): Cidr[] => families.map((family) => parseCidr(of[family]) as Cidr);

const ownAddresses = (node: NodeName): string[] => families.map((family) => addressOf(node, family));

export function plannerOf(node: NodeName): Planner {
  const planner = new Planner({
    families,
    network: {
      node,
      zone: node === 'a' ? 'east' : 'west',
      nodeAddresses: ownAddresses(node),
      podCidrs: cidrs(podCidr(node)),
      serviceCidrs: cidrs(serviceCidr),
    },
  });
  for (const name of serviceNames) planner.set(`default/${name}`, serviceOf(name), slicesOf(name));
  return planner;
}

export async function program(nft: Nft, node: NodeName): Promise<void> {
  for (const { table, operations } of plannerOf(node).takeAll()) await nft.apply(table, operations);
}

/** What load balancers would have node a answer for. */
export const announced = serviceNames
  .filter((name) => serviceOf(name).spec?.type === 'LoadBalancer')
  .flatMap((name) => families.map((family) => balancerAddress(name, family)));

const isPod = (place: string): place is PodName => (pods as readonly string[]).includes(place);

/** Who listens: pods and nodes on the target port, the pods of b on the other one too. */
export const listensOn = (place: string): number[] =>
  place === 'outside' ? [] : place.startsWith('b') ? [targetPort, otherTargetPort] : [targetPort];

export type Outcome = { type: 'reached'; answer: string } | { type: 'refused' | 'silence' };

/** The network in memory: packets go from node to node, as far as the nodes' rules let them. */
export class FakeNetwork {
  readonly nodes: Readonly<Record<NodeName, FakeHost>>;
  #nextPort = 40_000;

  constructor(seed: number) {
    const host = (node: NodeName) =>
      new FakeHost({
        clock: createManualClock(),
        random: seededRandom(seed),
        addresses: [
          ...ownAddresses(node),
          ...families.map((family) => gateway(node, family)),
          ...(node === 'a' ? announced : []),
        ],
        addressToward: (destination) => sourceToward(node, destination),
      });
    this.nodes = { a: host('a'), b: host('b') };
  }

  ask({ client, family, protocol, address, port }: Case): Outcome {
    const isOwn = client === 'a' && announced.includes(address);
    const saddr = isOwn ? address : addressOf(client, family);
    const packet: Packet = { protocol, saddr, sport: this.#nextPort++, daddr: address, dport: port };
    if (client === 'a' || client === 'b') return this.#at(client, packet, 'host');
    if (client !== 'outside') return this.#at(nodeOf(client), packet, 'network');
    return this.#at(address === addressOf('b', family) ? 'b' : 'a', packet, 'network');
  }

  #at(node: NodeName, packet: Packet, origin: 'host' | 'network'): Outcome {
    const walk: Walk = this.nodes[node].walk(packet, origin);
    if (walk.delivery === 'drop') return { type: 'silence' };
    if (walk.delivery === 'local') return arrive(node, walk.packet);
    if (walk.delivery !== 'forward') return { type: 'refused' };
    const target = places.find((place) =>
      families.some((family) => addressOf(place, family) === walk.packet.daddr),
    );
    if (target === undefined) return { type: 'silence' };
    if (isPod(target) && nodeOf(target) === node) return arrive(target, walk.packet);
    return target === 'outside'
      ? { type: 'silence' }
      : this.#at(isPod(target) ? nodeOf(target) : target, walk.packet, 'network');
  }
}

function arrive(place: string, { saddr, dport }: Packet): Outcome {
  if (!listensOn(place).includes(dport)) return { type: 'refused' };
  return { type: 'reached', answer: `${place}:${dport} from ${saddr}` };
}

/** By which address a node's packet to there leaves: of the bridge to its own pods, else of the network. */
function sourceToward(node: NodeName, destination: string): string {
  const family: Family = destination.includes(':') ? 'IPv6' : 'IPv4';
  const isOwnPod = pods.some((pod) => nodeOf(pod) === node && addressOf(pod, family) === destination);
  return isOwnPod ? gateway(node, family) : addressOf(node, family);
}

export { nodes };
