import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Field, FieldType, Schema } from '../../kinds/schema.ts';
import type { JsonMap } from '../patch/json.ts';
import { configProblem } from './check-config.ts';
import { compareObjects, fieldSetOf } from './compare.ts';
import { difference, encodeFields, equalSets, isEmpty, setOf, union } from './field-set.ts';
import { mergeObjects, removeFields, withNamedFields } from './merge-values.ts';
import { planBelow, planOf } from './plan.ts';

const text: FieldType = { type: 'string' };
const item: FieldType = { type: 'object', schema: 'Item' };

function field(name: string, type: FieldType, facts: Partial<Field> = {}): [string, Field] {
  return [name, { name, type, required: false, pointer: false, always: false, ...facts }];
}

const fields = new Map([
  field('name', text),
  field('value', text),
  field('number', { type: 'int32' }),
  field('labels', { type: 'map', of: text }),
  field('selector', { type: 'map', of: text }, { mapType: 'atomic' }),
  field('child', item),
  field('whole', item, { mapType: 'atomic' }),
  field('items', { type: 'list', of: item }, { listType: 'map', listMapKeys: ['name'] }),
  field('tags', { type: 'list', of: text }, { listType: 'set' }),
  field('plain', { type: 'list', of: text }, { listType: 'atomic' }),
  field('free', { type: 'any' }),
]);

const lookup = (name: string): Schema => ({ name, fields, atomic: false });
const plan = planOf('Item', lookup);

const compared = (before: JsonMap, after: JsonMap): [changed: JsonMap, removed: JsonMap] => {
  const { changed, removed } = compareObjects(plan, before, after);
  return [encodeFields(changed), encodeFields(removed)];
};

const cases: Record<string, [before: JsonMap, after: JsonMap, changed: JsonMap, removed: JsonMap]> = {
  nothing: [{ name: 'a' }, { name: 'a' }, {}, {}],
  'a scalar added': [{}, { name: 'a' }, { 'f:name': {} }, {}],
  'a scalar changed': [{ name: 'a' }, { name: 'b' }, { 'f:name': {} }, {}],
  'a scalar removed': [{ name: 'a' }, {}, {}, { 'f:name': {} }],
  'a map added': [{}, { labels: { a: '1' } }, { 'f:labels': { '.': {}, 'f:a': {} } }, {}],
  'a map filled': [{ labels: {} }, { labels: { a: '1' } }, { 'f:labels': { 'f:a': {} } }, {}],
  'a map removed': [{ labels: { a: '1' } }, {}, {}, { 'f:labels': { '.': {}, 'f:a': {} } }],
  'an empty map added': [{}, { labels: {} }, { 'f:labels': {} }, {}],
  'null for an empty map': [{ labels: {} }, { labels: null }, { 'f:labels': {} }, {}],
  'an atomic map changed': [{ selector: { a: '1' } }, { selector: { b: '1' } }, { 'f:selector': {} }, {}],
  'an atomic object changed': [{ whole: { name: 'a' } }, { whole: { name: 'b' } }, { 'f:whole': {} }, {}],
  'an atomic list changed': [{ plain: ['a'] }, { plain: ['a', 'b'] }, { 'f:plain': {} }, {}],
  'free JSON changed': [{ free: { a: 1 } }, { free: { a: 2 } }, { 'f:free': {} }, {}],
  'an element added and one removed': [
    { items: [{ name: 'a', value: '1' }] },
    { items: [{ name: 'b' }] },
    { 'f:items': { 'k:{"name":"b"}': { '.': {}, 'f:name': {} } } },
    { 'f:items': { 'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:value': {} } } },
  ],
  'elements in another order are the same': [
    { items: [{ name: 'a' }, { name: 'b' }], tags: ['x', 'y'] },
    { items: [{ name: 'b' }, { name: 'a' }], tags: ['y', 'x'] },
    {},
    {},
  ],
  'a duplicate appears': [
    { items: [{ name: 'a', value: '1' }] },
    { items: [{ name: 'a' }, { name: 'a' }] },
    { 'f:items': { 'k:{"name":"a"}': {} } },
    { 'f:items': { 'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:value': {} } } },
  ],
  'a duplicate goes': [
    { tags: ['x', 'x'] },
    { tags: ['x'] },
    { 'f:tags': { 'v:"x"': {} } },
    { 'f:tags': { 'v:"x"': {} } },
  ],
  'duplicates change': [
    { items: [{ name: 'a' }, { name: 'a' }] },
    { items: [{ name: 'a' }, { name: 'a', value: '1' }] },
    { 'f:items': { 'k:{"name":"a"}': {} } },
    {},
  ],
  "an unknown field is nobody's": [{ unknown: 1 }, { unknown: 2 }, {}, {}],
  "an element without its key is nobody's": [{ items: [] }, { items: [{ value: '1' }] }, {}, {}],
};

