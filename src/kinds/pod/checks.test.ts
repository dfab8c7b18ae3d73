import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FieldError, path } from '../field.ts';
import * as checks from './checks.ts';

const at = path('x');
const text = (errors: readonly FieldError[]): string[] =>
  errors.map((error) => `${error.field}: ${error.message}`);

test('paths inside a volume', () => {
  const problems = (value: string) =>
    checks.validateLocalNonReservedPath(value, at).map((error) => error.message.split(': ').at(-1));
  assert.deepEqual(
    ['a/b', '/a', 'a/../b', '..', '../a', '..a', '...'].map((value) => [value, problems(value)]),
    [
      ['a/b', []],
      ['/a', ['must be a relative path']],
      ['a/../b', ["must not contain '..'"]],
      ['..', ["must not contain '..'", "must not start with '..'"]],
      ['../a', ["must not contain '..'"]],
      ['..a', ["must not start with '..'"]],
      ['...', ["must not start with '..'"]],
    ],
  );
});

test('choices', () => {
  const unknown = 'x: Unsupported value: "c": supported values: "a", "b"';
  const choose = (value?: string) => text(checks.validateChoice(value, ['a', 'b'], at));
  const maybe = (value?: string) => text(checks.validateOptionalChoice(value, ['a', 'b'], at));
  assert.deepEqual([undefined, '', 'a', 'c'].map(choose), [
    ['x: Required value'],
    ['x: Required value'],
    [],
    [unknown],
  ]);
  assert.deepEqual([undefined, 'a', 'c'].map(maybe), [[], [], [unknown]]);
});

test('numbers', () => {
  assert.deepEqual(text(checks.validateId(-1, at)), [
    'x: Invalid value: -1: must be between 0 and 2147483647, inclusive',
  ]);
  assert.deepEqual(checks.validateId(0, at), []);
  assert.deepEqual(text(checks.validateFileMode(512, at)), [
    'x: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive',
  ]);
  assert.deepEqual(checks.validateFileMode(511, at), []);
});

test('errors that Go words differently', () => {
  assert.deepEqual(text([checks.invalidUnshown(at, 'not so')]), ['x: Invalid value: not so']);
  assert.deepEqual(text([checks.notFoundBecause(at, 'a', 'none here')]), ['x: Not found: "a": none here']);
  assert.deepEqual(text(checks.validateImmutable({ a: 1 }, { a: 2 }, at)), [
    'x: Invalid value: {"a":1}: field is immutable',
  ]);
});
