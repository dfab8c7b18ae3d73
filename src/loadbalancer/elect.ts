/**
 * Which node answers for a Service's addresses on the network. Pure: every agent computes it from the same objects and
 * comes to the same answer, so nobody has to be asked. Among the nodes that may, the one whose name, hashed with the
 * address, is the least: another node's coming or going moves only the addresses that go to it or were its own.
 * Source: ShouldAnnounce in speaker/layer2_controller.go of MetalLB.
 *
 * Unlike there, a Service without endpoints is announced, too, unless its policy is Local: so a client is refused at once
 * by the node's rules, rather than left to ask for an address that nobody has.
 */
import { createHash } from 'node:crypto';
import type { EndpointSlice, Node, Service } from '../kinds/generated/types.ts';
import { selectorMatches } from '../kinds/label-selector.ts';
import { metallbNamespace } from '../kinds/metallb/check.ts';
import { type AddressRange, PoolError, parseRange } from '../kinds/metallb/ranges.ts';
import type { IPAddressPool, L2Advertisement } from '../kinds/metallb/types.ts';
import { parseAddress } from '../lib/ip.ts';
import { countLocalReady, resolve } from '../service/resolve.ts';
import { canonical, isBalanced, keyOf } from './wish.ts';

/** Why a node does not answer for a Service. */
export type NodeReason =
  | 'NotReady'
  | 'NetworkUnavailable'
  | 'ExcludedFromLoadBalancers'
  | 'NotAdvertisedHere'
  | 'NoLocalEndpoint'
  | 'AnotherNode';

export type NobodyReason =
  | 'NotLoadBalancer'
  | 'NoAddress'
  | 'NotAdvertised'
  | 'NoUsableNode'
  | 'NoLocalEndpoint';

export type Election = {
  readonly addresses: readonly string[];
  /** Every other node, by name. */
  readonly excluded: ReadonlyMap<string, NodeReason>;
} & (
  | {
      readonly announce: true;
      readonly node: string;
      /** On which of the node's interfaces; undefined: the one that has its address. */
      readonly interfaces: readonly string[] | undefined;
    }
  | { readonly announce: false; readonly reason: NobodyReason }
);

export interface ElectionView {
  readonly nodes: readonly Node[];
  /** Those of one Service. */
  slicesOf(key: string): readonly EndpointSlice[];
  readonly pools: readonly IPAddressPool[];
  readonly advertisements: readonly L2Advertisement[];
}

const excludeLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';

function addressesOf({ status }: Service): string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [canonical(ip)]));
}

const nameOf = ({ metadata }: { metadata: { name?: string } }): string => metadata.name ?? '';

const conditionOf = ({ status }: Node, type: string): string | undefined =>
  status?.conditions?.find((condition) => condition.type === type)?.status;

/** What is against the node, whatever the Service. A condition that is unknown is not a good one. */
function againstNode(node: Node): NodeReason | undefined {
  if (conditionOf(node, 'Ready') !== 'True') return 'NotReady';
  if ((conditionOf(node, 'NetworkUnavailable') ?? 'False') !== 'False') return 'NetworkUnavailable';
  return Object.hasOwn(node.metadata.labels ?? {}, excludeLabel) ? 'ExcludedFromLoadBalancers' : undefined;
}

interface PoolRanges {
  readonly pool: IPAddressPool;
  readonly ranges: readonly AddressRange[];
}

function rangesOf(pool: IPAddressPool): PoolRanges {
  const ranges = (pool.spec.addresses ?? []).flatMap((text) => {
    try {
      return [parseRange(text)];
    } catch (error) {
      // A pool that cannot be read gives out nothing.
      if (error instanceof PoolError) return [];
      throw error;
    }
  });
  return { pool, ranges };
}

const isOfMetallb = ({ metadata }: { metadata: { namespace?: string } }): boolean =>
  metadata.namespace === metallbNamespace;

