import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schemaNames } from '../../kinds/schema.ts';
import { noDescriptions } from './descriptions.ts';
import {
  type Dialect,
  listDefinition,
  objectDefinition,
  reachableFrom,
  simpleDefinition,
} from './json-schema.ts';

const define = (name: string, dialect: Dialect) =>
  objectDefinition(name, { dialect, kinds: [], descriptions: noDescriptions });

test('a definition in version 3: defaults, and refs with siblings in allOf', () => {
  assert.deepEqual(define('ServicePort', 'v3'), {
    type: 'object',
    required: ['port'],
    properties: {
      appProtocol: { type: 'string' },
      name: { type: 'string' },
      nodePort: { type: 'integer', format: 'int32' },
      port: { type: 'integer', format: 'int32', default: 0 },
      protocol: { type: 'string', default: 'TCP' },
      targetPort: { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.util.intstr.IntOrString' },
    },
  });
  assert.deepEqual(define('LimitRange', 'v3').properties, {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: {
      allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }],
      default: {},
    },
    spec: { allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.LimitRangeSpec' }], default: {} },
  });
});

test('a definition in version 2: patch keys and list types, no defaults', () => {
  const { properties } = define('ServiceSpec', 'v2') as { properties: Record<string, unknown> };
  assert.deepEqual(
    {
      ports: properties.ports,
      selector: properties.selector,
      clusterIPs: properties.clusterIPs,
      status: define('ServiceStatus', 'v2'),
    },
    {
      ports: {
        type: 'array',
        items: { $ref: '#/definitions/io.k8s.api.core.v1.ServicePort' },
        'x-kubernetes-list-map-keys': ['port', 'protocol'],
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-patch-merge-key': 'port',
        'x-kubernetes-patch-strategy': 'merge',
      },
      selector: {
        type: 'object',
        additionalProperties: { type: 'string' },
        'x-kubernetes-map-type': 'atomic',
      },
      clusterIPs: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'atomic' },
      status: {
        type: 'object',
        properties: {
          conditions: {
            type: 'array',
            items: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Condition' },
            'x-kubernetes-list-map-keys': ['type'],
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-patch-merge-key': 'type',
            'x-kubernetes-patch-strategy': 'merge',
          },
          loadBalancer: { $ref: '#/definitions/io.k8s.api.core.v1.LoadBalancerStatus' },
        },
      },
    },
  );
});

test('texts and the whole kind of a definition', () => {
  const fields = new Map([
    ['kind', { description: 'the kind', enum: ['A', 'B'] }],
    ['metadata', { description: 'the metadata' }],
  ]);
  const descriptions = { of: () => ({ description: 'the whole', fields }) };
  const kinds = [{ group: '', kind: 'LimitRange', version: 'v1' }];
  const definition = objectDefinition('LimitRange', { dialect: 'v3', kinds, descriptions });
  assert.deepEqual(
    { ...definition, properties: { ...(definition.properties as object), spec: undefined } },
    {
      description: 'the whole',
      type: 'object',
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string', description: 'the kind', enum: ['A', 'B'] },
        metadata: {
          allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }],
          default: {},
          description: 'the metadata',
        },
        spec: undefined,
      },
      'x-kubernetes-group-version-kind': kinds,
    },
  );
});

test('the list of a kind', () => {
  const kind = { group: '', kind: 'PodList', version: 'v1' };
  assert.deepEqual(listDefinition('Pod', { dialect: 'v2', kind, descriptions: noDescriptions }), {
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      items: { type: 'array', items: { $ref: '#/definitions/io.k8s.api.core.v1.Pod' } },
      kind: { type: 'string' },
      metadata: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta' },
    },
    'x-kubernetes-group-version-kind': [kind],
  });
});

test('everything that is reachable has a definition', () => {
  const { schemas, simple } = reachableFrom(schemaNames());
  assert.equal(schemas.length, schemaNames().length);
  for (const name of simple) assert.ok(simpleDefinition(name, 'v3'), name);
  assert.throws(() => simpleDefinition('constructor', 'v3'), /no definition/);
});
