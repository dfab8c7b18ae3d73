/**
 * Two nodes with two pods each, and a host outside, joined by a switch: all of it in namespaces of the test's own, with
 * no route to anywhere else.
 *
 *     outside .9 ── switch ── a .2 ── cni0 ── a1 10.244.0.2, a2 10.244.0.3
 *                       └──── b .3 ── cni0 ── b1 10.244.1.2, b2 10.244.1.3
 */
import { Namespace } from './namespace.ts';

export type HostName = 'a' | 'b' | 'outside';
export type PodName = 'a1' | 'a2' | 'b1' | 'b2';
export type PlaceName = HostName | PodName;
export type Family = 'IPv4' | 'IPv6';

export const places: readonly PlaceName[] = ['a', 'b', 'outside', 'a1', 'a2', 'b1', 'b2'];
export const pods: readonly PodName[] = ['a1', 'a2', 'b1', 'b2'];
export const nodes = ['a', 'b'] as const;
export type NodeName = (typeof nodes)[number];

export const nodeOf = (pod: PodName): NodeName => pod[0] as NodeName;

const hostNumber: Record<HostName, number> = { a: 2, b: 3, outside: 9 };
const podNumber: Record<PodName, number> = { a1: 2, a2: 3, b1: 2, b2: 3 };
const nodeNumber: Record<NodeName, number> = { a: 0, b: 1 };

export const serviceCidr = { IPv4: '10.96.0.0/16', IPv6: 'fd00:96::/112' } as const;
export const podCidr = (node: NodeName): Record<Family, string> => ({
  IPv4: `10.244.${nodeNumber[node]}.0/24`,
  IPv6: `fd00:244:${nodeNumber[node] + 1}::/64`,
});

/** The node's address on the bridge of its pods. */
export const gateway = (node: NodeName, family: Family): string =>
  family === 'IPv4' ? `10.244.${nodeNumber[node]}.1` : `fd00:244:${nodeNumber[node] + 1}::1`;

export const lanAddress = (number: number, family: Family): string =>
  family === 'IPv4' ? `172.30.0.${number}` : `fd00:30::${number}`;

export function addressOf(place: PlaceName, family: Family): string {
  if (place === 'a' || place === 'b' || place === 'outside') return lanAddress(hostNumber[place], family);
  const node = nodeNumber[nodeOf(place)];
  return family === 'IPv4'
    ? `10.244.${node}.${podNumber[place]}`
    : `fd00:244:${node + 1}::${podNumber[place]}`;
}

const families: readonly Family[] = ['IPv4', 'IPv6'];
const prefixLength = (family: Family): number => (family === 'IPv4' ? 24 : 64);

const addAddress = (address: string, device: string, length: number): string =>
  `address add ${address}/${length} dev ${device}${address.includes(':') ? ' nodad' : ''}`;

const bothAddresses = (device: string, of: (family: Family) => string): string[] =>
  families.map((family) => addAddress(of(family), device, prefixLength(family)));

/** An address of a link is usable at once, not after a second of asking whether another has it. */
const linkSettings = { 'ipv6/conf/default/dad_transmits': '0', 'ipv6/conf/default/accept_dad': '0' };

const nodeSettings = {
  'ipv4/ip_forward': '1',
  'ipv6/conf/all/forwarding': '1',
  // Refusals are counted on: the kernel must not hold them back.
  'ipv4/icmp_ratelimit': '0',
  'ipv6/icmp/ratelimit': '0',
};

export class Network {
  readonly places: Readonly<Record<PlaceName, Namespace>>;
  readonly #switch: Namespace;

  private constructor(places: Record<PlaceName, Namespace>, lan: Namespace) {
    this.places = places;
    this.#switch = lan;
  }

