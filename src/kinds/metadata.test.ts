import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { configMap } from './config-map.ts';
import type { describeFieldErrors } from './field.ts';
import type { ObjectMeta } from './generated/types.ts';
import {
  annotationsBytesMax,
  clearSystemMeta,
  restoreObjectMeta,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from './metadata.ts';
import { node } from './node.ts';

const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const good: ObjectMeta = { name: 'web', namespace: 'default' };
const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: '1', controller: true };

const lines = (errors: Parameters<typeof describeFieldErrors>[0]): string[] =>
  errors.map((error) => `${error.field}: ${error.message}`);

describe('metadata of a new object', () => {
  const cases: Readonly<Record<string, { meta: ObjectMeta; expected: string[] }>> = {
    good: { meta: { ...good, labels: { 'app.example.com/name': 'web' } }, expected: [] },
    'no name': {
      meta: { namespace: 'default' },
      expected: ['metadata.name: Required value: name or generateName is required'],
    },
    'bad name': {
      meta: { ...good, name: 'Web_1' },
      expected: [`metadata.name: Invalid value: "Web_1": ${subdomain}`],
    },
    'a prefix may end with a hyphen': { meta: { ...good, generateName: 'web-' }, expected: [] },
    'bad prefix': {
      meta: { ...good, generateName: 'Web-' },
      expected: [`metadata.generateName: Invalid value: "Web-": ${subdomain}`],
    },
    'no namespace': { meta: { name: 'web' }, expected: ['metadata.namespace: Required value'] },
    'annotation keys may have capitals': {
      meta: { ...good, annotations: { 'Example.com/Key': 'x' } },
      expected: [],
    },
    'too many annotations': {
      meta: { ...good, annotations: { a: 'x'.repeat(annotationsBytesMax) } },
      expected: ['metadata.annotations: Too long: may not be more than 262144 bytes'],
    },
    'two controllers': {
      meta: { ...good, ownerReferences: [owner, { ...owner, name: 'api' }] },
      expected: [
        `metadata.ownerReferences: Invalid value: ${JSON.stringify([owner, { ...owner, name: 'api' }])}: Only one reference can have Controller set to true. Found "true" in references for ReplicaSet/web and ReplicaSet/api`,
      ],
    },
    'empty owner': {
      meta: { ...good, ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: '' }] },
      expected: [
        'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
        'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
        'metadata.ownerReferences.name: Invalid value: "": must not be empty',
        'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
      ],
    },
    'owned by an event': {
      meta: { ...good, ownerReferences: [{ apiVersion: 'v1', kind: 'Event', name: 'e', uid: '1' }] },
      expected: [
        'metadata.ownerReferences: Invalid value: {"apiVersion":"v1","kind":"Event","name":"e","uid":"1"}: /v1, Kind=Event is disallowed from being an owner',
      ],
    },
    'contrary finalizers': {
      meta: { ...good, finalizers: ['orphan', 'foregroundDeletion'] },
      expected: [
        'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
      ],
    },
  };
  for (const [name, { meta, expected }] of Object.entries(cases))
    test(name, () => assert.deepEqual(lines(validateObjectMeta(meta, configMap)), expected));

  test('a cluster object has no namespace', () => {
    assert.deepEqual(lines(validateObjectMeta(good, node)), [
      'metadata.namespace: Forbidden: not allowed on this type',
    ]);
  });

  test('what only the system may set is removed', () => {
    const meta: ObjectMeta = {
      ...good,
      uid: '1',
      creationTimestamp: 'x',
      generation: 5,
      deletionTimestamp: 'y',
    };
    clearSystemMeta(meta);
    assert.deepEqual(meta, good);
  });
});

describe('metadata of an update', () => {
  const old: ObjectMeta = {
    ...good,
    uid: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    generation: 3,
    resourceVersion: '7',
  };

  test('what the client left out or has stale is put back', () => {
    const meta: ObjectMeta = {
      ...good,
      creationTimestamp: '2020-01-01T00:00:00Z',
      generation: 9,
      labels: { a: 'b' },
    };
    restoreObjectMeta(meta, old);
    assert.deepEqual(validateObjectMetaUpdate(meta, old), []);
    const { resourceVersion: _, ...kept } = old;
    assert.deepEqual(meta, { ...kept, labels: { a: 'b' } });
  });

  test('what may not change is refused', () => {
    assert.deepEqual(lines(validateObjectMetaUpdate({ ...old, name: 'api', uid: '2', generation: 2 }, old)), [
      'metadata.generation: Invalid value: 2: must not be decremented',
      'metadata.name: Invalid value: "api": field is immutable',
      'metadata.uid: Invalid value: "2": field is immutable',
    ]);
  });

  test('a dying object gets no new finalizers', () => {
    const dying = { ...old, deletionTimestamp: '2026-01-02T00:00:00Z', finalizers: ['example.com/a'] };
    const meta = { ...dying, finalizers: ['example.com/a', 'example.com/c', 'example.com/b'] };
    assert.deepEqual(lines(validateObjectMetaUpdate(meta, dying)), [
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/b", "example.com/c"}',
    ]);
    assert.deepEqual(validateObjectMetaUpdate({ ...dying, finalizers: [] }, dying), []);
  });
});