const anyMatches = (
  selectors: readonly Parameters<typeof selectorMatches>[0][],
  labels: Record<string, string> = {},
): boolean => selectors.some((selector) => selectorMatches(selector, labels));

function isForPool({ spec = {} }: L2Advertisement, pool: IPAddressPool): boolean {
  const { ipAddressPools = [], ipAddressPoolSelectors = [] } = spec;
  if (ipAddressPools.length === 0 && ipAddressPoolSelectors.length === 0) return true;
  return ipAddressPools.includes(nameOf(pool)) || anyMatches(ipAddressPoolSelectors, pool.metadata.labels);
}

const isForService = ({ spec = {} }: L2Advertisement, { metadata }: Service): boolean =>
  (spec.serviceSelectors ?? []).length === 0 || anyMatches(spec.serviceSelectors ?? [], metadata.labels);

const isForNode = ({ spec = {} }: L2Advertisement, { metadata }: Node): boolean =>
  (spec.nodeSelectors ?? []).length === 0 || anyMatches(spec.nodeSelectors ?? [], metadata.labels);

/** Services that have to go together, since they share an address, and all the addresses that they have. */
interface Group {
  readonly services: Service[];
  readonly addresses: Set<string>;
}

function groupsOf(services: readonly Service[]): Group[] {
  const groups = new Set<Group>();
  const byAddress = new Map<string, Group>();
  for (const service of services) {
    const group: Group = { services: [service], addresses: new Set(addressesOf(service)) };
    for (const address of group.addresses) {
      const other = byAddress.get(address);
      if (other === undefined || !groups.delete(other)) continue;
      group.services.push(...other.services);
      for (const each of other.addresses) group.addresses.add(each);
    }
    groups.add(group);
    for (const address of group.addresses) byAddress.set(address, group);
  }
  return [...groups];
}

const hash = (node: string, address: string): string =>
  createHash('sha256').update(`${node}#${address}`).digest('hex');

class Elector {
  readonly #view: ElectionView;
  readonly #pools: readonly PoolRanges[];
  readonly #advertisements: readonly L2Advertisement[];
  readonly #usable: readonly Node[];
  readonly #unusable = new Map<string, NodeReason>();

  constructor(view: ElectionView) {
    this.#view = view;
    this.#pools = view.pools.filter(isOfMetallb).map(rangesOf);
    this.#advertisements = view.advertisements.filter(isOfMetallb);
    for (const node of view.nodes) {
      const reason = againstNode(node);
      if (reason !== undefined) this.#unusable.set(nameOf(node), reason);
    }
    this.#usable = view.nodes.filter((node) => !this.#unusable.has(nameOf(node)));
  }

