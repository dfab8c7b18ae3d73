import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HTTPIngressPath, Ingress, IngressSpec } from './generated/types.ts';
import { ingress } from './ingress.ts';
import { ingressClass } from './ingress-class.ts';
import { validateStatus } from './ingress-rules.ts';

const backend = { service: { name: 'web', port: { number: 80 } } };
const withPath = (path: object): IngressSpec => ({
  rules: [{ http: { paths: [{ backend, ...path } as HTTPIngressPath] } }],
});
const withHost = (host: string): IngressSpec => ({ rules: [{ host }] });
const ingressOf = (spec: IngressSpec): Ingress => ({ metadata: { name: 'web' }, spec });
const textsOf = (errors: { field: string; message: string }[] | undefined) =>
  errors?.map(({ field, message }) => `${field}: ${message}`);

test('Ingresses that are refused', () => {
  const path = 'spec.rules[0].http.paths[0]';
  const wildcard = `a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`;
  const cases: Record<string, [IngressSpec, ...string[]]> = {
    'nothing wrong': [withPath({ path: '/', pathType: 'Prefix' })],
    'a wildcard host': [withHost('*.example.com')],
    'nothing at all': [{}, 'spec: Invalid value: null: either `defaultBackend` or `rules` must be specified'],
    'no backend': [
      { defaultBackend: {} },
      'spec.defaultBackend: Invalid value: "": resource or service backend is required',
    ],
    'two backends': [
      { defaultBackend: { ...backend, resource: { kind: 'Bucket', name: 'a' } } },
      'spec.defaultBackend: Invalid value: "": cannot set both resource and service backends',
    ],
    'no port': [
      { defaultBackend: { service: { name: 'web' } } },
      'spec.defaultBackend: Required value: port name or number is required',
    ],
    'port name and number': [
      { defaultBackend: { service: { name: 'web', port: { name: 'http', number: 80 } } } },
      'spec.defaultBackend: Invalid value: "": cannot set both port name & port number',
    ],
    'no service name': [
      { defaultBackend: { service: { name: '', port: { number: 70_000 } } } },
      'spec.defaultBackend.service.name: Required value',
      'spec.defaultBackend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
    'no path type': [withPath({ path: '/' }), `${path}.pathType: Required value: pathType must be specified`],
    'unknown path type': [
      withPath({ path: '/', pathType: 'Glob' }),
      `${path}.pathType: Unsupported value: "Glob": supported values: "Exact", "ImplementationSpecific", "Prefix"`,
    ],
    'relative path': [
      withPath({ path: 'a', pathType: 'Exact' }),
      `${path}.path: Invalid value: "a": must be an absolute path`,
    ],
    'double slash': [
      withPath({ path: '/a//b', pathType: 'Prefix' }),
      `${path}.path: Invalid value: "/a//b": must not contain '//'`,
    ],
    'path that climbs': [
      withPath({ path: '/a/..', pathType: 'Prefix' }),
      `${path}.path: Invalid value: "/a/..": cannot end with '/..'`,
    ],
    'no paths': [{ rules: [{ http: { paths: [] } }] }, 'spec.rules[0].http.paths: Required value'],
    'address for a host': [
      withHost('192.0.2.1'),
      'spec.rules[0].host: Invalid value: "192.0.2.1": must be a DNS name, not an IP address',
    ],
    'wildcard in the middle': [
      withHost('a.*.example.com'),
      `spec.rules[0].host: Invalid value: "a.*.example.com": ${wildcard}`,
    ],
    'wildcard in TLS': [
      { defaultBackend: backend, tls: [{ hosts: ['*'] }] },
      `spec.tls[0].hosts[0]: Invalid value: "*": ${wildcard}`,
    ],
  };
  for (const [name, [spec, ...expected]] of Object.entries(cases))
    assert.deepEqual(textsOf(ingress.validate?.(ingressOf(spec))), expected, name);
});

test('the class by annotation', () => {
  const object = ingressOf({ defaultBackend: backend });
  object.metadata.annotations = { 'kubernetes.io/ingress.class': 'nginx' };
  assert.deepEqual(ingress.warnings?.(object), [
    'annotation "kubernetes.io/ingress.class" is deprecated, please use \'spec.ingressClassName\' instead',
  ]);
  object.spec = { ...object.spec, ingressClassName: 'wherry' };
  assert.deepEqual(ingress.warnings?.(object), []);
  assert.deepEqual(textsOf(ingress.validate?.(object)), [
    'annotations.kubernetes.io/ingress.class: Invalid value: "nginx": must match `ingressClassName` when both are specified',
  ]);
});

test('rows of the table', () => {
  const cells = (object: Ingress) => ingress.columns?.slice(1, 5).map((column) => column.of(object, 0));
  const hosts = (...names: string[]) => ({ rules: names.map((host) => ({ host })) });
  const addressed: Ingress = {
    ...ingressOf({ ingressClassName: 'wherry', tls: [{}], ...hosts('a.b', 'c.d', 'e.f', 'g.h', 'i.j') }),
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }, { hostname: 'lb.example.com' }] } },
  };
  assert.deepEqual(
    [ingressOf({ defaultBackend: backend }), ingressOf(hosts('a.b', 'c.d')), addressed].map(cells),
    [
      ['<none>', '*', '', '80'],
      ['<none>', 'a.b,c.d', '', '80'],
      ['wherry', 'a.b,c.d,e.f + 2 more...', '192.0.2.1,lb.example.com', '80, 443'],
    ],
  );
});

