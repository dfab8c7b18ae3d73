/**
 * The shape of table `wherry`: what stands in it whatever Services there are. A new connection is looked up by address,
 * protocol and port in one verdict map, which leads to the chain for its number of endpoints; that chain picks a slot
 * and finds the endpoint in one map. So ten thousand Services are elements of a few maps, where a chain for each would
 * take the kernel time that grows with their square (ARCHITECTURE.md, "The dataplane").
 *
 * `near`: whoever is behind this node - its pods and the node itself - reaches an external address with policy Local as
 * if the policy were Cluster (KEP-1669, pkg/proxy/nftables "short-circuit").
 */
import { createHash } from 'node:crypto';
import type { Cidr } from '../lib/cidr.ts';
import { formatCidr } from '../lib/cidr.ts';
import { addressBits, formatAddress, type IPFamily } from '../lib/ip.ts';
import {
  type Chain,
  emptyTable,
  type Field,
  type Key,
  type NftSet,
  type Rule,
  type SetSpec,
  type Table,
  type TableFamily,
} from '../nft/table.ts';

export const tableName = 'wherry';

export const tableFamily = (family: IPFamily): TableFamily => (family === 'IPv4' ? 'ip' : 'ip6');

/** The packet has been sent to an endpoint by us; postrouting decides whether it must come back by us. */
const dispatchedMark = 0x40000000;
/**
 * From here on marks are slots and ids of endpoints, until the chain `refuse` makes them `dispatchedMark`. The mark of
 * the first packet of a connection to a Service is ours: what others wrote there is lost.
 */
export const firstMark = 0xc0000000;

/** The mark of the place that an endpoint has in the list of those of its Service port. */
export const slotMark = (slot: number): number => firstMark + slot;

/** Where a Service port is reached, and by whom. Each has its maps and its chains. */
export type Doorway = 'vip' | 'near-vip' | 'node-port' | 'near-node-port';

const doorways: readonly Doorway[] = ['vip', 'near-vip', 'node-port', 'near-node-port'];

/** What names a Service port at a doorway: with the address, or for any of the node's addresses. */
function doorwayKey(doorway: Doorway): Field[] {
  return doorway === 'vip' || doorway === 'near-vip' ? ['daddr', 'protocol', 'dport'] : ['protocol', 'dport'];
}

export const verdictMap = (doorway: Doorway): string => `${doorway}-services`;
/** By slot or, with affinity, by id. */
export const endpointMap = (doorway: Doorway): string => `${doorway}-endpoints`;
/** Slot to id. */
export const idMap = (doorway: Doorway): string => `${doorway}-ids`;

/** Sets that Services add to. */
export const sets = {
  clusterIPs: 'cluster-ips',
  localEndpoints: 'local-endpoints',
  hairpin: 'hairpin',
  guarded: 'guarded',
  allowedSources: 'allowed-sources',
  noEndpoints: 'no-endpoints',
  noEndpointNodePorts: 'no-endpoint-node-ports',
} as const;

export const rejectVerdict = 'goto reject-connection';

const vipKey: Key = doorwayKey('vip');
const nodePortKey: Key = doorwayKey('node-port');

/** What a node's tables are made for. A change of these makes the tables anew. */
export interface NodeNetwork {
  readonly node: string;
  readonly zone?: string;
  /** The node's addresses on which node ports answer, canonical. */
  readonly nodeAddresses: readonly string[];
  /** The node's own pod ranges: who sends from there gets the answer back by this node. */
  readonly podCidrs: readonly Cidr[];
  /** Addresses in here that no Service has lead nowhere. */
  readonly serviceCidrs: readonly Cidr[];
}

const spec = (kind: SetSpec['kind'], key: readonly Field[], more: Partial<SetSpec> = {}): SetSpec => ({
  kind,
  key,
  ...more,
});

function doorwaySpecs(doorway: Doorway): [string, SetSpec][] {
  const key = doorwayKey(doorway);
  const endpoint: Field[] = ['daddr', 'dport'];
  return [
    [verdictMap(doorway), spec('vmap', key)],
    [endpointMap(doorway), spec('map', [...key, 'mark'], { value: endpoint })],
    [idMap(doorway), spec('map', [...key, 'mark'], { value: ['mark'] })],
  ];
}

