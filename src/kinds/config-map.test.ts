import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { configMap } from './config-map.ts';
import type { ConfigMap } from './generated/types.ts';
import { createErrors as errorsOf, row as rowOf, updateErrors as updateErrorsOf } from './test-kit.ts';

const metadata = { name: 'settings', namespace: 'default' };
const created = (object: Omit<ConfigMap, 'metadata'>): string[] =>
  errorsOf(configMap, { metadata, ...object } as ConfigMap);
const updated = (object: Omit<ConfigMap, 'metadata'>, old: Omit<ConfigMap, 'metadata'>): string[] =>
  updateErrorsOf(configMap, { metadata, ...object } as ConfigMap, { metadata, ...old } as ConfigMap);
const row = (object: Omit<ConfigMap, 'metadata'>): Record<string, unknown> =>
  rowOf(configMap, { metadata, ...object } as ConfigMap);

const keyMessage =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

describe('ConfigMap', () => {
  test('keys are file names, in one of the two bags', () => {
    const object = { data: { 'a b': '', '..x': '', twice: '' }, binaryData: { twice: 'AA==' } };
    assert.deepEqual(created(object), [
      `data[a b]: Invalid value: "a b": ${keyMessage}`,
      'data[..x]: Invalid value: "..x": must not start with \'..\'',
      'data[twice]: Invalid value: "twice": duplicate of key present in binaryData',
    ]);
  });

  test('names of Object.prototype are keys like any other', () => {
    const data = JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, string>;
    assert.deepEqual(created({ data }), []);
    assert.deepEqual(updated({ data, immutable: true }, { data, immutable: true }), []);
    assert.equal(row({ data }).Data, 2);
  });

  test('a mebibyte at most, binary data counted decoded', () => {
    const half = 'x'.repeat(512 * 1024);
    const binary = Buffer.alloc(512 * 1024).toString('base64');
    assert.deepEqual(created({ data: { half }, binaryData: { binary } }), []);
    assert.deepEqual(created({ data: { half: `${half}x` }, binaryData: { binary } }), [
      '[]: Too long: may not be more than 1048576 bytes',
    ]);
  });

  test('an immutable one stays as it is', () => {
    const old = { data: { a: '1' }, immutable: true };
    const detail = 'Forbidden: field is immutable when `immutable` is set';
    assert.deepEqual(updated({ data: { a: '2' }, binaryData: { b: '' } }, old), [
      `immutable: ${detail}`,
      `data: ${detail}`,
      `binaryData: ${detail}`,
    ]);
    assert.deepEqual(updated(old, { ...old, immutable: false }), []);
  });

  test('counts its keys', () => {
    const object = { data: { a: '', b: '' }, binaryData: { c: '' } };
    assert.deepEqual(row(object), { Name: 'settings', Data: 3, Age: '<unknown>' });
  });
});
