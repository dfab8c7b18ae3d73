import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Service, ServiceSpec } from '../kinds/generated/types.ts';
import { ruleText } from '../nft/render.ts';
import { resolve } from '../service/resolve.ts';
import { at, http, serviceOf, sliceOf, unready } from '../service/resolve-fixture.ts';
import { slotMark } from './layout.ts';
import { serviceRules } from './service-rules.ts';

const slices = [sliceOf([at('10.244.0.2', 'a'), at('10.244.1.2', 'b')])];
const nodeAddresses = ['172.30.0.2'];

const rulesOf = (service: Service, all = slices) =>
  serviceRules(service, resolve(service, { slices: all, node: { name: 'a' } }), { nodeAddresses });

/** `set: key -> value`, of IPv4. */
const elements = (service: Service, all = slices): string[] =>
  rulesOf(service, all).IPv4.elements.map(
    ([set, key, value]) => `${set}: ${key}${value === '' ? '' : ` -> ${value}`}`,
  );

const balanced = (
  spec: ServiceSpec = {},
  ingress: object[] = [{ ip: '172.30.0.200', ipMode: 'VIP' }],
): Service => ({
  ...serviceOf({ type: 'LoadBalancer', ...spec }),
  status: { loadBalancer: { ingress } },
});

const vip = (key: string, set = 'vip') => [
  `${set}-services: ${key} -> goto ${set}-dispatch-2`,
  `${set}-endpoints: ${key} . ${slotMark(0)} -> 10.244.0.2 . 8080`,
  `${set}-endpoints: ${key} . ${slotMark(1)} -> 10.244.1.2 . 8080`,
];
const clusterIP = ['cluster-ips: 10.96.0.20', ...vip('10.96.0.20 . tcp . 80')];
const local = [
  'local-endpoints: 10.244.0.2',
  'hairpin: 10.244.0.2 . 10.244.0.2',
  'local-endpoints: 10.244.0.2',
  'hairpin: 10.244.0.2 . 10.244.0.2',
];
const one = (key: string, set: string) => [
  `${set}-services: ${key} -> goto ${set}-dispatch-1`,
  `${set}-endpoints: ${key} . ${slotMark(0)} -> 10.244.0.2 . 8080`,
];