const setSpecs: [string, SetSpec][] = [
  ['local-pods', spec('set', ['saddr'], { isInterval: true })],
  ['service-ranges', spec('set', ['daddr'], { isInterval: true })],
  ['node-ips', spec('set', ['daddr'])],
  [sets.clusterIPs, spec('set', ['daddr'])],
  [sets.localEndpoints, spec('set', ['daddr'])],
  [sets.hairpin, spec('set', ['saddr', 'daddr'])],
  [sets.guarded, spec('set', ['daddr', 'protocol', 'dport'])],
  [sets.allowedSources, spec('set', ['daddr', 'protocol', 'dport', 'saddr'], { isInterval: true })],
  [sets.noEndpoints, spec('vmap', ['daddr', 'protocol', 'dport'])],
  [sets.noEndpointNodePorts, spec('vmap', ['protocol', 'dport'])],
  ...doorways.flatMap(doorwaySpecs),
];

/**
 * An empty chain whose name says the shape of the sets. Where it stands in the kernel, the table was made by a proxy
 * that makes the same sets, and can be taken over as it is.
 */
export const layoutMarker = `layout-${createHash('sha256').update(JSON.stringify(setSpecs)).digest('hex').slice(0, 16)}`;

/** As nft lists it: a range of one address is that address. */
export const rangeText = (cidr: Cidr): string =>
  cidr.prefix === addressBits(cidr.family) ? formatAddress(cidr.family, cidr.base) : formatCidr(cidr);

const toNode: Rule[number] = { type: 'inSet', key: ['daddr'], set: 'node-ips' };
const fromPods: Rule[number] = { type: 'inSet', key: ['saddr'], set: 'local-pods' };

const guard: Rule[] = [
  [
    { type: 'inSet', key: vipKey, set: sets.guarded },
    { type: 'inSet', key: [...vipKey, 'saddr'], set: sets.allowedSources, not: true },
    { type: 'drop' },
  ],
];

const refuse: Rule[] = [
  [
    { type: 'markBits', mask: firstMark, value: firstMark },
    { type: 'setMark', to: { value: dispatchedMark } },
  ],
  [
    { type: 'ctState', state: 'new' },
    { type: 'jump', chain: 'refuse' },
  ],
];

const base = (
  type: 'filter' | 'nat',
  hook: NonNullable<Chain['base']>['hook'],
  at: { priority: number; rules: Rule[] },
): Chain => ({ base: { type, hook, priority: at.priority }, rules: at.rules });

const entrance = (prefix: '' | 'near-'): Rule[] => [
  [{ type: 'vmap', key: vipKey, map: verdictMap(`${prefix}vip`) }],
  [toNode, { type: 'vmap', key: nodePortKey, map: verdictMap(`${prefix}node-port`) }],
];

/**
 * Who asks for an address with source ranges is looked at with each packet: whom a change of the ranges shuts out is out
 * at once, also with connections that are there. So the kernel calls these only while some Service has ranges: Services
 * ask for them, as for the chains that they share.
 */
export const guardChains: ReadonlyMap<string, Chain> = new Map([
  ['guard-prerouting', base('filter', 'prerouting', { priority: -110, rules: guard })],
  ['guard-output', base('filter', 'output', { priority: -110, rules: guard })],
]);

const fromNetwork: Rule[] = [[fromPods, { type: 'jump', chain: 'near' }], [{ type: 'jump', chain: 'far' }]];
const fromNode: Rule[] = [[{ type: 'jump', chain: 'near' }], [{ type: 'jump', chain: 'far' }]];

/**
 * `-again`: a transaction is one step for whoever lists the table, but not for a packet that is in the middle of it: a
 * base chain keeps the rules with which it began, while each look into a set finds what stands there at that moment
 * (nft_do_chain and nft_genmask_cur in the kernel). So it can be led to a chain or a slot that its rules or the sets
 * do not have. Who comes through without an endpoint is looked at once more, with the rules and sets of now; the kernel
 * asks no second nat chain for a connection that has its endpoint (nf_nat_inet_fn).
 */
