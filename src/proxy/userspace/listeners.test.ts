import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice, Service, ServiceSpec } from '../../kinds/generated/types.ts';
import { planListeners } from './listeners.ts';

const nodes = [
  { name: 'one', addresses: ['127.30.0.2'] },
  { name: 'two', addresses: ['127.30.0.3'] },
];

const service = (spec: ServiceSpec, ingress: string[] = []): Service => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: { clusterIP: '127.96.0.5', ports: [{ name: 'http', port: 80 }], ...spec },
  status: { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } },
});

const slice = (...places: [string, string][]): EndpointSlice => ({
  metadata: { name: 'web-1', namespace: 'default' },
  addressType: 'IPv4',
  endpoints: places.map(([address, nodeName]) => ({ addresses: [address], nodeName })),
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
});

const both = [slice(['127.244.1.5', 'one'], ['127.244.2.6', 'two'])];
const onTwo = [slice(['127.244.2.6', 'two'])];
const nodePort = { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30080 }] };
const balanced = { ...nodePort, type: 'LoadBalancer' };

const cases: { name: string; service: Service; slices: EndpointSlice[]; listeners: string[] }[] = [
  {
    name: 'a ClusterIP leads to every endpoint',
    service: service({}),
    slices: both,
    listeners: ['TCP 127.96.0.5 80 -> 127.244.1.5:8080 127.244.2.6:8080'],
  },
  { name: 'without endpoints nothing is listened on', service: service({}), slices: [], listeners: [] },
  { name: 'headless', service: service({ clusterIP: 'None' }), slices: both, listeners: [] },
  {
    name: 'an ExternalName',
    service: service({ type: 'ExternalName', clusterIP: undefined }),
    slices: [],
    listeners: [],
  },
  {
    name: 'SCTP is not spoken',
    service: service({ ports: [{ port: 80, protocol: 'SCTP' }] }),
    slices: both,
    listeners: [],
  },
  {
    name: 'a node port on every node',
    service: service(nodePort),
    slices: onTwo,
    listeners: [
      'TCP 127.96.0.5 80 -> 127.244.2.6:8080',
      'TCP 127.30.0.2 30080 -> 127.244.2.6:8080',
      'TCP 127.30.0.3 30080 -> 127.244.2.6:8080',
    ],
  },
  {
    name: 'a load balancer for some clients, with affinity',
    service: service(
      {
        ...balanced,
        loadBalancerSourceRanges: ['127.0.0.0/8'],
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
      },
      ['127.30.0.200'],
    ),
    slices: onTwo,
    listeners: [
      'TCP 127.96.0.5 80 -> 127.244.2.6:8080 sticky 60',
      'TCP 127.30.0.200 80 -> 127.244.2.6:8080 sticky 60 from 127.0.0.0/8',
      'TCP 127.30.0.2 30080 -> 127.244.2.6:8080 sticky 60',
      'TCP 127.30.0.3 30080 -> 127.244.2.6:8080 sticky 60',
    ],
  },
  {
    name: 'local traffic: only where an endpoint is, and the balancer goes there',
    service: service({ ...balanced, externalTrafficPolicy: 'Local' }, ['127.30.0.200']),
    slices: onTwo,
    listeners: [
      'TCP 127.96.0.5 80 -> 127.244.2.6:8080',
      'TCP 127.30.0.200 80 -> 127.244.2.6:8080',
      'TCP 127.30.0.3 30080 -> 127.244.2.6:8080',
    ],
  },
];

for (const { name, service: object, slices, listeners } of cases)
  test(name, () => {
    const planned = planListeners(object, { slices, nodes });
    const shown = planned.map(({ protocol, address, port, backends, affinitySeconds, sourceRanges }) =>
      [
        `${protocol} ${address} ${port} ->`,
        ...backends.map((each) => `${each.address}:${each.port}`),
        ...(affinitySeconds === undefined ? [] : [`sticky ${affinitySeconds}`]),
        ...(sourceRanges === undefined ? [] : [`from ${sourceRanges.join(' ')}`]),
      ].join(' '),
    );
    assert.deepEqual(shown, listeners);
  });

test('node ports on the machine itself lead where a node answers', () => {
  const object = service({ ...balanced, externalTrafficPolicy: 'Local' }, []);
  const planned = planListeners(object, { slices: onTwo, nodes, hostAddresses: ['127.0.0.1'] });
  assert.deepEqual(
    planned.filter(({ address }) => address === '127.0.0.1').map(({ port, backends }) => [port, backends]),
    [[30080, [{ address: '127.244.2.6', port: 8080 }]]],
  );
});
