import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EndpointSlice, Node, Service, ServiceSpec } from '../kinds/generated/types.ts';
import type { IPAddressPool, L2Advertisement, L2AdvertisementSpec } from '../kinds/metallb/types.ts';
import { type Election, type ElectionView, electNode, electNodes } from './elect.ts';

const condition = (type: string, status: string) => ({ type, status });

interface NodeOptions {
  readonly labels?: Record<string, string>;
  readonly ready?: string;
  readonly network?: string;
}

const node = (name: string, { labels = {}, ready = 'True', network }: NodeOptions = {}): Node => ({
  metadata: { name, labels },
  status: {
    conditions: [
      condition('Ready', ready),
      ...(network === undefined ? [] : [condition('NetworkUnavailable', network)]),
    ],
  },
});

const service = (name: string, ips: string[], spec: ServiceSpec = {}): Service => ({
  metadata: { name, namespace: 'default' },
  spec: {
    type: 'LoadBalancer',
    clusterIP: '10.96.0.5',
    ipFamilies: ['IPv4'],
    ports: [{ port: 80 }],
    ...spec,
  },
  status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
});

const slice = (
  name: string,
  endpoints: [node: string, conditions?: Record<string, boolean>][],
): EndpointSlice => ({
  metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ports: [{ port: 8080 }],
  endpoints: endpoints.map(([nodeName, conditions = {}], index) => ({
    addresses: [`10.244.0.${index + 2}`],
    nodeName,
    conditions,
  })),
});

const pool: IPAddressPool = {
  metadata: { name: 'default', namespace: 'metallb-system', labels: { zone: 'east' } },
  spec: { addresses: ['10.0.0.0/24'] },
};

const advertisement = (name: string, spec: L2AdvertisementSpec = {}): L2Advertisement => ({
  metadata: { name, namespace: 'metallb-system' },
  spec,
});

const three = [node('a'), node('b'), node('c')];

function view(of: Partial<Omit<ElectionView, 'slicesOf'>> & { slices?: EndpointSlice[] } = {}): ElectionView {
  const slices = of.slices ?? [];
  return {
    nodes: three,
    pools: [pool],
    advertisements: [advertisement('all')],
    slicesOf: (key) => slices.filter(({ metadata }) => key === `default/${metadata.name}`),
    ...of,
  };
}

function shown(election: Election): string {
  const others = [...election.excluded].sort().map(([name, reason]) => `${name} ${reason}`);
  if (!election.announce) return [`nobody: ${election.reason}`, ...others].join(', ');
  const on = election.interfaces === undefined ? '' : ` on ${election.interfaces.join('+')}`;
  return [`${election.node}${on}`, ...others].join(', ');
}

const local = { externalTrafficPolicy: 'Local' };
const ip = '10.0.0.7';

