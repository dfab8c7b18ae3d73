import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeFields, setOf } from './field-set.ts';
import { emptyObjectOf, withoutResetFields, withoutServerFields } from './owned-fields.ts';
import { podKind } from './testing.ts';

const everything = setOf(
  ['f:metadata', 'f:uid'],
  ['f:metadata', 'f:labels', 'f:uid'],
  ['f:spec', 'f:nodeName'],
  ['f:status', 'f:phase'],
);

test("what the server says is nobody's", () => {
  assert.deepEqual(encodeFields(withoutServerFields(everything)), {
    'f:metadata': { 'f:labels': { 'f:uid': {} } },
    'f:spec': { 'f:nodeName': {} },
    'f:status': { 'f:phase': {} },
  });
});

test('a write owns only what it can change', () => {
  const owned = (subresource: string, kind = podKind) =>
    Object.keys(encodeFields(withoutResetFields(everything, kind, subresource)));
  assert.deepEqual(owned(''), ['f:metadata', 'f:spec']);
  assert.deepEqual(owned('status'), ['f:metadata', 'f:status']);
  assert.deepEqual(owned('status', { ...podKind, statusKeeps: ['labels'] }), ['f:metadata', 'f:status']);
  assert.deepEqual(owned('status', { ...podKind, statusKeeps: 'metadata' }), ['f:status']);
  const labels = setOf(['f:metadata', 'f:labels', 'f:uid'], ['f:status', 'f:phase']);
  const keeping = { ...podKind, statusKeeps: ['labels'] as const };
  assert.deepEqual(encodeFields(withoutResetFields(labels, keeping, 'status')), {
    'f:status': { 'f:phase': {} },
  });
  assert.deepEqual(owned('scale'), ['f:metadata', 'f:spec', 'f:status']);
  assert.deepEqual(owned('', { ...podKind, subresources: [] }), ['f:metadata', 'f:spec', 'f:status']);
});

test('in an empty object the structs are there', () => {
  const empty = emptyObjectOf(podKind);
  assert.deepEqual(Object.keys(empty).sort(), ['metadata', 'spec', 'status']);
  assert.equal(emptyObjectOf(podKind), empty);
});
