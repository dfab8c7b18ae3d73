/** The table of resolving: slices in, both sets and both routes out, with their reasons. */
import type { ServiceSpec } from '../kinds/generated/types.ts';
import { type ResolveCase, runCases } from './resolve-cases.ts';
import { at, bothHints, draining, http, sliceOf, unready, up, zones } from './resolve-fixture.ts';

const forwards = ['internal: forward Cluster', 'external: forward Cluster'];
const localOnly: ServiceSpec = { internalTrafficPolicy: 'Local', externalTrafficPolicy: 'Local' };

const hints: ResolveCase[] = [
  {
    name: 'zone hints for this zone (PreferSameZone, PreferClose)',
    slices: [sliceOf([at('10.244.0.2', 'a', zones('east')), at('10.244.1.2', 'b', zones('west'))])],
    want: [
      'cluster: SameZone 10.244.0.2:8080 -10.244.1.2:OtherZone',
      'local: AllReady 10.244.0.2:8080 -10.244.1.2:NotLocal',
      ...forwards,
    ],
  },
  {
    name: 'one ready endpoint without a hint: hints do not hold',
    slices: [sliceOf([at('10.244.0.2', 'a', zones('east')), at('10.244.1.2', 'b')])],
    want: [
      'cluster: AllReady 10.244.0.2:8080 10.244.1.2:8080',
      'local: AllReady 10.244.0.2:8080 -10.244.1.2:NotLocal',
      ...forwards,
    ],
  },
  {
    name: 'an unready endpoint without a hint does not matter',
    slices: [
      sliceOf([
        at('10.244.0.2', 'a', zones('east')),
        at('10.244.1.2', 'b', zones('west')),
        at('10.244.1.3', 'b', { conditions: unready }),
      ]),
    ],
    want: [
      'cluster: SameZone 10.244.0.2:8080 -10.244.1.2:OtherZone -10.244.1.3:NotReady',
      'local: AllReady 10.244.0.2:8080 -10.244.1.2:NotLocal -10.244.1.3:NotLocal',
      ...forwards,
    ],
  },
  {
    name: 'hints for other zones only',
    slices: [sliceOf([at('10.244.1.2', 'b', zones('west'))])],
    want: ['cluster: AllReady 10.244.1.2:8080', 'local: NoLocalEndpoints -10.244.1.2:NotLocal', ...forwards],
  },
  {
    name: 'a node without a zone',
    node: { name: 'a' },
    slices: [sliceOf([at('10.244.0.2', 'a', zones('east')), at('10.244.1.2', 'b', zones('west'))])],
    want: [
      'cluster: AllReady 10.244.0.2:8080 10.244.1.2:8080',
      'local: AllReady 10.244.0.2:8080 -10.244.1.2:NotLocal',
      ...forwards,
    ],
  },
  {
    name: 'node hints before zone hints (PreferSameNode)',
    slices: [
      sliceOf([at('10.244.0.2', 'a', bothHints('east', 'a')), at('10.244.1.2', 'b', bothHints('east', 'b'))]),
    ],
    want: [
      'cluster: SameNode 10.244.0.2:8080 -10.244.1.2:OtherNode',
      'local: AllReady 10.244.0.2:8080 -10.244.1.2:NotLocal',
      ...forwards,
    ],
  },
  {
    name: 'no node hint for this node: the zone hints',
    slices: [
      sliceOf([at('10.244.1.2', 'b', bothHints('east', 'b')), at('10.244.2.2', 'c', bothHints('west', 'c'))]),
    ],
    want: [
      'cluster: SameZone 10.244.1.2:8080 -10.244.2.2:OtherZone',
      'local: NoLocalEndpoints -10.244.1.2:NotLocal -10.244.2.2:NotLocal',
      ...forwards,
    ],
  },
  {
    name: 'hints of terminating endpoints count for nothing',
    slices: [sliceOf([at('10.244.1.2', 'b', { conditions: draining, ...zones('west') })])],
    want: [
      'cluster: OnlyTerminating 10.244.1.2:8080',
      'local: NoLocalEndpoints -10.244.1.2:NotLocal',
      ...forwards,
    ],
  },
  {
    name: 'policy Local looks at no hint',
    spec: localOnly,
    slices: [sliceOf([at('10.244.0.2', 'a', zones('west')), at('10.244.1.2', 'b', zones('east'))])],
    want: [
      'cluster: SameZone 10.244.1.2:8080 -10.244.0.2:OtherZone',
      'local: AllReady 10.244.0.2:8080 -10.244.1.2:NotLocal',
      'internal: forward Local',
      'external: forward Local',
    ],
  },
];

