import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { JsonMap } from '../patch/json.ts';
import {
  decodeFields,
  describePaths,
  difference,
  encodeFields,
  equalSets,
  type FieldSet,
  intersection,
  isEmpty,
  isMember,
  setOf,
  touches,
  union,
} from './field-set.ts';
import { describeElement, keyElement, normalizeElement, sortByElement } from './path-element.ts';

const element = fc.constantFrom('f:a', 'f:b', 'f:.', 'k:{"name":"x"}', 'v:1', 'i:0');
const path = fc.array(element, { minLength: 1, maxLength: 4 });
const fieldSet = fc.array(path, { maxLength: 6 }).map((paths) => setOf(...paths));

/** The members as texts: what the operations mean. */
function members(set: FieldSet, prefix = ''): Set<string> {
  const found = new Set<string>();
  for (const [name, child] of set.children ?? []) {
    if (child.member) found.add(`${prefix}/${name}`);
    for (const below of members(child, `${prefix}/${name}`)) found.add(below);
  }
  return found;
}

const options = { numRuns: 2000, interruptAfterTimeLimit: 2000 };

describe('sets of fields', () => {
  test('the operations are those of sets', () => {
    fc.assert(
      fc.property(fieldSet, fieldSet, (a, b) => {
        const [left, right] = [members(a), members(b)];
        assert.deepEqual(members(union(a, b)), left.union(right));
        assert.deepEqual(members(difference(a, b)), left.difference(right));
        assert.deepEqual(members(intersection(a, b)), left.intersection(right));
        assert.equal(isEmpty(difference(a, b)), left.isSubsetOf(right));
        assert.equal(isEmpty(intersection(a, b)), left.isDisjointFrom(right));
        assert.equal(touches(encodeFields(a), b), !left.isDisjointFrom(right));
      }),
      options,
    );
  });

  test('what is encoded is decoded to the same', () => {
    fc.assert(
      fc.property(fieldSet, (set) => {
        const fields = encodeFields(set);
        const again = decodeFields(JSON.parse(JSON.stringify(fields)));
        assert.ok(again !== undefined && equalSets(again, set));
        assert.equal(JSON.stringify(encodeFields(again)), JSON.stringify(fields));
      }),
      options,
    );
  });

  test('the encoded form is sorted: the set itself, fields, keys, values, indices', () => {
    const set = setOf(
      ['f:ports', 'i:1'],
      ['f:ports', 'v:"b"'],
      ['f:ports', 'v:10'],
      ['f:ports', 'v:9'],
      ['f:ports', 'k:{"port":443,"protocol":"TCP"}', 'f:x'],
      ['f:ports', 'k:{"port":80,"protocol":"UDP"}'],
      ['f:ports', 'k:{"port":80,"protocol":"TCP"}'],
      ['f:ports', 'f:z'],
      ['f:ports'],
    );
    assert.deepEqual(Object.keys(encodeFields(set)['f:ports'] as JsonMap), [
      '.',
      'f:z',
      'k:{"port":80,"protocol":"TCP"}',
      'k:{"port":80,"protocol":"UDP"}',
      'k:{"port":443,"protocol":"TCP"}',
      'v:9',
      'v:10',
      'v:"b"',
      'i:1',
    ]);
    assert.deepEqual(describePaths(setOf(['f:b', 'f:c'], ['f:a'], ['f:b'], ['f:l', 'k:{"n":"x","p":1}'])), [
      '.a',
      '.b',
      '.b.c',
      '.l[n="x",p=1]',
    ]);
  });

  test('a member is itself, not what is below it', () => {
    const set = setOf(['f:a', 'f:b']);
    assert.equal(isMember(set, 'f:a'), false);
    assert.equal(isMember(set.children?.get('f:a'), 'f:b'), true);
    assert.equal(isMember(undefined, 'f:a'), false);
  });

  test('any JSON is decoded or not, but never breaks', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const set = decodeFields(value);
        if (set !== undefined) assert.ok(equalSets(decodeFields(encodeFields(set)) as FieldSet, set));
      }),
      options,
    );
  });
});

describe('path elements', () => {
  const normal: Record<string, string | undefined> = {
    'f:name': 'f:name',
    'f:': 'f:',
    'k:{ "b": 1, "a":"x" }': 'k:{"a":"x","b":1}',
    'k:[1]': undefined,
    'k:{': undefined,
    'v: "x"': 'v:"x"',
    'v:x': undefined,
    'i:0': 'i:0',
    'i:x': undefined,
    x: undefined,
    '': undefined,
  };
  for (const [text, wanted] of Object.entries(normal))
    test(`normal form of ${JSON.stringify(text)}`, () => {
      assert.equal(normalizeElement(text), wanted);
    });

  test('a protocol that is not said is TCP, anything else must be', () => {
    assert.equal(keyElement({ port: 80 }, ['port', 'protocol']), 'k:{"port":80,"protocol":"TCP"}');
    assert.equal(keyElement({ protocol: 'UDP' }, ['port', 'protocol']), undefined);
  });

  test('shown in messages', () => {
    assert.deepEqual(['f:name', 'v:"a"', 'i:3', 'k:{"name":"web","port":80}'].map(describeElement), [
      '.name',
      '[="a"]',
      '[3]',
      '[name="web",port=80]',
    ]);
  });

  test('ordered', () => {
    const sorted = ['f:a', 'f:b', 'k:{"a":9}', 'k:{"a":10}', 'k:{"b":1}', 'v:1', 'v:"x"', 'i:0'];
    const items = sorted.map((element): [string, number] => [element, 0]);
    assert.deepEqual(sortByElement(items.toReversed()), items);
  });
});
