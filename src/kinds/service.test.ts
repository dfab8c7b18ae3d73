import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Service, ServiceSpec } from './generated/types.ts';
import { service } from './service.ts';

const base: ServiceSpec = { selector: { app: 'web' }, ports: [{ port: 80 }] };
const created = '2026-11-21T10:00:00Z';
const now = Date.parse('2026-11-21T10:05:00Z');

function defaulted(spec: ServiceSpec, rest: Partial<Service> = {}): Service {
  const object: Service = {
    metadata: { name: 'web', namespace: 'default', creationTimestamp: created },
    spec,
    ...rest,
  };
  service.defaults?.(object);
  return object;
}

test('defaults, and the same again', () => {
  const object = defaulted({ ...base, clusterIP: '', externalName: '', publishNotReadyAddresses: false });
  const expected = {
    selector: { app: 'web' },
    ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    type: 'ClusterIP',
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
  };
  assert.deepEqual(object.spec, expected);
  assert.deepEqual(object.status, { loadBalancer: {} });
  service.defaults?.(object);
  assert.deepEqual(object.spec, expected);
  assert.deepEqual(defaulted({ ...base, type: 'LoadBalancer', sessionAffinity: 'ClientIP' }).spec, {
    ...expected,
    type: 'LoadBalancer',
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
    externalTrafficPolicy: 'Cluster',
    allocateLoadBalancerNodePorts: true,
  });
  assert.deepEqual(defaulted({ type: 'ExternalName', externalName: 'a.b' }).spec, {
    type: 'ExternalName',
    externalName: 'a.b',
    sessionAffinity: 'None',
  });
});

test('the ipMode of an address in the status', () => {
  const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1' }, { hostname: 'lb.example.com' }] } };
  assert.deepEqual(defaulted({ ...base, type: 'LoadBalancer' }, { status }).status, {
    loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }, { hostname: 'lb.example.com' }] },
  });
});

test('names', () => {
  const message =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
  const cases: [string, boolean, string[]][] = [
    ['web', false, []],
    ['web-', true, []],
    ['web-', false, [message]],
    ['1web', false, []],
    ['-web', false, [message]],
    ['Web', false, [message]],
    ['a.b', false, ['must not contain dots']],
  ];
  for (const [name, prefix, expected] of cases)
    assert.deepEqual(service.validateName?.(name, prefix), expected, name);
});

test('rows of the table', () => {
  const row = (object: Service) => service.columns?.map((column) => column.of(object, now));
  const balanced = (ingress: object[], spec: ServiceSpec = {}) =>
    defaulted(
      { ...base, type: 'LoadBalancer', clusterIPs: ['10.0.0.1'], ...spec },
      { status: { loadBalancer: { ingress } } },
    );
  assert.deepEqual(
    service.columns?.map(({ name, type, priority = 0 }) => [name, type, priority]),
    [
      ['Name', 'string', 0],
      ['Type', 'string', 0],
      ['Cluster-IP', 'string', 0],
      ['External-IP', 'string', 0],
      ['Port(s)', 'string', 0],
      ['Age', 'string', 0],
      ['Selector', 'string', 1],
    ],
  );
  const rows = [
    defaulted({ ...base, clusterIPs: ['10.0.0.1'] }),
    defaulted({ clusterIPs: ['None'] }),
    defaulted({
      selector: { tier: 'a', app: 'web' },
      clusterIPs: ['10.0.0.1', 'fd00::1'],
      externalIPs: ['192.0.2.1', '192.0.2.2'],
      ports: [
        { port: 80, name: 'a' },
        { port: 53, protocol: 'UDP', name: 'b' },
      ],
    }),
    defaulted({
      ...base,
      type: 'NodePort',
      clusterIPs: ['10.0.0.1'],
      ports: [{ port: 80, nodePort: 30_080 }],
    }),
    balanced([]),
    balanced([
      { ip: '192.0.2.9' },
      { ip: '192.0.2.10' },
      { hostname: 'lb.example.com' },
      { ip: '192.0.2.9' },
    ]),
    balanced([], { externalIPs: ['192.0.2.7'] }),
    balanced([{ ip: '192.0.2.9' }], { externalIPs: ['192.0.2.7'] }),
    defaulted({ type: 'ExternalName', externalName: 'db.example.com' }),
  ];
  assert.deepEqual(rows.map(row), [
    ['web', 'ClusterIP', '10.0.0.1', '<none>', '80/TCP', '5m', 'app=web'],
    ['web', 'ClusterIP', 'None', '<none>', '<none>', '5m', '<none>'],
    ['web', 'ClusterIP', '10.0.0.1', '192.0.2.1,192.0.2.2', '80/TCP,53/UDP', '5m', 'app=web,tier=a'],
    ['web', 'NodePort', '10.0.0.1', '<none>', '80:30080/TCP', '5m', 'app=web'],
    ['web', 'LoadBalancer', '10.0.0.1', '<pending>', '80/TCP', '5m', 'app=web'],
    ['web', 'LoadBalancer', '10.0.0.1', '192.0.2.10,192.0.2.9,lb.example.com', '80/TCP', '5m', 'app=web'],
    ['web', 'LoadBalancer', '10.0.0.1', '192.0.2.7', '80/TCP', '5m', 'app=web'],
    ['web', 'LoadBalancer', '10.0.0.1', '192.0.2.9,192.0.2.7', '80/TCP', '5m', 'app=web'],
    ['web', 'ExternalName', '<none>', 'db.example.com', '<none>', '5m', '<none>'],
  ]);
});

