import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deepFreeze } from './deep-freeze.ts';

test('every part of a frozen value is frozen', () => {
  const value = deepFreeze({ list: [{ name: 'a' }], none: null as null | string, text: 'x' });
  assert.throws(() => value.list.push({ name: 'b' }), TypeError);
  assert.throws(() => {
    value.list[0]!.name = 'b';
  }, TypeError);
  assert.throws(() => {
    value.none = 'x';
  }, TypeError);
});