const slices: ResolveCase[] = [
  {
    name: 'a named targetPort is another number in each slice',
    slices: [
      sliceOf([at('10.244.0.2', 'a')]),
      sliceOf([at('10.244.0.3', 'a')], { ports: [{ name: 'http', port: 9090, protocol: 'TCP' }] }),
    ],
    want: [
      'cluster: AllReady 10.244.0.2:8080 10.244.0.3:9090',
      'local: AllReady 10.244.0.2:8080 10.244.0.3:9090',
      ...forwards,
    ],
  },
  {
    name: 'the same name with another protocol is another port',
    port: { ...http, protocol: 'UDP' },
    slices: [sliceOf([at('10.244.0.2', 'a')])],
    want: [
      'cluster: NoEndpointPort',
      'local: NoEndpointPort',
      'internal: reject Cluster NoEndpointPort',
      'external: reject Cluster NoEndpointPort',
      'refused: 10.244.0.2 NoPort',
    ],
  },
  {
    name: 'a port without a name, and a slice port that says neither name nor protocol',
    port: { port: 80 },
    slices: [sliceOf([at('10.244.0.2', 'a')], { ports: [{ port: 8080 }] })],
    want: ['cluster: AllReady 10.244.0.2:8080', 'local: AllReady 10.244.0.2:8080', ...forwards],
  },
  {
    name: 'a slice port without a number, and one out of range',
    slices: [
      sliceOf([at('10.244.0.2', 'a')], {
        ports: [{ name: 'http' }, { name: 'http', port: 0 }, { name: 'http', port: 65_536 }],
      }),
    ],
    want: [
      'cluster: NoEndpointPort',
      'local: NoEndpointPort',
      'internal: reject Cluster NoEndpointPort',
      'external: reject Cluster NoEndpointPort',
      'refused: 10.244.0.2 NoPort',
    ],
  },
  {
    name: 'the same endpoint in two slices counts once, in its better state',
    slices: [
      sliceOf([at('10.244.0.2', 'a', { conditions: unready })]),
      sliceOf([at('10.244.0.2', 'a')], { metadata: { name: 'web-b' } }),
    ],
    want: ['cluster: AllReady 10.244.0.2:8080', 'local: AllReady 10.244.0.2:8080', ...forwards],
  },
  {
    name: 'only the first address of an endpoint',
    slices: [sliceOf([{ addresses: ['10.244.0.2', '10.244.0.3'], nodeName: 'a', conditions: up }])],
    want: ['cluster: AllReady 10.244.0.2:8080', 'local: AllReady 10.244.0.2:8080', ...forwards],
  },
  {
    name: 'addresses that no traffic may be sent to are refused',
    slices: [
      sliceOf(
        [
          '0.0.0.0',
          '127.0.0.1',
          '169.254.169.254',
          '224.0.0.1',
          '239.1.1.1',
          'fd00::2',
          'a.example',
          '10.244.0.2',
        ].map((address) => at(address, 'a')),
      ),
      sliceOf([{ addresses: [] }], { metadata: { name: 'web-b' } }),
    ],
    want: [
      'cluster: AllReady 10.244.0.2:8080',
      'local: AllReady 10.244.0.2:8080',
      ...forwards,
      'refused: 0.0.0.0 UnspecifiedAddress',
      'refused: 127.0.0.1 LoopbackAddress',
      'refused: 169.254.169.254 LinkLocalAddress',
      'refused: 224.0.0.1 LinkLocalAddress',
      'refused: 239.1.1.1 MulticastAddress',
      'refused: a.example NotAnAddress',
      'refused: fd00::2 OtherFamily',
      'refused:  NoAddress',
    ],
  },
  {
    name: 'loopback where the cluster lives there',
    allowLoopback: true,
    slices: [sliceOf([at('127.64.0.2', 'a')])],
    want: ['cluster: AllReady 127.64.0.2:8080', 'local: AllReady 127.64.0.2:8080', ...forwards],
  },
  {
    name: 'IPv6: its own slices, addresses in canonical form',
    family: 'IPv6',
    slices: [
      sliceOf([at('10.244.0.2', 'a')]),
      sliceOf([at('FD00:0::2', 'a'), at('fe80::1', 'a'), at('::1', 'a'), at('::ffff:10.0.0.1', 'a')], {
        addressType: 'IPv6',
      }),
    ],
    want: [
      'cluster: AllReady fd00::2:8080',
      'local: AllReady fd00::2:8080',
      ...forwards,
      'refused: ::1 LoopbackAddress',
      'refused: ::ffff:10.0.0.1 OtherFamily',
      'refused: fe80::1 LinkLocalAddress',
    ],
  },
  {
    name: 'FQDN slices are nobody to route to',
    slices: [sliceOf([at('db.example', 'a')], { addressType: 'FQDN' })],
    want: [
      'cluster: NoEndpoints',
      'local: NoEndpoints',
      'internal: reject Cluster NoEndpoints',
      'external: reject Cluster NoEndpoints',
    ],
  },
];

runCases({ hints, slices });
