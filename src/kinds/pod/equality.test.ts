import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compactDiff, semanticEqual } from './equality.ts';

const cases: Record<string, [unknown, unknown, boolean]> = {
  'unset and null': [{ a: undefined }, { a: null }, true],
  'unset and the empty text': [{}, { a: '' }, true],
  'unset and the empty list': [{}, { a: [] }, true],
  'unset and an empty object': [{}, { emptyDir: {} }, false],
  'unset and an empty map of labels': [{}, { labels: {} }, true],
  'unset and false': [{}, { a: false }, false],
  'unset and 0': [{}, { a: 0 }, false],
  'another order of keys': [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
  'another order of elements': [{ a: [1, 2] }, { a: [2, 1] }, false],
  'a list and an object': [{ a: [1] }, { a: { 0: 1 } }, false],
  'a name of the prototype': [{}, { constructor: 'x' }, false],
};

test('what counts as equal', () => {
  for (const [name, [left, right, expected]] of Object.entries(cases)) {
    assert.equal(semanticEqual(left, right), expected, name);
    assert.equal(semanticEqual(right, left), expected, `${name}, the other way round`);
  }
});

test('a copy is equal, and equal things differ in nothing', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
      assert.equal(semanticEqual(left, structuredClone(left)), true);
      assert.equal(compactDiff(left, right) === '', semanticEqual(left, right));
    }),
    { interruptAfterTimeLimit: 1000, numRuns: 300 },
  );
});

test('what changed', () => {
  assert.equal(
    compactDiff(
      { gone: 1, list: [{ a: 'x' }], same: true, shorter: [1, 2] },
      { come: { a: 1 }, list: [{ a: 'y' }], same: true, shorter: [1] },
    ),
    '+ come: {"a":1}\n- gone: 1\n- list[0].a: "x"\n+ list[0].a: "y"\n- shorter: [1,2]\n+ shorter: [1]\n',
  );
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, index]));
  assert.equal(compactDiff({}, many).split('\n').length, 42);
});