const cases: Record<string, { service?: Service; view?: ElectionView; result: string }> = {
  'one of three': { result: 'a, b AnotherNode, c AnotherNode' },
  'another type': { service: service('web', [ip], { type: 'NodePort' }), result: 'nobody: NotLoadBalancer' },
  'another class': {
    service: service('web', [ip], { loadBalancerClass: 'x.io/y' }),
    result: 'nobody: NotLoadBalancer',
  },
  'no address yet': { service: service('web', []), result: 'nobody: NoAddress' },
  'a pool that nobody advertises': {
    view: view({ advertisements: [advertisement('other', { ipAddressPools: ['other'] })] }),
    result: 'nobody: NotAdvertised, a NotAdvertisedHere, b NotAdvertisedHere, c NotAdvertisedHere',
  },
  'a pool by its labels': {
    view: view({
      advertisements: [
        advertisement('east', { ipAddressPoolSelectors: [{ matchLabels: { zone: 'east' } }] }),
      ],
    }),
    result: 'a, b AnotherNode, c AnotherNode',
  },
  'an advertisement of another namespace': {
    view: view({
      advertisements: [{ ...advertisement('x'), metadata: { name: 'x', namespace: 'default' } }],
    }),
    result: 'nobody: NotAdvertised, a NotAdvertisedHere, b NotAdvertisedHere, c NotAdvertisedHere',
  },
  'an address of the ConfigMap': {
    service: service('web', ['10.8.8.93']),
    view: view({ advertisements: [] }),
    result: 'b, a AnotherNode, c AnotherNode',
  },
  'nodes that cannot, each for its reason': {
    view: view({
      nodes: [
        node('a', { ready: 'Unknown' }),
        node('b', { network: 'True' }),
        node('c', { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } }),
        node('d', { network: 'False' }),
      ],
    }),
    result: 'd, a NotReady, b NetworkUnavailable, c ExcludedFromLoadBalancers',
  },
  'no node at all': { view: view({ nodes: [] }), result: 'nobody: NoUsableNode' },
  'a node that has never spoken': {
    view: view({ nodes: [{ metadata: { name: 'a' } }] }),
    result: 'nobody: NoUsableNode, a NotReady',
  },
  'nodes and interfaces of its advertisements': {
    view: view({
      nodes: [node('a', { labels: { rack: '1' } }), node('b')],
      advertisements: [
        advertisement('x', { nodeSelectors: [{ matchLabels: { rack: '1' } }], interfaces: ['eth1'] }),
        advertisement('y', { nodeSelectors: [{ matchLabels: { rack: '1' } }], interfaces: ['eth0', 'eth1'] }),
      ],
    }),
    result: 'a on eth0+eth1, b NotAdvertisedHere',
  },
  'one that names interfaces, and one that does not': {
    view: view({
      nodes: [node('a')],
      advertisements: [advertisement('x', { interfaces: ['eth1'] }), advertisement('y')],
    }),
    result: 'a',
  },
  'policy Local: where a ready endpoint is': {
    service: service('web', [ip], local),
    view: view({ slices: [slice('web', [['c'], ['b', { ready: false }]])] }),
    result: 'c, a NoLocalEndpoint, b NoLocalEndpoint',
  },
  'policy Local: the last ones on their way out': {
    service: service('web', [ip], local),
    view: view({ slices: [slice('web', [['b', { ready: false, serving: true, terminating: true }]])] }),
    result: 'b, a NoLocalEndpoint, c NoLocalEndpoint',
  },
  'policy Local: nowhere': {
    service: service('web', [ip], local),
    result: 'nobody: NoLocalEndpoint, a NoLocalEndpoint, b NoLocalEndpoint, c NoLocalEndpoint',
  },
  'policy Local: only on a node that is down': {
    service: service('web', [ip], local),
    view: view({ nodes: [node('a', { ready: 'False' }), node('b')], slices: [slice('web', [['a']])] }),
    result: 'nobody: NoLocalEndpoint, a NotReady, b NoLocalEndpoint',
  },
};

for (const [name, { service: asked = service('web', [ip]), view: from = view(), result }] of Object.entries(
  cases,
))
  test(name, () => assert.equal(shown(electNode(asked, from)), result));

test('those that share an address go together, also over a third', () => {
  const services = [
    service('a', ['10.0.0.1']),
    service('b', ['10.0.0.2']),
    service('c', ['10.0.0.1', '10.0.0.2'], local),
  ];
  const elections = electNodes(services, view({ slices: [slice('c', [['b']])] }));
  assert.deepEqual(
    [...elections.values()].map((each) => each.announce && each.node),
    ['b', 'b', 'b'],
  );
});

const addresses = Array.from({ length: 200 }, (_, index) => `10.0.0.${index + 1}`);
const winners = (nodes: Node[]): (string | false)[] =>
  addresses.map((each) => {
    const election = electNode(service('web', [each]), view({ nodes }));
    return election.announce && election.node;
  });

test('a node that comes or goes moves only what goes to it or was its own', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 2, maxLength: 6 }),
      (names) => {
        const [gone] = names;
        const before = winners(names.map((name) => node(name)));
        const after = winners(names.slice(1).map((name) => node(name)));
        for (const [index, winner] of before.entries())
          if (winner !== gone) assert.equal(after[index], winner);
      },
    ),
    { numRuns: 20, interruptAfterTimeLimit: 3000 },
  );
});

test('each of three nodes has its share', () => {
  const counts = new Map<string | false, number>();
  for (const winner of winners(three)) counts.set(winner, (counts.get(winner) ?? 0) + 1);
  for (const name of ['a', 'b', 'c']) assert.ok((counts.get(name) ?? 0) > 40, `${name}: ${counts.get(name)}`);
});
