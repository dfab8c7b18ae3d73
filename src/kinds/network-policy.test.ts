import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkPolicy, NetworkPolicySpec } from './generated/types.ts';
import { networkPolicy } from './network-policy.ts';

function policyOf(spec: NetworkPolicySpec): NetworkPolicy {
  const object: NetworkPolicy = { metadata: { name: 'p' }, spec };
  networkPolicy.defaults?.(object);
  return object;
}

const from = (...peers: object[]): NetworkPolicySpec => ({ ingress: [{ from: peers }] });
const ports = (...list: object[]): NetworkPolicySpec => ({ egress: [{ ports: list }] });

test('defaults', () => {
  assert.deepEqual(policyOf({}).spec, { podSelector: {}, policyTypes: ['Ingress'] });
  assert.deepEqual(policyOf(ports({ port: 80 })).spec, {
    podSelector: {},
    policyTypes: ['Ingress', 'Egress'],
    egress: [{ ports: [{ port: 80, protocol: 'TCP' }] }],
  });
});

test('what is refused', () => {
  const peer = 'spec.ingress[0].from[0]';
  const port = 'spec.egress[0].ports[0]';
  const cases: Record<string, [NetworkPolicySpec, ...string[]]> = {
    'nothing wrong': [
      from({ podSelector: {} }, { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }),
    ],
    'no peer': [from({}), `${peer}: Required value: must specify a peer`],
    'a block and a selector': [
      from({ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }),
      `${peer}: Forbidden: may not specify both ipBlock and another peer`,
    ],
    'no cidr': [from({ ipBlock: { cidr: '' } }), `${peer}.ipBlock.cidr: Required value`],
    'bad cidr': [
      from({ ipBlock: { cidr: '10.0.0.0' } }),
      `${peer}.ipBlock.cidr: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`,
    ],
    'exception outside': [
      from({ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }),
      `${peer}.ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of \`cidr\``,
    ],
    'exception of everything': [
      from({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] } }),
      `${peer}.ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of \`cidr\``,
    ],
    'unknown protocol': [
      ports({ protocol: 'ICMP' }),
      `${port}.protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"`,
    ],
    'end below the port': [
      ports({ port: 80, endPort: 79 }),
      `${port}.endPort: Invalid value: 79: must be greater than or equal to \`port\``,
    ],
    'end without a port': [
      ports({ endPort: 79 }),
      `${port}.endPort: Invalid value: 79: may not be specified when \`port\` is not specified`,
    ],
    'end of a named port': [
      ports({ port: 'http', endPort: 79 }),
      `${port}.endPort: Invalid value: 79: may not be specified when \`port\` is non-numeric`,
    ],
    'unknown type': [
      { policyTypes: ['Both'] },
      'spec.policyTypes[0]: Unsupported value: "Both": supported values: "Ingress", "Egress"',
    ],
    'three types': [
      { policyTypes: ['Ingress', 'Egress', 'Ingress'] },
      'spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes',
    ],
  };
  for (const [name, [spec, ...expected]] of Object.entries(cases))
    assert.deepEqual(
      networkPolicy.validate?.(policyOf(spec)).map(({ field, message }) => `${field}: ${message}`),
      expected,
      name,
    );
});

test('the selector in the table, and warnings about the form of ranges', () => {
  const cell = (spec: NetworkPolicySpec) => networkPolicy.columns?.[1]?.of(policyOf(spec), 0);
  assert.equal(cell({}), '<none>');
  assert.equal(cell({ podSelector: { matchLabels: { app: 'web' } } }), 'app=web');
  assert.deepEqual(networkPolicy.warnings?.(policyOf(from({ ipBlock: { cidr: 'FD00::/64' } }))), [
    'spec.ingress[0].from[0].ipBlock.cidr: IPv6 CIDR value "FD00::/64" should be in RFC 5952 canonical format ("fd00::/64")',
  ]);
});
