import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Service, ServiceSpec } from '../generated/types.ts';
import { defaults, prepareCreate, prepareUpdate } from './prepare.ts';
import { validate, validateStatusUpdate, validateUpdate } from './validate.ts';

const label63 = 'a'.repeat(64);
const dns1123Label = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`;
const qualifiedName = `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`;
const labelValue = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`;
const subdomain = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`;
const ipAddress = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const cidr = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
const loadBalancerOnly = "Forbidden: may only be used when `type` is 'LoadBalancer'";

const http = { port: 80 };
const base: ServiceSpec = { selector: { app: 'web' }, ports: [http] };
const named = (...ports: object[]): ServiceSpec => ({
  ...base,
  ports: ports.map((port, index) => ({ name: `p${index}`, port: 80 + index, ...port })),
});

function serviceOf(spec: ServiceSpec, annotations?: Record<string, string>): Service {
  return { metadata: { name: 'web', namespace: 'default', annotations }, spec: structuredClone(spec) };
}

const textsOf = (errors: { field: string; message: string }[]): string[] =>
  errors.map(({ field, message }) => `${field}: ${message}`);

/** As on create: defaulted, prepared, validated. */
function createErrors(spec: ServiceSpec, annotations?: Record<string, string>): string[] {
  const object = serviceOf(spec, annotations);
  defaults(object);
  prepareCreate(object);
  return textsOf(validate(object));
}

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

const portCases: Record<string, [ServiceSpec, ...string[]]> = {
  'no ports': [{ selector: {} }, 'spec.ports: Required value'],
  'port too high': [
    { ports: [{ port: 70_000, targetPort: 80 }] },
    'spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive',
  ],
  'port zero, and its target with it': [
    { ports: [{ port: 0 }] },
    'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
    'spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive',
  ],
  'negative port': [
    { ports: [{ port: -1, targetPort: 1 }] },
    'spec.ports[0].port: Invalid value: -1: must be between 1 and 65535, inclusive',
  ],
  'target port too high': [
    { ports: [{ port: 80, targetPort: 65_536 }] },
    'spec.ports[0].targetPort: Invalid value: 65536: must be between 1 and 65535, inclusive',
  ],
  'target port name without a letter': [
    { ports: [{ port: 80, targetPort: '80' }] },
    'spec.ports[0].targetPort: Invalid value: "80": must contain at least one letter (a-z)',
  ],
  'target port name too long': [
    { ports: [{ port: 80, targetPort: 'abcdefghijklmnop' }] },
    'spec.ports[0].targetPort: Invalid value: "abcdefghijklmnop": must be no more than 15 characters',
  ],
  'target port name with two hyphens': [
    { ports: [{ port: 80, targetPort: 'a--b' }] },
    'spec.ports[0].targetPort: Invalid value: "a--b": must not contain consecutive hyphens',
  ],
  'two ports without names': [
    { ports: [{ port: 80 }, { port: 81 }] },
    'spec.ports[0].name: Required value',
    'spec.ports[1].name: Required value',
  ],
  'two ports of one name': [
    named({ name: 'http' }, { name: 'http' }),
    'spec.ports[1].name: Duplicate value: "http"',
  ],
  'port name with capitals': [
    { ports: [{ name: 'HTTP', port: 80 }] },
    `spec.ports[0].name: Invalid value: "HTTP": ${dns1123Label}`,
  ],
  'port name too long': [
    { ports: [{ name: label63, port: 80 }] },
    `spec.ports[0].name: Invalid value: "${label63}": must be no more than 63 bytes`,
  ],
  'unknown protocol': [
    { ports: [{ port: 80, protocol: 'HTTP' }] },
    'spec.ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"',
  ],
  'protocol in lower case': [
    { ports: [{ port: 80, protocol: 'tcp' }] },
    'spec.ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"',
  ],
  'bad app protocol': [
    { ports: [{ port: 80, appProtocol: '-http' }] },
    `spec.ports[0].appProtocol: Invalid value: "-http": ${qualifiedName}`,
  ],
  'one port twice': [
    named({ port: 80 }, { port: 80 }),
    'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
  ],
  'one node port twice': [
    { ...named({ nodePort: 30_000 }, { nodePort: 30_000 }), type: 'NodePort' },
    'spec.ports[1].nodePort: Duplicate value: 30000',
  ],
  'a node port on a ClusterIP Service': [
    { ports: [{ port: 80, nodePort: 30_000 }] },
    "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
  ],
};

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

const addressCases: Record<string, [ServiceSpec, ...string[]]> = {
  'an octet above 255': [
    { ...base, clusterIP: '10.96.0.300' },
    `spec.clusterIPs[0]: Invalid value: "10.96.0.300": ${ipAddress}`,
  ],
  'no address at all': [
    { ...base, clusterIP: 'none' },
    `spec.clusterIPs[0]: Invalid value: "none": ${ipAddress}`,
  ],
  'leading zeros': [
    { ...base, clusterIP: '010.0.0.1' },
    'spec.clusterIPs[0]: Invalid value: "010.0.0.1": must not have leading 0s',
  ],
  'IPv4 in IPv6': [
    { ...base, clusterIP: '::ffff:10.0.0.1' },
    'spec.clusterIPs[0]: Invalid value: "::ffff:10.0.0.1": must not be an IPv4-mapped IPv6 address',
  ],
  'clusterIPs alone': [
    { ...base, clusterIPs: ['10.0.0.1'] },
    'spec.clusterIPs: Invalid value: ["10.0.0.1"]: must be empty when `clusterIP` is not specified',
  ],
  'clusterIP and clusterIPs differ': [
    { ...base, clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.2'] },
    'spec.clusterIPs: Invalid value: ["10.0.0.2"]: first value must match `clusterIP`',
  ],
  'None and more': [
    { ...base, clusterIP: 'None', clusterIPs: ['None', '10.0.0.1'] },
    `spec.clusterIPs: Invalid value: ["None","10.0.0.1"]: 'None' must be the first and only value`,
  ],
  'two of one family': [
    { ...base, clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', '10.0.0.2'] },
    'spec.clusterIPs: Invalid value: ["10.0.0.1","10.0.0.2"]: may specify no more than one IP for each IP family',
  ],
  three: [
    { ...base, clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', 'fd00::1', '10.0.0.2'] },
    'spec.clusterIPs: Invalid value: ["10.0.0.1","fd00::1","10.0.0.2"]: may only hold up to 2 values',
  ],
  'IPv6 address where IPv4 is said': [
    { ...base, clusterIP: 'fd00::1', ipFamilies: ['IPv4'] },
    'spec.clusterIPs[0]: Invalid value: "fd00::1": expected an IPv4 value as indicated by `ipFamilies[0]`',
  ],
  'IPv4 address where IPv6 is said': [
    { ...base, clusterIP: '10.0.0.1', ipFamilies: ['IPv6'] },
    'spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`',
  ],
  'unknown family': [
    { ...base, ipFamilies: ['IPX'] },
    'spec.ipFamilies[0]: Unsupported value: "IPX": supported values: "IPv4", "IPv6"',
  ],
  'a family twice': [
    { ...base, ipFamilies: ['IPv4', 'IPv4'] },
    'spec.ipFamilies[1]: Duplicate value: "IPv4"',
  ],
  'unknown policy': [
    { ...base, ipFamilyPolicy: 'Dual' },
    'spec.ipFamilyPolicy: Unsupported value: "Dual": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"',
  ],
  'a bad address hides everything else': [
    { ports: [{ port: 0 }], clusterIP: 'x' },
    `spec.clusterIPs[0]: Invalid value: "x": ${ipAddress}`,
  ],
  'external IP that is none': [
    { ...base, externalIPs: ['example.com'] },
    `spec.externalIPs[0]: Invalid value: "example.com": ${ipAddress}`,
  ],
  'external IP of the loopback': [
    { ...base, externalIPs: ['127.0.0.1'] },
    'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
  ],
  'external IP of the metadata service': [
    { ...base, externalIPs: ['192.0.2.1', '169.254.169.254'] },
    'spec.externalIPs[1]: Invalid value: "169.254.169.254": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
  ],
  'unspecified external IP': [
    { ...base, externalIPs: ['::'] },
    'spec.externalIPs[0]: Invalid value: "::": may not be unspecified (::)',
  ],
};

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

for (const [topic, cases] of Object.entries({ portCases, typeCases, addressCases, policyCases }))
  test(`Services that are refused: ${topic}`, () => {
    for (const [name, [spec, ...expected]] of Object.entries(cases))
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