  static async make(): Promise<Network> {
    const made = await Promise.allSettled(Array.from({ length: places.length + 1 }, () => Namespace.make()));
    const namespaces = made.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    try {
      for (const outcome of made) if (outcome.status === 'rejected') throw outcome.reason;
      const [lan, ...rest] = namespaces as [Namespace, ...Namespace[]];
      const named = Object.fromEntries(places.map((place, index) => [place, rest[index]]));
      const network = new Network(named as Record<PlaceName, Namespace>, lan);
      await network.#wire();
      return network;
    } catch (error) {
      for (const namespace of namespaces) namespace.close();
      throw error;
    }
  }

  close(): void {
    for (const namespace of [this.#switch, ...Object.values(this.places)]) namespace.close();
  }

  /** Addresses of load balancers that a node answers for. */
  async announce(node: NodeName, addresses: readonly string[]): Promise<void> {
    // Not preferred: the node must not send from them (RFC 6724, rule 3; IPv4 takes an interface's first).
    const lines = addresses.map((address) =>
      address.includes(':')
        ? `${addAddress(address, 'eth0', 128)} preferred_lft 0`
        : addAddress(address, 'eth0', 32),
    );
    await this.places[node].do({ type: 'ip', batch: lines.join('\n') });
  }

  async #wire(): Promise<void> {
    const hosts = Object.keys(hostNumber) as HostName[];
    const everywhere = [this.#switch, ...Object.values(this.places)];
    await Promise.all(everywhere.map((place) => place.do({ type: 'sysctl', values: linkSettings })));
    const plugs = hosts.flatMap((host) => [
      `link add to-${host} type veth peer name eth0 netns ${this.places[host].pid}`,
      `link set to-${host} master lan up`,
    ]);
    await this.#switch.do({
      type: 'ip',
      batch: ['link set lo up', 'link add lan type bridge', 'link set lan up', ...plugs].join('\n'),
    });
    await Promise.all(hosts.map((host) => this.#host(host)));
    await Promise.all(nodes.map((node) => this.#node(node)));
    await Promise.all(pods.map((pod) => this.#pod(pod)));
  }

  async #host(host: HostName): Promise<void> {
    const lines = [
      'link set lo up',
      'link set eth0 up',
      ...bothAddresses('eth0', (family) => addressOf(host, family)),
    ];
    // A machine beside the cluster that sends for Service addresses to a node.
    if (host === 'outside')
      for (const family of families)
        lines.push(`route add ${serviceCidr[family]} via ${addressOf('a', family)}`);
    await this.places[host].do({ type: 'ip', batch: lines.join('\n') });
  }

  async #node(node: NodeName): Promise<void> {
    const namespace = this.places[node];
    await namespace.do({ type: 'sysctl', values: nodeSettings });
    const lines = [
      'link add cni0 type bridge',
      ...bothAddresses('cni0', (family) => gateway(node, family)),
      'link set cni0 up',
    ];
    for (const pod of pods.filter((each) => nodeOf(each) === node))
      lines.push(
        `link add to-${pod} type veth peer name eth0 netns ${this.places[pod].pid}`,
        `link set to-${pod} master cni0 up`,
        // As CNI's bridge plugin does with hairpinMode: a pod may be sent back what it sent.
        `link set to-${pod} type bridge_slave hairpin on`,
      );
    const other = node === 'a' ? 'b' : 'a';
    for (const family of families)
      lines.push(
        `route add ${podCidr(other)[family]} via ${addressOf(other, family)}`,
        // So that the node's own processes have a route to Services; the rules decide before it is used.
        `route add ${serviceCidr[family]} dev eth0`,
      );
    await namespace.do({ type: 'ip', batch: lines.join('\n') });
  }

  async #pod(pod: PodName): Promise<void> {
    const lines = [
      'link set lo up',
      'link set eth0 up',
      ...bothAddresses('eth0', (family) => addressOf(pod, family)),
    ];
    const everything = { IPv4: ['10.244.0.0/16', '172.30.0.0/24'], IPv6: ['fd00:244::/32', 'fd00:30::/64'] };
    for (const family of families)
      for (const range of [...everything[family], serviceCidr[family]])
        lines.push(`route add ${range} via ${gateway(nodeOf(pod), family)}`);
    await this.places[pod].do({ type: 'ip', batch: lines.join('\n') });
  }
}
