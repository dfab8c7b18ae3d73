import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { completeObject, decodeObject } from './decode.ts';
import { DecodeError } from './decode-error.ts';

function problemOf(schema: string, input: unknown): string {
  try {
    decodeObject(input, schema);
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
  return 'none';
}

test('a mismatch is told in the words of Go', () => {
  const inPod = (container: object) => ({ spec: { containers: [{ name: 'web' }, container] } });
  const cases: [string, string, unknown, string][] = [
    [
      'text for a number',
      'Deployment',
      { spec: { replicas: '3' } },
      'string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      'a list for an object',
      'Deployment',
      { spec: [] },
      'array into Go struct field Deployment.spec of type v1.DeploymentSpec',
    ],
    ['a list for the whole', 'Deployment', [], 'array into Go value of type v1.Deployment'],
    ['text for the whole', 'Deployment', 'x', 'string into Go value of type v1.Deployment'],
    [
      'a number for a label',
      'Pod',
      { metadata: { labels: { app: 1 } } },
      'number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      'a list for a map',
      'Pod',
      { metadata: { labels: [] } },
      'array into Go struct field ObjectMeta.metadata.labels of type map[string]string',
    ],
    [
      'an object for a list',
      'Pod',
      { spec: { containers: {} } },
      'object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      'text in a list of objects',
      'Pod',
      { spec: { containers: ['web'] } },
      'string into Go struct field PodSpec.spec.containers of type v1.Container',
    ],
    [
      'a number in a list of texts',
      'Pod',
      inPod({ args: [1] }),
      'number into Go struct field Container.spec.containers.args of type string',
    ],
    [
      'a number for a named type',
      'Pod',
      inPod({ imagePullPolicy: 1 }),
      'number into Go struct field Container.spec.containers.imagePullPolicy of type v1.PullPolicy',
    ],
    [
      'a bool for a number',
      'Pod',
      inPod({ ports: [{ containerPort: true }] }),
      'bool into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
    ],
    [
      'a fraction',
      'Pod',
      inPod({ ports: [{ containerPort: 1.5 }] }),
      'number 1.5 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
    ],
    [
      'beyond int32',
      'Deployment',
      { spec: { replicas: 2147483648 } },
      'number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      'text for a resource list',
      'Pod',
      inPod({ resources: { limits: 'x' } }),
      'string into Go struct field ResourceRequirements.spec.containers.resources.limits of type v1.ResourceList',
    ],
    [
      'text for a bool',
      'Secret',
      { immutable: 'yes' },
      'string into Go struct field Secret.immutable of type bool',
    ],
    [
      'a name that we spell otherwise',
      'CoreEvent',
      { count: 'x' },
      'string into Go struct field Event.count of type int32',
    ],
    [
      'a wrong item after a good object',
      'Pod',
      { spec: { containers: [{ name: 'a' }, 7] } },
      'number into Go struct field PodSpec.spec.containers of type v1.Container',
    ],
    [
      'the first of two',
      'Pod',
      { spec: { hostname: 1, subdomain: 2 } },
      'number into Go struct field PodSpec.spec.hostname of type string',
    ],
  ];
  for (const [name, schema, input, problem] of cases)
    assert.equal(problemOf(schema, input), `json: cannot unmarshal ${problem}`, name);
});

test('scalars with code of their own have messages of their own', () => {
  const limits = (memory: unknown) => ({ spec: { containers: [{ resources: { limits: { memory } } }] } });
  const wrongQuantity =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  const cases: [string, unknown, string][] = [
    ['no quantity', limits('1 GB'), wrongQuantity],
    ['an object for a quantity', limits({}), wrongQuantity],
    ['a suffix that does not exist', limits('1mi'), "unable to parse quantity's suffix"],
    [
      'no time',
      { metadata: { creationTimestamp: 'now' } },
      'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"',
    ],
    [
      'a number for a time',
      { metadata: { creationTimestamp: 1 } },
      'json: cannot unmarshal number into Go value of type string',
    ],
    [
      'a fault that ends it wins over an earlier mismatch',
      { metadata: { name: 1 }, ...limits('x') },
      wrongQuantity,
    ],
  ];
  for (const [name, input, problem] of cases) assert.equal(problemOf('Pod', input), problem, name);
  assert.equal(problemOf('Secret', { data: { key: 'a' } }), 'illegal base64 data at input byte 0');
  assert.equal(
    problemOf('Service', { spec: { ports: [{ targetPort: true }] } }),
    'json: cannot unmarshal bool into Go value of type int32',
  );
});

test('unknown fields go, with their paths', () => {
  const input = JSON.parse(
    '{"foo":1,"spec":{"template":{"spec":{"containers":[{"name":"a","bar":1},{"name":"b","ports":[{"x":{}}]}]}},"constructor":1,"__proto__":{"a":1}}}',
  );
  const { object, unknownFields } = decodeObject(input, 'Deployment');
  assert.deepEqual(unknownFields, [
    'unknown field "foo"',
    'unknown field "spec.template.spec.containers[0].bar"',
    'unknown field "spec.template.spec.containers[1].ports[0].x"',
    'unknown field "spec.constructor"',
    'unknown field "spec.__proto__"',
  ]);
  assert.deepEqual(object, {
    spec: {
      template: {
        spec: {
          containers: [
            { name: 'a', resources: {} },
            { name: 'b', ports: [{ containerPort: 0 }], resources: {} },
          ],
        },
        metadata: {},
      },
      strategy: {},
    },
    metadata: {},
    status: {},
  });
});

test('unknown fields inside maps carry the key; no more than a hundred are told', () => {
  const device = { attributes: { 'a/b': { nonsense: 1 } } };
  assert.deepEqual(decodeObject({ spec: { devices: [device] } }, 'ResourceSlice').unknownFields, [
    'unknown field "spec.devices[0].attributes.a/b.nonsense"',
  ]);
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x${index}`, 1]));
  assert.equal(decodeObject(many, 'Pod').unknownFields.length, 100);
});

test('what is empty goes or stays as in Go', () => {
  const cases: [string, string, object, object][] = [
    ['null is absent', 'ConfigMap', { data: null, immutable: null }, { metadata: {} }],
    [
      'empty maps and lists go',
      'ConfigMap',
      { data: {}, metadata: { finalizers: [], labels: {} } },
      { metadata: {} },
    ],
    [
      'empty text goes',
      'Pod',
      { spec: { containers: [], nodeName: '' } },
      { spec: { containers: [] }, metadata: {}, status: {} },
    ],
    ['a zero in a pointer stays', 'ReplicationControllerSpec', { replicas: 0 }, { replicas: 0 }],
    ['a zero without a pointer goes', 'ReplicationControllerSpec', { minReadySeconds: 0 }, {}],
    ['false in a pointer stays', 'Secret', { immutable: false }, { immutable: false, metadata: {} }],
    ['false without a pointer goes', 'PodSpec', { hostNetwork: false, containers: [] }, { containers: [] }],
    [
      'empty text in a pointer stays',
      'PersistentVolumeClaimSpec',
      { storageClassName: '' },
      { storageClassName: '', resources: {} },
    ],
    [
      'an empty object in a pointer stays',
      'Volume',
      { name: 'v', emptyDir: {} },
      { name: 'v', emptyDir: {} },
    ],
    ['what is required is there', 'Container', {}, { name: '', resources: {} }],
    [
      'null in a map of texts is empty text',
      'ConfigMap',
      { data: { a: null } },
      { data: { a: '' }, metadata: {} },
    ],
    [
      'null in a list of objects is an empty one',
      'PodSpec',
      { containers: [null] },
      { containers: [{ name: '', resources: {} }] },
    ],
    ['a required time stays absent', 'Condition', {}, { message: '', reason: '', status: '', type: '' }],
    [
      'quantities are brought to their form',
      'ResourceRequirements',
      { limits: { cpu: 0.5, memory: '1024Mi' } },
      { limits: { cpu: '500m', memory: '1Gi' } },
    ],
    [
      'times are brought to UTC',
      'PodStatus',
      { startTime: '2026-01-01T00:30:00.5+01:00' },
      { startTime: '2025-12-31T23:30:00Z' },
    ],
    [
      'free JSON stays as it is',
      'ControllerRevision',
      { data: { a: null, b: [] }, revision: 1 },
      { data: { a: null, b: [] }, revision: 1, metadata: {} },
    ],
  ];
  for (const [name, schema, input, object] of cases)
    assert.deepEqual(decodeObject(input, schema).object, object, name);
});

test('keys of users are plain data', () => {
  const text = '{"data":{"__proto__":"a","constructor":"b","toString":"c"}}';
  const { object } = decodeObject(JSON.parse(text), 'ConfigMap');
  assert.equal(JSON.stringify(object), `${text.slice(0, -1)},"metadata":{}}`);
  assert.equal(Object.getPrototypeOf(object.data), Object.prototype);
});

test('depth is bounded', () => {
  let schema: object = { type: 'string' };
  for (let depth = 0; depth < 100; depth++) schema = { properties: { a: schema } };
  assert.equal(problemOf('JSONSchemaProps', schema), 'exceeded max depth');
});

test('completeObject adds what Go prints unasked', () => {
  const cases: [string, string, object, object][] = [
    [
      'a condition',
      'PodStatus',
      { conditions: [{ type: 'Ready', status: 'True' }] },
      { conditions: [{ type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: null }] },
    ],
    [
      'a divisor',
      'EnvVar',
      { name: 'A', valueFrom: { resourceFieldRef: { resource: 'x' } } },
      { name: 'A', valueFrom: { resourceFieldRef: { resource: 'x', divisor: '0' } } },
    ],
    [
      'a claim reference',
      'TypedLocalObjectReference',
      { kind: 'A', name: 'b' },
      { kind: 'A', name: 'b', apiGroup: null },
    ],
    ['a status', 'Service', { metadata: {} }, { metadata: {}, spec: {}, status: { loadBalancer: {} } }],
    ['lists that nobody set', 'ClusterRole', { metadata: {} }, { metadata: {}, rules: null }],
    [
      'lists that are empty',
      'EndpointSlice',
      { metadata: {}, addressType: 'IPv4', endpoints: [] },
      { metadata: {}, addressType: 'IPv4', endpoints: null, ports: null },
    ],
    ['a target port', 'ServiceSpec', { ports: [{ port: 80 }] }, { ports: [{ port: 80, targetPort: 0 }] }],
  ];
  for (const [name, schema, input, expected] of cases) {
    const object = structuredClone(input) as Record<string, unknown>;
    completeObject(object, schema);
    assert.deepEqual(object, expected, name);
    completeObject(object, schema);
    assert.deepEqual(object, expected, `${name}, again`);
  }
});

test('decoding twice is decoding once; whatever comes, it is an object or a DecodeError', () => {
  const key = fc.constantFrom(
    'spec',
    'containers',
    'metadata',
    'labels',
    'name',
    'ports',
    'resources',
    'limits',
    '__proto__',
    'status',
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.jsonValue({ maxDepth: 1 }),
      fc.dictionary(key, tie('value')),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
  }));
  fc.assert(
    fc.property(value, (input) => {
      let once: Record<string, unknown>;
      try {
        once = decodeObject(input, 'Pod').object;
      } catch (error) {
        assert.ok(error instanceof DecodeError);
        return;
      }
      const twice = decodeObject(once, 'Pod');
      assert.deepEqual(twice, { object: once, unknownFields: [] });
    }),
    { interruptAfterTimeLimit: 2000 },
  );
});