describe('differences', () => {
  for (const [name, [before, after, changed, removed]] of Object.entries(cases))
    test(name, () => {
      assert.deepEqual(compared(before, after), [changed, removed]);
    });
});

const word = fc.constantFrom('a', 'b', 'c');
const { tree } = fc.letrec<{ tree: JsonMap }>((tie) => {
  const child = fc.oneof({ maxDepth: 3, withCrossShrink: true }, fc.constant({ value: 'a' }), tie('tree'));
  const element = fc.tuple(word, child).map(([name, rest]) => ({ ...rest, name }));
  return {
    tree: fc.record(
      {
        value: word,
        number: fc.integer(),
        labels: fc.dictionary(word, word, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
        selector: fc.dictionary(word, word, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
        child,
        whole: child,
        items: fc.uniqueArray(element, { selector: (each) => each.name, minLength: 1, maxLength: 3 }),
        tags: fc.uniqueArray(word, { minLength: 1, maxLength: 3 }),
        plain: fc.array(word, { minLength: 1, maxLength: 3 }),
      },
      { requiredKeys: ['number'], noNullPrototype: true },
    ) as fc.Arbitrary<JsonMap>,
  };
});

const options = { numRuns: 1500, interruptAfterTimeLimit: 2500 };

describe('laws', () => {
  test('an object does not differ from itself, and fits its type', () => {
    fc.assert(
      fc.property(tree, (object) => {
        assert.deepEqual(compared(object, structuredClone(object)), [{}, {}]);
        assert.equal(configProblem(plan, object), undefined);
      }),
      options,
    );
  });

  test('what one adds the other way removes', () => {
    fc.assert(
      fc.property(tree, tree, (a, b) => {
        const there = compareObjects(plan, a, b);
        const back = compareObjects(plan, b, a);
        const both = (found: typeof there) => union(found.changed, found.removed);
        assert.ok(equalSets(both(there), both(back)));
      }),
      options,
    );
  });

  test('laying a configuration over an object gives all that it says and keeps the rest', () => {
    fc.assert(
      fc.property(tree, tree, (live, config) => {
        const merged = mergeObjects(plan, live, config);
        assert.deepEqual(mergeObjects(plan, merged, config), merged);
        const said = fieldSetOf(plan, config);
        assert.ok(isEmpty(difference(said, fieldSetOf(plan, merged))));
        assert.ok(isEmpty(difference(fieldSetOf(plan, live), fieldSetOf(plan, merged))));
      }),
      options,
    );
  });

  test('what is laid over and taken out again leaves the object', () => {
    fc.assert(
      fc.property(tree, tree, (live, config) => {
        const merged = mergeObjects(plan, live, config);
        const added = difference(fieldSetOf(plan, merged), fieldSetOf(plan, live));
        const back = removeFields(plan, merged, added);
        assert.ok(isEmpty(difference(fieldSetOf(plan, live), fieldSetOf(plan, back))));
      }),
      options,
    );
  });
});

describe('plans', () => {
  test('places in a type', () => {
    assert.equal(planBelow(plan, 'f:unknown'), undefined);
    assert.equal(planBelow(plan, 'f:child')?.shape, 'struct');
    assert.equal(planBelow(planBelow(plan, 'f:items') as never, 'k:{"name":"a"}')?.shape, 'struct');
    assert.equal(planBelow(planBelow(plan, 'f:name') as never, 'f:x'), undefined);
  });

  test('who owns a field below a struct owns the struct, not the map or element', () => {
    const set = withNamedFields(
      plan,
      setOf(['f:child', 'f:labels', 'f:a'], ['f:items', 'k:{"name":"a"}', 'f:value']),
    );
    assert.deepEqual(encodeFields(set), {
      'f:child': { '.': {}, 'f:labels': { '.': {}, 'f:a': {} } },
      'f:items': { '.': {}, 'k:{"name":"a"}': { 'f:value': {} } },
    });
  });

  test('taking out', () => {
    const object = {
      items: [
        { name: 'a', value: '1' },
        { name: 'b', value: '2' },
      ],
      selector: { a: '1' },
      name: 'x',
    };
    const set = setOf(
      ['f:items', 'k:{"name":"a"}'],
      ['f:items', 'k:{"name":"b"}', 'f:value'],
      ['f:selector', 'f:a'],
    );
    assert.deepEqual(removeFields(plan, object, set), { items: [{ name: 'b' }], selector: null, name: 'x' });
  });
});
