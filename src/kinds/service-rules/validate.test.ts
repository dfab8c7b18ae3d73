import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceSpec } from '../generated/types.ts';
import { defaults, prepareUpdate } from './prepare.ts';
import { validate, validateStatusUpdate, validateUpdate } from './validate.ts';
import { base, createErrors, named, serviceOf, textsOf } from './validate-fixture.ts';

const labelValue = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`;
const subdomain = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`;
const ipAddress = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const loadBalancerOnly = "Forbidden: may only be used when `type` is 'LoadBalancer'";

const http = { port: 80 };

test('Services that are valid', () => {
  const good: Record<string, ServiceSpec> = {
    'one port': base,
    'target port by name': named({ targetPort: 'http' }),
    'the highest ports': named({ port: 65_535, targetPort: 65_535 }),
    'TCP and UDP of one number': named(
      { port: 53 },
      { port: 53, protocol: 'UDP' },
      { port: 53, protocol: 'SCTP' },
    ),
    'headless without ports': { clusterIP: 'None', selector: { app: 'web' } },
    'ExternalName with a trailing dot': { type: 'ExternalName', externalName: 'db.example.com.' },
    'no selector': { ports: [http] },
    'two addresses': {
      ...base,
      clusterIP: '10.0.0.1',
      clusterIPs: ['10.0.0.1', 'fd00::1'],
      ipFamilies: ['IPv4', 'IPv6'],
      ipFamilyPolicy: 'RequireDualStack',
    },
    'affinity of a day': {
      ...base,
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 86_400 } },
    },
    'source ranges with blanks': {
      ...base,
      type: 'LoadBalancer',
      loadBalancerSourceRanges: [' 10.0.0.0/8 '],
    },
    'app protocol': named({ appProtocol: 'kubernetes.io/h2c' }),
    'traffic distribution': { ...base, trafficDistribution: 'PreferSameNode' },
    'local traffic with a health check port': {
      ...base,
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 30_000,
      loadBalancerClass: 'example.com/bgp',
    },
    'an external IP makes a ClusterIP Service externally reachable': {
      ...base,
      externalIPs: ['192.0.2.1'],
      externalTrafficPolicy: 'Local',
    },
  };
  for (const [name, spec] of Object.entries(good)) assert.deepEqual(createErrors(spec), [], name);
});

const typeCases: Record<string, [ServiceSpec, ...string[]]> = {
  'unknown type': [
    { ...base, type: 'Fancy' },
    'spec.type: Unsupported value: "Fancy": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
  ],
  'headless NodePort': [
    { ...base, type: 'NodePort', clusterIP: 'None' },
    `spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services`,
  ],
  'headless LoadBalancer': [
    { ...base, type: 'LoadBalancer', clusterIP: 'None' },
    `spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for LoadBalancer services`,
  ],
  'ExternalName without a name': [{ type: 'ExternalName' }, 'spec.externalName: Required value'],
  'ExternalName of a dot': [{ type: 'ExternalName', externalName: '.' }, 'spec.externalName: Required value'],
  'ExternalName with a bad name': [
    { type: 'ExternalName', externalName: '-db.example.com' },
    `spec.externalName: Invalid value: "-db.example.com": ${subdomain}`,
  ],
  'ExternalName with a slash': [
    { type: 'ExternalName', externalName: 'http://db' },
    `spec.externalName: Invalid value: "http://db": ${subdomain}`,
  ],
  'ExternalName with address, families and policy': [
    {
      type: 'ExternalName',
      externalName: 'db.example.com',
      clusterIP: '10.0.0.1',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
    },
    'spec.clusterIPs: Forbidden: may not be set for ExternalName services',
    'spec.ipFamilies: Forbidden: may not be set for ExternalName services',
    'spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services',
  ],
  'bad selector': [
    { ...base, selector: { app: 'my web' } },
    `spec.selector: Invalid value: "my web": ${labelValue}`,
  ],
};

test('Services that are refused by their type', () => {
  for (const [name, [spec, ...expected]] of Object.entries(typeCases))
    assert.deepEqual(createErrors(spec), expected, name);
});