const chains: [string, Chain][] = [
  ['prerouting', base('nat', 'prerouting', { priority: -100, rules: fromNetwork })],
  ['output', base('nat', 'output', { priority: -100, rules: fromNode })],
  ['prerouting-again', base('nat', 'prerouting', { priority: -99, rules: fromNetwork })],
  ['output-again', base('nat', 'output', { priority: -99, rules: fromNode })],
  ['near', { rules: entrance('near-') }],
  ['far', { rules: entrance('') }],
  // Before routing, so that a Service is refused even where there is no route to it.
  ['refuse-prerouting', base('filter', 'prerouting', { priority: -90, rules: refuse })],
  ['refuse-output', base('filter', 'output', { priority: -90, rules: refuse })],
  [
    'refuse',
    {
      rules: [
        [{ type: 'vmap', key: vipKey, map: sets.noEndpoints }],
        [toNode, { type: 'vmap', key: nodePortKey, map: sets.noEndpointNodePorts }],
        [
          { type: 'inSet', key: ['daddr'], set: sets.clusterIPs },
          { type: 'goto', chain: 'reject-connection' },
        ],
        [{ type: 'inSet', key: ['daddr'], set: 'service-ranges' }, { type: 'drop' }],
      ],
    },
  ],
  [layoutMarker, { rules: [] }],
  [
    'reject-connection',
    {
      rules: [
        // A reset is not held back by the kernel's limit on ICMP errors (icmp_ratelimit).
        [
          { type: 'equals', field: 'protocol', value: 'tcp' },
          { type: 'reject', with: 'tcp reset' },
        ],
        [{ type: 'reject', with: 'port unreachable' }],
      ],
    },
  ],
  [
    'postrouting',
    base('nat', 'postrouting', {
      priority: 100,
      rules: [
        // A pod that reaches itself would answer itself, past the node.
        [
          { type: 'inSet', key: ['saddr', 'daddr'], set: sets.hairpin },
          { type: 'ctStatus', status: 'dnat' },
          { type: 'masquerade' },
        ],
        // Answers must come back by this node: they do from its own pods, and to its own pods.
        [
          { type: 'markBits', mask: dispatchedMark, value: dispatchedMark },
          { type: 'inSet', key: ['saddr'], set: 'local-pods', not: true },
          { type: 'inSet', key: ['daddr'], set: sets.localEndpoints, not: true },
          { type: 'masquerade' },
        ],
      ],
    }),
  ],
];

/** The table without any Service. */
export function baseTable(family: IPFamily, network: NodeNetwork): Table {
  const cidrElements = (cidrs: readonly Cidr[]): [string, string][] =>
    cidrs.filter((cidr) => cidr.family === family).map((cidr) => [rangeText(cidr), '']);
  const own = network.nodeAddresses.filter((address) => address.includes(':') === (family === 'IPv6'));
  const filled: Record<string, [string, string][]> = {
    'local-pods': cidrElements(network.podCidrs),
    'service-ranges': cidrElements(network.serviceCidrs),
    'node-ips': own.map((address) => [address, '']),
  };
  const made = setSpecs.map(([name, of]): [string, NftSet] => [
    name,
    { spec: of, elements: new Map(filled[name] ?? []) },
  ]);
  return { ...emptyTable(tableFamily(family), tableName), sets: new Map(made), chains: new Map(chains) };
}

/** The chain of all Service ports with this many endpoints. */
export const dispatchChain = (doorway: Doorway, count: number): string => `${doorway}-dispatch-${count}`;

const pickSlot = (count: number): Rule[number] => ({ type: 'setMark', to: { from: firstMark, count } });

const sendTo = (doorway: Doorway): Rule[number] => ({
  type: 'dnat',
  to: { key: [...doorwayKey(doorway), 'mark'], map: endpointMap(doorway) },
});

export const dispatchRules = (doorway: Doorway, count: number): Rule[] => [
  [pickSlot(count), sendTo(doorway)],
];

/**
 * A client's endpoint is remembered by an id that only its endpoint has, and looked up among those that count now: when
 * it is not there any more, another is picked and remembered. So nobody sticks to an endpoint that is gone.
 */
export function affinityRules(
  doorway: Doorway,
  { count, map, seconds }: { count: number; map: string; seconds: number },
): Rule[] {
  const client: Key = ['saddr'];
  const remember: Rule[number] = { type: 'update', map, key: client, value: 'mark', seconds };
  const send = sendTo(doorway);
  const pick: Rule = [
    pickSlot(count),
    { type: 'setMark', to: { key: [...doorwayKey(doorway), 'mark'], map: idMap(doorway) } },
  ];
  return [
    [{ type: 'setMark', to: { key: client, map } }, remember, send],
    [{ type: 'delete', map, key: client, value: 'mark' }],
    [...pick, remember, send],
    // Nothing more can be remembered: still, everybody is served.
    [...pick, send],
  ];
}
