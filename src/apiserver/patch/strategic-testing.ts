/**
 * One schema that holds every way of merging, and a runner for tables of cases. Shared by the tests of strategic merge.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Field, FieldType, Schema } from '../../kinds/schema.ts';
import { equalJson, type JsonMap } from './json.ts';
import { applyStrategicMergePatch } from './strategic-merge.ts';

const text: FieldType = { type: 'string' };
const item: FieldType = { type: 'object', schema: 'Item' };
const listOf = (of: FieldType): FieldType => ({ type: 'list', of });

const merging = { patchMergeKey: 'name', patchStrategy: ['merge'] };

function field(name: string, type: FieldType, facts: Partial<Field> = {}): [string, Field] {
  return [name, { name, type, required: false, pointer: false, always: false, ...facts }];
}

/** One type that holds every way of merging, and itself, so that nesting can be tried too. */
export const itemSchema: Schema = {
  name: 'Item',
  atomic: false,
  fields: new Map([
    field('name', text),
    field('value', text),
    field('other', text),
    field('number', { type: 'int32' }),
    field('labels', { type: 'map', of: text }),
    field('free', { type: 'any' }),
    field('child', item),
    field('replaced', item, { patchStrategy: ['replace'] }),
    field('strict', item, { patchStrategy: ['retainKeys'] }),
    field('merged', listOf(item), merging),
    field('strictMerged', listOf(item), { ...merging, patchStrategy: ['merge', 'retainKeys'] }),
    field('keyless', listOf(item), { patchStrategy: ['merge'] }),
    field('atomic', listOf(item)),
    field('joined', listOf(text), { patchStrategy: ['merge'] }),
    field('joinedNumbers', listOf({ type: 'int32' }), { patchStrategy: ['merge'] }),
    field('plain', listOf(text)),
    field('byName', { type: 'map', of: item }),
  ]),
};

const lookup = (name: string): Schema => {
  assert.equal(name, 'Item');
  return itemSchema;
};

export const patched = (document: JsonMap, patch: JsonMap): JsonMap =>
  applyStrategicMergePatch(document, patch, { schema: 'Item', lookup });

export const named = (...names: string[]): JsonMap[] => names.map((name) => ({ name }));

export type AppliedCases = Record<string, [document: JsonMap, patch: JsonMap, result: JsonMap]>;
export type RefusedCases = Record<
  string,
  [document: JsonMap, patch: JsonMap, httpCode: number, message: string]
>;

/** The result is the whole document, order of lists included; what went in is as it was. */
export function testApplied(cases: AppliedCases): void {
  for (const [name, [document, patch, result]] of Object.entries(cases))
    test(name, () => {
      const before = JSON.stringify([document, patch]);
      const actual = patched(document, patch);
      assert.deepEqual(actual, result);
      assert.ok(equalJson(actual, result));
      assert.equal(JSON.stringify([document, patch]), before);
    });
}

export function testRefused(cases: RefusedCases): void {
  for (const [name, [document, patch, httpCode, message]] of Object.entries(cases))
    test(`refused: ${name}`, () => {
      assert.throws(() => patched(document, patch), { name: 'StrategicMergeError', httpCode, message });
    });
}