test('IngressClasses that are refused, and their cells', () => {
  const classOf = (controller: string | undefined, parameters?: object) => {
    const object = { metadata: { name: 'c' }, spec: { controller, parameters } };
    ingressClass.defaults?.(object);
    return object;
  };
  const reference = { kind: 'Params', name: 'a' };
  const cases: [unknown, ...string[]][] = [
    [classOf('example.com/a', { ...reference, apiGroup: 'example.com' })],
    [classOf(undefined), 'spec.controller: Required value'],
    [
      classOf('nginx'),
      'spec.controller: Invalid value: "nginx": must be a domain-prefixed path (such as "acme.io/foo")',
    ],
    [
      classOf('a.b/c d'),
      "spec.controller: Invalid value: \"c d\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')",
    ],
    [classOf(`a.b/${'c'.repeat(250)}`), 'spec.controller: Too long: may not be more than 250 bytes'],
    [
      classOf('a.b/c', { ...reference, scope: 'Namespace' }),
      "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'",
    ],
    [
      classOf('a.b/c', { ...reference, namespace: 'x' }),
      "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'",
    ],
    [
      classOf('a.b/c', { ...reference, scope: 'Node' }),
      'spec.parameters.scope: Unsupported value: "Node": supported values: "Cluster", "Namespace"',
    ],
  ];
  for (const [object, ...expected] of cases)
    assert.deepEqual(textsOf(ingressClass.validate?.(object as never)), expected, JSON.stringify(object));
  assert.deepEqual(textsOf(ingressClass.validateUpdate?.(classOf('a.b/d'), classOf('a.b/c'))), [
    'spec.controller: Invalid value: "a.b/d": field is immutable',
  ]);
  const parameters = (object: object) => ingressClass.columns?.[2]?.of(object as never, 0);
  assert.equal(parameters(classOf('a.b/c')), '<none>');
  assert.equal(parameters(cases[0]?.[0] as object), 'Params.example.com/a');
});

test('statuses that are refused', () => {
  const errorsOf = (point: object) =>
    textsOf(validateStatus({ ...ingressOf({}), status: { loadBalancer: { ingress: [point] } } }));
  const at = 'status.loadBalancer.ingress[0]';
  assert.deepEqual(errorsOf({ ip: '192.0.2.1', hostname: 'lb.example.com' }), []);
  assert.deepEqual(errorsOf({ ip: 'x' }), [
    `${at}.ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`,
  ]);
  assert.deepEqual(errorsOf({ hostname: '192.0.2.1' }), [
    `${at}.hostname: Invalid value: "192.0.2.1": must be a DNS name, not an IP address`,
  ]);
});
