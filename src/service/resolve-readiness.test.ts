/** The table of resolving: slices in, both sets and both routes out, with their reasons. */
import type { ServiceSpec } from '../kinds/generated/types.ts';
import { type ResolveCase, runCases } from './resolve-cases.ts';
import { at, draining, gone, sliceOf, unready } from './resolve-fixture.ts';

const forwards = ['internal: forward Cluster', 'external: forward Cluster'];
const localOnly: ServiceSpec = { internalTrafficPolicy: 'Local', externalTrafficPolicy: 'Local' };

const readiness: ResolveCase[] = [
  {
    name: 'no slice at all',
    slices: [],
    want: [
      'cluster: NoEndpoints',
      'local: NoEndpoints',
      'internal: reject Cluster NoEndpoints',
      'external: reject Cluster NoEndpoints',
    ],
  },
  {
    name: 'ready endpoints here and elsewhere',
    slices: [sliceOf([at('10.244.1.2', 'b'), at('10.244.0.2', 'a')])],
    want: [
      'cluster: AllReady 10.244.0.2:8080 10.244.1.2:8080',
      'local: AllReady 10.244.0.2:8080 -10.244.1.2:NotLocal',
      ...forwards,
    ],
  },
  {
    name: 'conditions that say nothing are good ones',
    slices: [sliceOf([{ addresses: ['10.244.0.2'] }, { addresses: ['10.244.0.3'], conditions: {} }])],
    want: [
      'cluster: AllReady 10.244.0.2:8080 10.244.0.3:8080',
      'local: NoLocalEndpoints -10.244.0.2:NotLocal -10.244.0.3:NotLocal',
      ...forwards,
    ],
  },
  {
    name: 'none is ready',
    slices: [
      sliceOf([at('10.244.0.2', 'a', { conditions: unready }), at('10.244.0.3', 'a', { conditions: gone })]),
    ],
    want: [
      'cluster: NoReadyEndpoints -10.244.0.2:NotReady -10.244.0.3:NotReady',
      'local: NoReadyEndpoints -10.244.0.2:NotReady -10.244.0.3:NotReady',
      'internal: reject Cluster NoReadyEndpoints',
      'external: reject Cluster NoReadyEndpoints',
    ],
  },
  {
    name: 'published though not ready (publishNotReadyAddresses)',
    spec: { publishNotReadyAddresses: true },
    slices: [
      sliceOf([at('10.244.0.2', 'a', { conditions: { ready: true, serving: false, terminating: true } })]),
    ],
    want: ['cluster: AllReady 10.244.0.2:8080', 'local: AllReady 10.244.0.2:8080', ...forwards],
  },
];

const terminating: ResolveCase[] = [
  {
    name: 'those that terminate are left out while others are ready',
    slices: [sliceOf([at('10.244.0.2', 'a', { conditions: draining }), at('10.244.0.3', 'a')])],
    want: [
      'cluster: AllReady 10.244.0.3:8080 -10.244.0.2:Terminating',
      'local: AllReady 10.244.0.3:8080 -10.244.0.2:Terminating',
      ...forwards,
    ],
  },
  {
    name: 'only terminating ones are left: those that serve',
    slices: [
      sliceOf([at('10.244.0.2', 'a', { conditions: draining }), at('10.244.0.3', 'a', { conditions: gone })]),
    ],
    want: [
      'cluster: OnlyTerminating 10.244.0.2:8080 -10.244.0.3:NotReady',
      'local: OnlyTerminating 10.244.0.2:8080 -10.244.0.3:NotReady',
      ...forwards,
    ],
  },
  {
    name: 'the fallback is decided for the node apart from the cluster',
    spec: localOnly,
    slices: [sliceOf([at('10.244.0.2', 'a', { conditions: draining }), at('10.244.1.2', 'b')])],
    want: [
      'cluster: AllReady 10.244.1.2:8080 -10.244.0.2:Terminating',
      'local: OnlyTerminating 10.244.0.2:8080 -10.244.1.2:NotLocal',
      'internal: forward Local',
      'external: forward Local',
    ],
  },
  {
    name: 'only terminating ones, on another node, and policy Local',
    spec: localOnly,
    slices: [sliceOf([at('10.244.1.2', 'b', { conditions: draining })])],
    want: [
      'cluster: OnlyTerminating 10.244.1.2:8080',
      'local: NoLocalEndpoints -10.244.1.2:NotLocal',
      'internal: drop Local NoLocalEndpoints',
      'external: drop Local NoLocalEndpoints',
    ],
  },
];

const policies: ResolveCase[] = [
  {
    name: 'policy Local, and the endpoints are elsewhere: dropped, not rejected',
    spec: localOnly,
    slices: [sliceOf([at('10.244.1.2', 'b')])],
    want: [
      'cluster: AllReady 10.244.1.2:8080',
      'local: NoLocalEndpoints -10.244.1.2:NotLocal',
      'internal: drop Local NoLocalEndpoints',
      'external: drop Local NoLocalEndpoints',
    ],
  },
  {
    name: 'policy Local, and no endpoint anywhere: rejected',
    spec: localOnly,
    slices: [sliceOf([at('10.244.1.2', 'b', { conditions: unready })])],
    want: [
      'cluster: NoReadyEndpoints -10.244.1.2:NotReady',
      'local: NoReadyEndpoints -10.244.1.2:NotLocal',
      'internal: reject Local NoReadyEndpoints',
      'external: reject Local NoReadyEndpoints',
    ],
  },
  {
    name: 'the two policies are apart',
    spec: { internalTrafficPolicy: 'Cluster', externalTrafficPolicy: 'Local' },
    slices: [sliceOf([at('10.244.0.2', 'a'), at('10.244.1.2', 'b')])],
    want: [
      'cluster: AllReady 10.244.0.2:8080 10.244.1.2:8080',
      'local: AllReady 10.244.0.2:8080 -10.244.1.2:NotLocal',
      'internal: forward Cluster',
      'external: forward Local',
    ],
  },
  {
    name: 'nothing is local to nobody',
    spec: localOnly,
    node: { name: '' },
    slices: [sliceOf([{ addresses: ['10.244.0.2'] }])],
    want: [
      'cluster: AllReady 10.244.0.2:8080',
      'local: NoLocalEndpoints -10.244.0.2:NotLocal',
      'internal: drop Local NoLocalEndpoints',
      'external: drop Local NoLocalEndpoints',
    ],
  },
];

runCases({ readiness, terminating, policies });
