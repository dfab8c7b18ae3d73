import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceSpec } from '../generated/types.ts';
import { base, createErrors, textsOf } from './validate-fixture.ts';
import { affinityTimeoutMaxSeconds, validateAffinity } from './validate-policies.ts';

const qualifiedName = `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`;
const cidr = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
const loadBalancerOnly = "Forbidden: may only be used when `type` is 'LoadBalancer'";

const policyCases: Record<string, [ServiceSpec, ...string[]]> = {
  'unknown affinity': [
    { ...base, sessionAffinity: 'Cookie' },
    'spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", "None"',
  ],
  'affinity for no time': [
    { ...base, sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } } },
    'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than 86400',
  ],
  'affinity for longer than a day': [
    { ...base, sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86_401 } } },
    'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400',
  ],
  'external policy on an internal Service': [
    { ...base, externalTrafficPolicy: 'Local' },
    'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
  ],
  'unknown external policy': [
    { ...base, type: 'NodePort', externalTrafficPolicy: 'Global' },
    'spec.externalTrafficPolicy: Unsupported value: "Global": supported values: "Cluster", "Local"',
  ],
  'unknown internal policy': [
    { ...base, internalTrafficPolicy: 'Near' },
    'spec.internalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"',
  ],
  'unknown distribution': [
    { ...base, trafficDistribution: 'PreferFar' },
    'spec.trafficDistribution: Unsupported value: "PreferFar": supported values: "PreferClose", "PreferSameNode", "PreferSameZone"',
  ],
  'health check port on a NodePort Service': [
    { ...base, type: 'NodePort', healthCheckNodePort: 30_000 },
    "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
  ],
  'health check port too high': [
    { ...base, type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 70_000 },
    'spec.healthCheckNodePort: Invalid value: 70000: must be between 1 and 65535, inclusive',
  ],
  'class on a ClusterIP Service': [
    { ...base, loadBalancerClass: 'example.com/a' },
    `spec.loadBalancerClass: ${loadBalancerOnly}`,
  ],
  'bad class': [
    { ...base, type: 'LoadBalancer', loadBalancerClass: 'a b' },
    `spec.loadBalancerClass: Invalid value: "a b": ${qualifiedName}`,
  ],
  'allocateLoadBalancerNodePorts on a NodePort Service': [
    { ...base, type: 'NodePort', allocateLoadBalancerNodePorts: false },
    `spec.allocateLoadBalancerNodePorts: ${loadBalancerOnly}`,
  ],
  'source ranges on a ClusterIP Service': [
    { ...base, loadBalancerSourceRanges: ['10.0.0.0/8'] },
    `spec.LoadBalancerSourceRanges: ${loadBalancerOnly}`,
  ],
  'bad source range': [
    { ...base, type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.0/8', '10.0.0.0'] },
    `spec.LoadBalancerSourceRanges[1]: Invalid value: "10.0.0.0": ${cidr}`,
  ],
  'source range with host bits': [
    { ...base, type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.1/8'] },
    'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length',
  ],
};

test('policies that are refused', () => {
  for (const [name, [spec, ...expected]] of Object.entries(policyCases))
    assert.deepEqual(createErrors(spec), expected, name);
});

test('annotations that are refused', () => {
  const ranges = 'service.beta.kubernetes.io/load-balancer-source-ranges';
  assert.deepEqual(createErrors(base, { [ranges]: '10.0.0.0/8' }), [
    `metadata.annotations[${ranges}]: ${loadBalancerOnly}`,
  ]);
  assert.deepEqual(createErrors({ ...base, type: 'LoadBalancer' }, { [ranges]: '10.0.0.0/8, x' }), [
    `metadata.annotations[${ranges}]: Invalid value: "x": ${cidr}`,
  ]);
  assert.deepEqual(
    createErrors(base, {
      'service.kubernetes.io/topology-mode': 'Auto',
      'service.kubernetes.io/topology-aware-hints': 'Disabled',
    }),
    [
      'metadata.annotations[service.kubernetes.io/topology-mode]: Invalid value: "Auto": must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified',
    ],
  );
});

test('affinity without defaults', () => {
  assert.equal(affinityTimeoutMaxSeconds, 86_400);
  const cases: [ServiceSpec, ...string[]][] = [
    [{}, 'spec.sessionAffinity: Required value'],
    [
      { sessionAffinity: 'ClientIP' },
      'spec.sessionAffinityConfig: Required value: when session affinity type is ClientIP',
    ],
    [
      { sessionAffinity: 'ClientIP', sessionAffinityConfig: {} },
      'spec.sessionAffinityConfig.clientIP: Required value: when session affinity type is ClientIP',
    ],
    [
      { sessionAffinity: 'None', sessionAffinityConfig: {} },
      'spec.sessionAffinityConfig: Forbidden: must not be set when session affinity is None',
    ],
  ];
  for (const [spec, ...expected] of cases)
    assert.deepEqual(textsOf(validateAffinity(spec)), expected, JSON.stringify(spec));
});