test('updates that are refused, and some that are not', () => {
  const stored: ServiceSpec = {
    ...base,
    type: 'ClusterIP',
    clusterIP: '10.0.0.1',
    clusterIPs: ['10.0.0.1'],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
  };
  const dual: ServiceSpec = {
    ...stored,
    clusterIPs: ['10.0.0.1', 'fd00::1'],
    ipFamilies: ['IPv4', 'IPv6'],
    ipFamilyPolicy: 'RequireDualStack',
  };
  const headless: ServiceSpec = { ...stored, clusterIP: 'None', clusterIPs: ['None'] };
  const balanced: ServiceSpec = {
    ...stored,
    type: 'LoadBalancer',
    loadBalancerClass: 'example.com/a',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 30_000,
  };
  const errorsOf = (old: ServiceSpec, change: ServiceSpec): string[] => {
    const before = serviceOf(old);
    defaults(before);
    const after = serviceOf({ ...old, ...change });
    defaults(after);
    prepareUpdate(after, before);
    return textsOf([...validateUpdate(after, before), ...validate(after)]);
  };
  const cases: Record<string, [ServiceSpec, ServiceSpec, ...string[]]> = {
    nothing: [stored, {}],
    'another address': [
      stored,
      { clusterIP: '10.0.0.2' },
      'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
    ],
    'both fields to another address': [
      stored,
      { clusterIP: '10.0.0.2', clusterIPs: ['10.0.0.2'] },
      'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
    ],
    'the address left out stays': [stored, { clusterIP: undefined, clusterIPs: undefined }],
    'to headless': [
      stored,
      { clusterIP: 'None' },
      'spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set',
    ],
    'from headless': [
      headless,
      { clusterIP: '10.0.0.2' },
      'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
    ],
    'headless to NodePort': [
      headless,
      { type: 'NodePort' },
      `spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services`,
    ],
    'another second address': [
      dual,
      { clusterIPs: ['10.0.0.1', 'fd00::2'] },
      'spec.clusterIPs[1]: Invalid value: ["10.0.0.1","fd00::2"]: may not change once set',
    ],
    'the second address away without the policy': [
      dual,
      { clusterIPs: ['10.0.0.1'] },
      `spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be 'SingleStack' to release the secondary cluster IP`,
    ],
    'the second family away without the policy': [
      dual,
      { ipFamilies: ['IPv4'] },
      `spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be 'SingleStack' to release the secondary IP family`,
    ],
    'the second address away with the policy': [
      dual,
      { ipFamilyPolicy: 'SingleStack', clusterIPs: ['10.0.0.1'] },
    ],
    'another family': [
      stored,
      { ipFamilies: ['IPv6'] },
      'spec.ipFamilies[0]: Invalid value: ["IPv6"]: may not change once set',
      'spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`',
    ],
    'headless may change families': [headless, { ipFamilies: ['IPv6'] }],
    'to ExternalName': [stored, { type: 'ExternalName', externalName: 'example.com' }],
    'to ExternalName with another address': [
      stored,
      { type: 'ExternalName', externalName: 'example.com', clusterIP: '10.0.0.2' },
      'spec.clusterIPs: Forbidden: may not be set for ExternalName services',
    ],
    'another class': [
      balanced,
      { loadBalancerClass: 'example.com/b' },
      'spec.loadBalancerClass: Invalid value: "example.com/b": may not change once set',
    ],
    'the class away': [
      balanced,
      { loadBalancerClass: undefined },
      'spec.loadBalancerClass: Invalid value: null: may not change once set',
    ],
    'another health check port': [
      balanced,
      { healthCheckNodePort: 30_001 },
      'spec.healthCheckNodePort: Forbidden: field is immutable',
    ],
    'load balancer to ClusterIP': [balanced, { type: 'ClusterIP' }],
    'load balancer to ClusterIP with another class': [
      balanced,
      { type: 'ClusterIP', loadBalancerClass: 'example.com/b' },
      `spec.loadBalancerClass: ${loadBalancerOnly}`,
    ],
    'NodePort to ClusterIP with another node port': [
      { ...stored, type: 'NodePort', ports: [{ port: 80, nodePort: 30_000 }] },
      { type: 'ClusterIP', ports: [{ port: 80, nodePort: 30_001 }] },
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ],
  };
  for (const [name, [old, change, ...expected]] of Object.entries(cases))
    assert.deepEqual(errorsOf(old, change), expected, name);
});

test('statuses that are refused', () => {
  const errorsOf = (type: string, ingress: object): string[] => {
    const object = serviceOf({ ...base, type });
    object.status = { loadBalancer: { ingress: [ingress] } };
    return textsOf(validateStatusUpdate(object));
  };
  const at = 'status.loadBalancer.ingress';
  const cases: [string, object, ...string[]][] = [
    ['LoadBalancer', { ip: '192.0.2.1', ipMode: 'VIP' }],
    ['LoadBalancer', { hostname: 'lb.example.com' }],
    [
      'ClusterIP',
      { ip: '192.0.2.1' },
      `${at}: Forbidden: may only be used when \`spec.type\` is 'LoadBalancer'`,
    ],
    ['LoadBalancer', { ip: 'x', ipMode: 'VIP' }, `${at}[0].ip: Invalid value: "x": ${ipAddress}`],
    [
      'LoadBalancer',
      { ip: '192.0.2.1' },
      `${at}[0].ipMode: Required value: must be specified when \`ip\` is set`,
    ],
    [
      'LoadBalancer',
      { hostname: 'a.b', ipMode: 'VIP' },
      `${at}[0].ipMode: Forbidden: may not be specified when \`ip\` is not set`,
    ],
    [
      'LoadBalancer',
      { ip: '192.0.2.1', ipMode: 'DNS' },
      `${at}[0].ipMode: Unsupported value: "DNS": supported values: "Proxy", "VIP"`,
    ],
    [
      'LoadBalancer',
      { hostname: '192.0.2.1' },
      `${at}[0].hostname: Invalid value: "192.0.2.1": must be a DNS name, not an IP address`,
    ],
    ['LoadBalancer', { hostname: 'A' }, `${at}[0].hostname: Invalid value: "A": ${subdomain}`],
  ];
  for (const [type, ingress, ...expected] of cases)
    assert.deepEqual(errorsOf(type, ingress), expected, JSON.stringify(ingress));
});