test('warnings', () => {
  const cases: [ServiceSpec, ...string[]][] = [
    [base],
    [
      { ...base, clusterIP: 'FD00::1', clusterIPs: ['FD00::1'] },
      'spec.clusterIPs[0]: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
    ],
    [
      {
        ...base,
        clusterIP: 'None',
        clusterIPs: ['None'],
        loadBalancerIP: '192.0.2.1',
        externalIPs: ['192.0.2.2'],
        sessionAffinity: 'ClientIP',
      },
      'spec.loadBalancerIP is ignored for headless services',
      'spec.externalIPs is ignored for headless services',
      'spec.SessionAffinity is ignored for headless services',
    ],
    [
      { ...base, externalIPs: ['192.0.2.2'] },
      'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
    ],
    [
      { type: 'ExternalName', externalName: 'a.b', externalIPs: ['192.0.2.2'] },
      'spec.externalIPs is ignored when spec.type is "ExternalName"',
    ],
    [{ ...base, externalName: 'a.b' }, 'spec.externalName is ignored when spec.type is not "ExternalName"'],
    [
      {
        ...base,
        type: 'LoadBalancer',
        loadBalancerIP: '192.00.2.1',
        loadBalancerSourceRanges: ['10.0.0.1/8'],
      },
      'spec.loadBalancerIP: non-standard IP address "192.00.2.1" will be considered invalid in a future Kubernetes release: use "192.0.2.1"',
      'spec.loadBalancerSourceRanges[0]: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
    ],
    [
      { ...base, trafficDistribution: 'PreferClose' },
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ],
  ];
  for (const [spec, ...expected] of cases)
    assert.deepEqual(service.warnings?.(defaulted(spec)), expected, JSON.stringify(spec));
  const annotated = defaulted({ ...base });
  annotated.metadata.annotations = { 'service.kubernetes.io/topology-aware-hints': 'Auto' };
  assert.deepEqual(service.warnings?.(annotated), [
    'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead',
  ]);
});

test('an update takes over node ports by the names of the ports', () => {
  const old = defaulted({
    ...base,
    type: 'NodePort',
    ports: [
      { name: 'a', port: 80, nodePort: 30_000 },
      { name: 'b', port: 81, nodePort: 30_001 },
    ],
  });
  const nodePorts = (ports: ServiceSpec['ports']) => {
    const object = defaulted({ ...base, type: 'NodePort', ports });
    service.prepareUpdate?.(object, old);
    return object.spec?.ports?.map(({ nodePort }) => nodePort);
  };
  assert.deepEqual(
    nodePorts([
      { name: 'b', port: 90 },
      { name: 'a', port: 91 },
    ]),
    [30_001, 30_000],
  );
  assert.deepEqual(
    nodePorts([
      { name: 'a', port: 80 },
      { name: 'b', port: 81, nodePort: 30_000 },
    ]),
    [undefined, 30_000],
  );
  assert.deepEqual(nodePorts([{ name: 'c', port: 80 }]), [undefined]);
});

test('a type other than LoadBalancer has no load balancer status', () => {
  const old = defaulted(
    { ...base, type: 'LoadBalancer' },
    { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } },
  );
  const object = defaulted({ ...base, type: 'ClusterIP' }, { status: structuredClone(old.status) });
  service.prepareUpdate?.(object, old);
  assert.deepEqual(object.status, { loadBalancer: {} });
});

test('fields to select by', () => {
  assert.deepEqual(service.selectableFields?.(defaulted({ ...base, clusterIP: '10.0.0.1' })), {
    'spec.clusterIP': '10.0.0.1',
    'spec.type': 'ClusterIP',
  });
});
