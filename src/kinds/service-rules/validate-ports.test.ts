import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceSpec } from '../generated/types.ts';
import { createErrors, named, textsOf } from './validate-fixture.ts';
import { validatePorts, validatePortsTogether } from './validate-ports.ts';

const label63 = 'a'.repeat(64);
const dns1123Label = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`;
const qualifiedName = `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`;

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

test('ports that are refused', () => {
  for (const [name, [spec, ...expected]] of Object.entries(portCases))
    assert.deepEqual(createErrors(spec), expected, name);
});

test('what each port is checked for alone, and what among the others', () => {
  const spec: ServiceSpec = {
    type: 'ClusterIP',
    ports: [
      { name: 'a', port: 80, protocol: 'TCP', nodePort: 30_000 },
      { name: 'b', port: 80, protocol: 'TCP', targetPort: 'x y' },
    ],
  };
  assert.deepEqual(textsOf(validatePorts(spec)), [
    'spec.ports[1].targetPort: Invalid value: "x y": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
  ]);
  assert.deepEqual(textsOf(validatePortsTogether(spec)), [
    "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
  ]);
});
