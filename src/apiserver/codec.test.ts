import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { configMap } from '../kinds/config-map.ts';
import { deployment } from '../kinds/deployment.ts';
import type { AnyObject } from '../kinds/object.ts';
import { createdFields, encodedFields } from './apply/created-fields.ts';
import { decodeTrusted, encodeStored, encodeWire, rewire } from './codec.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const parse = (bytes: Uint8Array) => JSON.parse(text(bytes));

test('kind, apiVersion and the resourceVersion come first, whatever the order they came in', () => {
  const object = {
    data: { a: '1' },
    metadata: { name: 'a', resourceVersion: '7', namespace: 'default' },
    apiVersion: 'v1',
    kind: 'ConfigMap',
  };
  const stored = encodeStored(configMap, object);
  assert.equal(
    text(stored),
    '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","namespace":"default"},"data":{"a":"1"}}',
  );
  assert.equal(
    text(encodeWire(configMap, stored, 12)),
    '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"12","name":"a","namespace":"default"},"data":{"a":"1"}}',
  );
});

test('an object of nothing but metadata, and one of a group', () => {
  assert.deepEqual(parse(encodeWire(configMap, encodeStored(configMap, { metadata: { name: 'a' } }), 3)), {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { resourceVersion: '3', name: 'a' },
  });
  const { apiVersion } = parse(encodeStored(deployment, { metadata: { name: 'a' } }));
  assert.equal(apiVersion, 'apps/v1');
});

test('who owns what, whether it was written out before or not', () => {
  const known = createdFields({ ...configMap, schema: 'ConfigMap' }, { metadata: {}, data: { a: '1' } });
  assert.ok(known !== undefined && encodedFields(known) !== undefined);
  const entry = { manager: 'a', operation: 'Update', fieldsType: 'FieldsV1' };
  for (const managedFields of [
    [],
    [{}],
    [{ ...entry, fieldsV1: known }],
    [{ fieldsV1: known }],
    [{ ...entry, fieldsV1: { 'f:data': {} } }],
    [{ fieldsV1: known, ...entry, subresource: 'status' }, entry, { ...entry, fieldsV1: known }],
  ]) {
    const object = { metadata: { managedFields, name: 'a' }, data: { a: '1' } } as AnyObject;
    const { metadata, data } = parse(encodeStored(configMap, object));
    assert.deepEqual({ metadata, data }, JSON.parse(JSON.stringify(object)));
  }
});

test('one large object after another, and a small one', () => {
  for (const length of [10, 100_000, 70_000, 10, 1_000_000, 10]) {
    const object = { metadata: { name: 'a' }, data: { a: 'ü'.repeat(length) } };
    assert.deepEqual(parse(encodeStored(configMap, object)).data, object.data);
  }
});

test('a view into a larger buffer is read by its own bounds', () => {
  const stored = encodeStored(configMap, { metadata: { name: 'a' } });
  const larger = new Uint8Array(stored.length + 20).fill(0x7b);
  larger.set(stored, 10);
  assert.equal(decodeTrusted(larger.subarray(10, 10 + stored.length)).metadata.name, 'a');
});

describe('for every object', () => {
  /** Names that JavaScript or the splice itself might stumble over. */
  const key = fc.oneof(
    fc.string(),
    fc.constantFrom('__proto__', 'constructor', '"resourceVersion":"1",', 'metadata', 'kind', '\u2028', 'ü'),
  );
  const metadata = fc.record(
    {
      name: fc.string({ minLength: 1 }),
      labels: fc.dictionary(key, fc.string()),
      annotations: fc.dictionary(key, fc.string({ unit: 'binary' })),
      resourceVersion: fc.nat().map(String),
    },
    { requiredKeys: ['name'] },
  );
  const object = fc.record(
    { metadata, data: fc.dictionary(key, fc.string()), spec: fc.jsonValue() },
    { requiredKeys: ['metadata'] },
  ) as fc.Arbitrary<AnyObject>;
  const revision = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  const limits = { numRuns: 200, interruptAfterTimeLimit: 500 };
  /** What JSON itself makes of it: no undefined, -0 is 0. */
  const expected = (of: AnyObject, at?: number) => {
    const { resourceVersion: _, ...meta } = of.metadata;
    return JSON.parse(
      JSON.stringify({
        ...of,
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: at === undefined ? meta : { ...meta, resourceVersion: String(at) },
      }),
    );
  };

  test('what is stored is the object without its version, and the splice puts one in', () => {
    fc.assert(
      fc.property(object, revision, (given, at) => {
        const stored = encodeStored(configMap, given);
        assert.deepEqual(parse(stored), expected(given));
        assert.deepEqual(parse(encodeWire(configMap, stored, at)), expected(given, at));
      }),
      limits,
    );
  });

  test('rewiring changes the version and nothing else', () => {
    fc.assert(
      fc.property(object, revision, revision, (given, from, to) => {
        const stored = encodeStored(configMap, given);
        const wire = encodeWire(configMap, stored, from);
        assert.equal(text(rewire(configMap, wire, { from, to })), text(encodeWire(configMap, stored, to)));
        assert.deepEqual(parse(wire), expected(given, from));
      }),
      limits,
    );
  });
});