describe('what a Service has in the tables', () => {
  const cases: [string, Service, string[]][] = [
    ['ClusterIP', serviceOf(), [...clusterIP, ...local]],
    [
      'a node port',
      serviceOf({ type: 'NodePort', ports: [{ ...http, nodePort: 30_080 }] }),
      [...clusterIP, ...vip('tcp . 30080', 'node-port'), ...local],
    ],
    [
      'a node port with policy Local: all endpoints for who is near',
      serviceOf({ type: 'NodePort', externalTrafficPolicy: 'Local', ports: [{ ...http, nodePort: 30_080 }] }),
      [...clusterIP, ...one('tcp . 30080', 'node-port'), ...vip('tcp . 30080', 'near-node-port'), ...local],
    ],
    ['a load balancer', balanced(), [...clusterIP, ...vip('172.30.0.200 . tcp . 80'), ...local]],
    [
      'one that sends to nodes itself (ipMode Proxy)',
      balanced({}, [{ ip: '172.30.0.200', ipMode: 'Proxy' }]),
      [...clusterIP, ...local],
    ],
    [
      'one known by name only',
      balanced({}, [{ hostname: 'lb.example' }, { ip: 'nonsense' }]),
      [...clusterIP, ...local],
    ],
    [
      'source ranges: each once, none within another',
      balanced({
        loadBalancerSourceRanges: [
          '192.168.0.0/16',
          '192.168.1.0/24',
          ' 10.0.0.0/8',
          '192.168.0.0/16',
          'fd00::/8',
        ],
      }),
      [
        ...clusterIP,
        ...vip('172.30.0.200 . tcp . 80'),
        'guarded: 172.30.0.200 . tcp . 80',
        'allowed-sources: 172.30.0.200 . tcp . 80 . 192.168.0.0/16',
        'allowed-sources: 172.30.0.200 . tcp . 80 . 10.0.0.0/8',
        ...local,
      ],
    ],
    [
      'source ranges with this node in them: who asks by the address that the node itself announces is the node',
      balanced({ loadBalancerSourceRanges: ['172.30.0.0/28'] }, [
        { ip: '172.30.0.200' },
        { ip: '172.30.0.1' },
      ]),
      [
        ...clusterIP,
        ...vip('172.30.0.200 . tcp . 80'),
        'guarded: 172.30.0.200 . tcp . 80',
        'allowed-sources: 172.30.0.200 . tcp . 80 . 172.30.0.0/28',
        'allowed-sources: 172.30.0.200 . tcp . 80 . 172.30.0.200',
        ...vip('172.30.0.1 . tcp . 80'),
        'guarded: 172.30.0.1 . tcp . 80',
        'allowed-sources: 172.30.0.1 . tcp . 80 . 172.30.0.0/28',
        'allowed-sources: 172.30.0.1 . tcp . 80 . 172.30.0.200',
        ...local,
      ],
    ],
    [
      'ranges of the other family alone let nobody in',
      balanced({ loadBalancerSourceRanges: ['fd00::/8'] }),
      [...clusterIP, ...vip('172.30.0.200 . tcp . 80'), 'guarded: 172.30.0.200 . tcp . 80', ...local],
    ],
    [
      'a range that is everybody guards nothing',
      balanced({ loadBalancerSourceRanges: ['10.0.0.0/8', '0.0.0.0/0'] }),
      [...clusterIP, ...vip('172.30.0.200 . tcp . 80'), ...local],
    ],
    [
      'a load balancer address on a Service that is none any more',
      { ...balanced(), spec: serviceOf().spec },
      [...clusterIP, ...local],
    ],
    [
      'ports and protocols that no API server would take are left out',
      serviceOf({
        ports: [
          { ...http, protocol: 'tcp; flush ruleset' },
          { ...http, port: 70_000 },
          { ...http, nodePort: -1 },
        ],
      }),
      [],
    ],
  ];
  for (const [name, service, want] of cases) test(name, () => assert.deepEqual(elements(service), want));

  test('nobody to ask: rejected, or dropped where only this node has nobody', () => {
    const service = balanced({ externalTrafficPolicy: 'Local', ports: [{ ...http, nodePort: 30_080 }] });
    const elsewhere = [sliceOf([at('10.244.1.2', 'b')])];
    assert.deepEqual(elements(service, elsewhere), [
      'cluster-ips: 10.96.0.20',
      'vip-services: 10.96.0.20 . tcp . 80 -> goto vip-dispatch-1',
      `vip-endpoints: 10.96.0.20 . tcp . 80 . ${slotMark(0)} -> 10.244.1.2 . 8080`,
      'no-endpoint-node-ports: tcp . 30080 -> drop',
      'near-node-port-services: tcp . 30080 -> goto near-node-port-dispatch-1',
      `near-node-port-endpoints: tcp . 30080 . ${slotMark(0)} -> 10.244.1.2 . 8080`,
      'no-endpoints: 172.30.0.200 . tcp . 80 -> drop',
      'near-vip-services: 172.30.0.200 . tcp . 80 -> goto near-vip-dispatch-1',
      `near-vip-endpoints: 172.30.0.200 . tcp . 80 . ${slotMark(0)} -> 10.244.1.2 . 8080`,
    ]);
    assert.deepEqual(elements(service, [sliceOf([at('10.244.1.2', 'b', { conditions: unready })])]), [
      'cluster-ips: 10.96.0.20',
      'no-endpoints: 10.96.0.20 . tcp . 80 -> goto reject-connection',
      'no-endpoint-node-ports: tcp . 30080 -> goto reject-connection',
      'no-endpoints: 172.30.0.200 . tcp . 80 -> goto reject-connection',
    ]);
  });

  test('an endpoint on the node itself is local, and no hairpin', () => {
    const found = elements(serviceOf(), [sliceOf([at('172.30.0.2', 'a')])]);
    assert.deepEqual(
      found.filter((text) => /^(local|hairpin)/.test(text)),
      ['local-endpoints: 172.30.0.2', 'local-endpoints: 172.30.0.2'],
    );
  });
});

