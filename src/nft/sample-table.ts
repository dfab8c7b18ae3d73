/** Every kind of set, chain and statement that there is: for the trial of what a machine can do, and for tests. */
import {
  type Chain,
  emptyTable,
  type NftSet,
  type Rule,
  type SetSpec,
  type Table,
  type TableFamily,
} from './table.ts';

const endpoint = ['daddr', 'protocol', 'dport'] as const;

/** The mark of slot 0; that of slot 1 is the next number. */
export const firstMark = 0x40000000;
/** The ids that affinity remembers the endpoints by. */
export const endpointIds = [0x40000111, 0x40000222] as const;

const specs = {
  services: { kind: 'vmap', key: endpoint },
  endpoints: { kind: 'map', key: [...endpoint, 'mark'], value: ['daddr', 'dport'] },
  byId: { kind: 'map', key: [...endpoint, 'mark'], value: ['daddr', 'dport'] },
  ids: { kind: 'map', key: [...endpoint, 'mark'], value: ['mark'] },
  addresses: { kind: 'set', key: ['daddr'] },
  ranges: { kind: 'set', key: ['daddr'], isInterval: true },
  sources: { kind: 'set', key: [...endpoint, 'saddr'], isInterval: true },
  affinity: {
    kind: 'map',
    key: ['saddr'],
    value: ['mark'],
    isDynamic: true,
    size: 1024,
  },
} satisfies Record<string, SetSpec>;

export const sampleAddresses = {
  ip: { service: '10.96.0.1', other: '10.96.0.2', pods: ['10.244.0.2', '10.244.0.3'], range: '10.96.0.0/16' },
  ip6: {
    service: 'fd00:96::1',
    other: 'fd00:96::2',
    pods: ['fd00:244::2', 'fd00:244::3'],
    range: 'fd00:96::/112',
  },
};

function sampleSets(family: TableFamily): Map<string, NftSet> {
  const { service, other, pods, range } = sampleAddresses[family];
  const of = (spec: SetSpec, elements: [string, string][] = []): NftSet => ({
    spec,
    elements: new Map(elements),
  });
  return new Map([
    [
      'services',
      of(specs.services, [
        [`${service} . tcp . 80`, 'goto dispatch-2'],
        [`${other} . udp . 53`, 'drop'],
      ]),
    ],
    [
      'endpoints',
      of(
        specs.endpoints,
        pods.map((pod, slot) => [`${service} . tcp . 80 . ${firstMark + slot}`, `${pod} . 8080`]),
      ),
    ],
    ['by-id', of(specs.byId, [[`${service} . tcp . 80 . ${endpointIds[0]}`, `${pods[0]} . 8080`]])],
    ['ids', of(specs.ids, [[`${service} . tcp . 80 . ${firstMark}`, String(endpointIds[0])]])],
    ['addresses', of(specs.addresses, [[service, '']])],
    ['ranges', of(specs.ranges, [[range, '']])],
    ['sources', of(specs.sources, [[`${service} . tcp . 80 . ${range}`, '']])],
    ['affinity', of(specs.affinity)],
  ]);
}

const stuck = ['saddr'] as const;
const pickSlot: Rule[number] = { type: 'setMark', to: { from: firstMark, count: 2 } };

const pick: Rule[] = [
  [
    { type: 'setMark', to: { key: stuck, map: 'affinity' } },
    { type: 'update', map: 'affinity', key: stuck, value: 'mark', seconds: 10_800 },
    { type: 'dnat', to: { key: [...endpoint, 'mark'], map: 'by-id' } },
  ],
  [{ type: 'delete', map: 'affinity', key: stuck, value: 'mark' }],
  [pickSlot, { type: 'setMark', to: { key: [...endpoint, 'mark'], map: 'ids' } }],
  [{ type: 'dnat', to: { key: [...endpoint, 'mark'], map: 'by-id' } }],
];

const chains: [string, Chain][] = [
  [
    'prerouting',
    {
      base: { type: 'nat', hook: 'prerouting', priority: -100 },
      rules: [
        [
          { type: 'inSet', key: ['daddr'], set: 'ranges' },
          { type: 'jump', chain: 'service-chain' },
        ],
      ],
    },
  ],
  [
    'filter',
    {
      base: { type: 'filter', hook: 'prerouting', priority: -90 },
      rules: [
        [
          { type: 'ctState', state: 'new' },
          { type: 'inSet', key: [...endpoint, 'saddr'], set: 'sources', not: true },
          { type: 'goto', chain: 'reject-it' },
        ],
      ],
    },
  ],
  [
    'postrouting',
    {
      base: { type: 'nat', hook: 'postrouting', priority: 100 },
      rules: [
        [
          { type: 'markBits', mask: firstMark, value: firstMark },
          { type: 'ctStatus', status: 'dnat' },
          { type: 'masquerade' },
        ],
      ],
    },
  ],
  ['service-chain', { rules: [[{ type: 'vmap', key: endpoint, map: 'services' }]] }],
  [
    'dispatch-2',
    {
      rules: [[pickSlot, { type: 'dnat', to: { key: [...endpoint, 'mark'], map: 'endpoints' } }]],
    },
  ],
  ['affinity-2', { rules: pick }],
  [
    'reject-it',
    {
      rules: [
        [
          { type: 'equals', field: 'protocol', value: 'tcp' },
          { type: 'reject', with: 'tcp reset' },
        ],
        [{ type: 'reject', with: 'port unreachable' }],
      ],
    },
  ],
];

export const sampleTable = (family: TableFamily): Table => ({
  ...emptyTable(family, 'contract'),
  sets: sampleSets(family),
  chains: new Map(chains),
});