  electGroup({ services, addresses }: Group): Map<string, Election> {
    const elections = new Map<string, Election>();
    const excluded = new Map(this.#unusable);
    let left = this.#usable;
    const keep = (reason: NodeReason, isKept: (node: Node) => boolean) => {
      for (const node of left) if (!isKept(node)) excluded.set(nameOf(node), reason);
      left = left.filter(isKept);
    };
    // The same advertisements for all of them: their addresses are of one pool, and the elder's labels do not decide.
    const advertisements = services.map((service) => this.#advertisementsOf(service));
    keep('NotAdvertisedHere', (node) =>
      advertisements.every((own) => own === 'anywhere' || own.some((each) => isForNode(each, node))),
    );
    const advertised = left.length;
    const local = services.filter(({ spec }) => spec?.externalTrafficPolicy === 'Local');
    if (local.length > 0) {
      const near = this.#nearest(local, left);
      keep('NoLocalEndpoint', (node) => near.has(nameOf(node)));
    }
    // MetalLB hashes the first address of the Service; of a group any will do that all of them agree on.
    const [seed = ''] = [...addresses].sort();
    const [winner] = left.map(nameOf).sort((one, other) => (hash(one, seed) < hash(other, seed) ? -1 : 1));
    for (const node of left) if (nameOf(node) !== winner) excluded.set(nameOf(node), 'AnotherNode');
    for (const [index, service] of services.entries()) {
      const common = { addresses: addressesOf(service), excluded };
      const own = advertisements[index]!;
      const node = left.find((each) => nameOf(each) === winner);
      if (node === undefined) {
        const reason = this.#nobody(own, advertised);
        elections.set(keyOf(service), { ...common, announce: false, reason });
        continue;
      }
      const interfaces = own === 'anywhere' ? undefined : interfacesOf(own, node);
      elections.set(keyOf(service), { ...common, announce: true, node: nameOf(node), interfaces });
    }
    return elections;
  }

  #nobody(own: readonly L2Advertisement[] | 'anywhere', advertised: number): NobodyReason {
    if (own !== 'anywhere' && own.length === 0) return 'NotAdvertised';
    return advertised === 0 ? 'NoUsableNode' : 'NoLocalEndpoint';
  }

  /**
   * Those of the pools that the addresses are of. An address of none is of the ConfigMap, whose pools have no
   * advertisements: every node may announce it.
   */
  #advertisementsOf(service: Service): readonly L2Advertisement[] | 'anywhere' {
    const pools = addressesOf(service).map((address) => this.#poolOf(address));
    if (pools.every((pool) => pool === undefined)) return 'anywhere';
    return this.#advertisements.filter(
      (each) =>
        isForService(each, service) && pools.every((pool) => pool === undefined || isForPool(each, pool)),
    );
  }

  #poolOf(text: string): IPAddressPool | undefined {
    const address = parseAddress(text);
    if (address === undefined) return undefined;
    const { family, value } = address;
    return this.#pools.find(({ ranges }) =>
      ranges.some((range) => range.family === family && range.first <= value && value <= range.last),
    )?.pool;
  }

  /** Nodes that have a ready endpoint of each; where none has, those that have one that still answers on its way out. */
  #nearest(services: readonly Service[], nodes: readonly Node[]): ReadonlySet<string> {
    const ready = new Set<string>();
    const serving = new Set<string>();
    for (const node of nodes) {
      const name = nameOf(node);
      const all = services.map((service) =>
        resolve(service, { slices: this.#view.slicesOf(keyOf(service)), node: { name } }),
      );
      if (all.every((resolutions) => countLocalReady(resolutions) > 0)) ready.add(name);
      else if (all.every((resolutions) => resolutions.some(({ local }) => local.endpoints.length > 0)))
        serving.add(name);
    }
    return ready.size > 0 ? ready : serving;
  }
}

/** Of all advertisements that are for the node; one that names none means the node's own. */
function interfacesOf(advertisements: readonly L2Advertisement[], node: Node): string[] | undefined {
  const lists = advertisements
    .filter((each) => isForNode(each, node))
    .map(({ spec = {} }) => spec.interfaces ?? []);
  if (lists.some((list) => list.length === 0)) return undefined;
  return [...new Set(lists.flat())].sort();
}

const nobody = (reason: NobodyReason): Election => ({
  announce: false,
  reason,
  addresses: [],
  excluded: new Map(),
});

/** By `namespace/name`: of every Service that was given. */
export function electNodes(services: readonly Service[], view: ElectionView): Map<string, Election> {
  const elections = new Map<string, Election>();
  const announced: Service[] = [];
  for (const service of services)
    if (!isBalanced(service)) elections.set(keyOf(service), nobody('NotLoadBalancer'));
    else if (addressesOf(service).length === 0) elections.set(keyOf(service), nobody('NoAddress'));
    else announced.push(service);
  const elector = new Elector(view);
  for (const group of groupsOf(announced))
    for (const [key, election] of elector.electGroup(group)) elections.set(key, election);
  return elections;
}

/** Of one that shares its addresses with nobody. */
export function electNode(service: Service, view: ElectionView): Election {
  return electNodes([service], view).get(keyOf(service)) as Election;
}