test('who comes is looked at only where a Service asks for it', () => {
  const guards = (spec: ServiceSpec) =>
    [...rulesOf(balanced(spec)).IPv4.chains]
      .filter(([name]) => name.startsWith('guard-'))
      .map(([name, { base, rules }]) => [name, base, rules.map((rule) => ruleText(rule, 'ip'))]);
  assert.deepEqual(guards({}), []);
  assert.deepEqual(guards({ loadBalancerSourceRanges: ['0.0.0.0/0'] }), []);
  const rules = [
    'ip daddr . meta l4proto . th dport @guarded ip daddr . meta l4proto . th dport . ip saddr != @allowed-sources drop',
  ];
  // Before the address is translated: at -100.
  assert.deepEqual(guards({ loadBalancerSourceRanges: ['10.0.0.0/8'] }), [
    ['guard-prerouting', { type: 'filter', hook: 'prerouting', priority: -110 }, rules],
    ['guard-output', { type: 'filter', hook: 'output', priority: -110 }, rules],
  ]);
});

describe('affinity', () => {
  const sticky = (spec: ServiceSpec = {}) =>
    rulesOf(serviceOf({ sessionAffinity: 'ClientIP', ...spec })).IPv4;

  test('one memory for all doorways of a Service port, a chain for each', () => {
    const {
      chains,
      dynamicSets,
      elements: found,
    } = sticky({ type: 'NodePort', ports: [{ ...http, nodePort: 30_080 }] });
    assert.equal(dynamicSets.size, 1);
    const [map] = [...dynamicSets.keys()];
    assert.match(map ?? '', /^affinity-[0-9a-f]{32}$/);
    assert.deepEqual([...chains.keys()], [`${map}-vip`, `${map}-node-port`]);
    const byId = found
      .filter(([set]) => /^(vip|node-port)-endpoints$/.test(set))
      .map(([set, key, value]) => `${set}: ${key} -> ${value}`);
    assert.deepEqual(
      byId.map((text) => text.replace(/ \d{5,}(?= ->)/, ' ID')),
      [
        'vip-endpoints: 10.96.0.20 . tcp . 80 . ID -> 10.244.0.2 . 8080',
        'vip-endpoints: 10.96.0.20 . tcp . 80 . ID -> 10.244.1.2 . 8080',
        'node-port-endpoints: tcp . 30080 . ID -> 10.244.0.2 . 8080',
        'node-port-endpoints: tcp . 30080 . ID -> 10.244.1.2 . 8080',
      ],
    );
  });

  test('lasts three hours, or as long as is said', () => {
    const seconds = (spec: ServiceSpec) =>
      [...sticky(spec).chains.values()]
        .flatMap(({ rules }) => rules.flat())
        .flatMap((each) => (each.type === 'update' ? [each.seconds] : []));
    assert.deepEqual(seconds({}), [10_800, 10_800]);
    assert.deepEqual(seconds({ sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } } }), [5, 5]);
  });

  test('is apart for each port', () => {
    const two = sticky({ ports: [http, { name: 'other', port: 81 }] });
    assert.equal(two.dynamicSets.size, 1, 'the other port has no endpoints');
    const named = {
      ports: [
        { name: 'http', port: 8080 },
        { name: 'other', port: 8081 },
      ],
    };
    const service = serviceOf({ sessionAffinity: 'ClientIP', ports: [http, { name: 'other', port: 81 }] });
    assert.equal(rulesOf(service, [sliceOf([at('10.244.0.2', 'a')], named)]).IPv4.dynamicSets.size, 2);
  });
});
