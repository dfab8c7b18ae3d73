import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { applyPatch as applyWithLibrary, createPatch } from 'rfc6902';
import { cloneJson, type Json, type JsonMap } from './json.ts';
import { applyJsonPatch } from './json-patch.ts';

const parse = (text: string): JsonMap => JSON.parse(text) as JsonMap;

/** document, patch -> result */
const applied: Record<string, [document: Json, patch: JsonMap[], result: Json]> = {
  'add a member': [{ a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
  'add over a member': [{ a: 1 }, [{ op: 'add', path: '/a', value: { b: [] } }], { a: { b: [] } }],
  'add in a list': [{ a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
  'add at the end of a list': [{ a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
  'add one past the end': [{ a: [1] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2] }],
  'add, counted from the end': [{ a: [1, 2] }, [{ op: 'add', path: '/a/-1', value: 9 }], { a: [1, 2, 9] }],
  'add without a value': [{}, [{ op: 'add', path: '/a' }], { a: null }],
  'escaped names': [
    { 'a/b': { 'c~d': 1 } },
    [{ op: 'replace', path: '/a~1b/c~0d', value: 2 }],
    { 'a/b': { 'c~d': 2 } },
  ],
  'a name that looks escaped twice': [{}, [{ op: 'add', path: '/~01', value: 1 }], { '~1': 1 }],
  'the empty name': [{ '': 1 }, [{ op: 'replace', path: '/', value: 2 }], { '': 2 }],
  'remove a member': [{ a: 1, b: 2 }, [{ op: 'remove', path: '/a' }], { b: 2 }],
  'remove from a list': [{ a: [1, 2, 3] }, [{ op: 'remove', path: '/a/1' }], { a: [1, 3] }],
  'remove the last': [{ a: [1, 2, 3] }, [{ op: 'remove', path: '/a/-1' }], { a: [1, 2] }],
  'replace a member that is absent adds it': [{}, [{ op: 'replace', path: '/a', value: 1 }], { a: 1 }],
  'replace the document': [{ a: 1 }, [{ op: 'replace', path: '', value: { b: 1 } }], { b: 1 }],
  move: [{ a: { b: 1 }, c: {} }, [{ op: 'move', from: '/a/b', path: '/c/d' }], { a: {}, c: { d: 1 } }],
  'move within a list': [{ a: [1, 2, 3] }, [{ op: 'move', from: '/a/0', path: '/a/2' }], { a: [2, 3, 1] }],
  copy: [{ a: { b: 1 } }, [{ op: 'copy', from: '/a', path: '/c' }], { a: { b: 1 }, c: { b: 1 } }],
  'copy what is absent': [{}, [{ op: 'copy', from: '/a', path: '/c' }], { c: null }],
  'test a member': [{ a: { b: [1] } }, [{ op: 'test', path: '/a', value: { b: [1] } }], { a: { b: [1] } }],
  'test the document': [{ a: 1 }, [{ op: 'test', path: '', value: { a: 1 } }], { a: 1 }],
  'test that a member is absent': [{}, [{ op: 'test', path: '/a', value: null }], {}],
  'hostile names are data': [
    parse('{"data":{}}'),
    [
      { op: 'add', path: '/data/__proto__', value: 'x' },
      { op: 'add', path: '/data/constructor', value: 'y' },
      { op: 'test', path: '/data/toString', value: null },
    ],
    parse('{"data":{"__proto__":"x","constructor":"y"}}'),
  ],
};

const refused: Record<string, [document: Json, patch: JsonMap[], message: string]> = {
  'a missing parent': [
    {},
    [{ op: 'add', path: '/a/b', value: 1 }],
    'add operation does not apply: doc is missing path: "/a/b": missing value',
  ],
  'add over the document': [
    {},
    [{ op: 'add', path: '', value: 1 }],
    'add operation does not apply: doc is missing path: "": missing value',
  ],
  'a path without a slash': [
    { a: 1 },
    [{ op: 'add', path: 'a', value: 1 }],
    'add operation does not apply: doc is missing path: "a": missing value',
  ],
  'a path through a scalar': [
    { a: 1 },
    [{ op: 'add', path: '/a/b/c', value: 1 }],
    'add operation does not apply: doc is missing path: "/a/b/c": missing value',
  ],
  'a path through the prototype': [
    {},
    [{ op: 'add', path: '/__proto__/polluted', value: 1 }],
    'add operation does not apply: doc is missing path: "/__proto__/polluted": missing value',
  ],
  'no path': [{}, [{ op: 'add', value: 1 }], 'add operation failed to decode path: missing value'],
  'an index that is none': [
    { a: [] },
    [{ op: 'add', path: '/a/x', value: 1 }],
    'error in add for path: \'/a/x\': strconv.Atoi: parsing "x": invalid syntax',
  ],
  'an index too great': [
    { a: [] },
    [{ op: 'add', path: '/a/1', value: 1 }],
    "error in add for path: '/a/1': Unable to access invalid index: 1: invalid index referenced",
  ],
  'an index too small': [
    { a: [1] },
    [{ op: 'remove', path: '/a/-2' }],
    "error in remove for path: '/a/-2': Unable to access invalid index: -2: invalid index referenced",
  ],
  'remove what is absent': [
    {},
    [{ op: 'remove', path: '/a' }],
    "error in remove for path: '/a': Unable to remove nonexistent key: a: missing value",
  ],
  'remove what is only inherited': [
    {},
    [{ op: 'remove', path: '/toString' }],
    "error in remove for path: '/toString': Unable to remove nonexistent key: toString: missing value",
  ],
  'replace past the end': [
    { a: [] },
    [{ op: 'replace', path: '/a/0', value: 1 }],
    'replace operation does not apply: doc is missing key: /a/0: missing value',
  ],
  'replace below what is absent': [
    {},
    [{ op: 'replace', path: '/a/b', value: 1 }],
    'replace operation does not apply: doc is missing path: /a/b: missing value',
  ],
  'replace the document by a scalar': [
    {},
    [{ op: 'replace', path: '', value: 1 }],
    'replace operation value must be object or array',
  ],
  'move what is absent': [
    {},
    [{ op: 'move', from: '/a', path: '/b' }],
    "error in move for path: 'a': Unable to remove nonexistent key: a: missing value",
  ],
  'move into itself': [
    { a: {} },
    [{ op: 'move', from: '/a', path: '/a/b' }],
    'move operation does not apply: doc is missing destination path: /a/b: missing value',
  ],
  'no from': [
    {},
    [{ op: 'copy', path: '/a' }],
    'copy operation failed to decode from: operation, missing from field: missing value',
  ],
  'a test that fails': [
    { a: 1 },
    [{ op: 'test', path: '/a', value: 2 }],
    'testing value /a failed: test failed',
  ],
  'an unknown operation': [{}, [{ op: 'toString', path: '/a' }], 'Unexpected kind: toString'],
  'no operation': [{}, [{ path: '/a' }], 'Unexpected kind: unknown'],
};

describe('json patch', () => {
  for (const [name, [document, patch, result]] of Object.entries(applied))
    test(name, () => {
      const before = JSON.stringify([document, patch]);
      assert.equal(JSON.stringify(applyJsonPatch(document, patch)), JSON.stringify(result));
      assert.equal(JSON.stringify([document, patch]), before);
    });

  for (const [name, [document, patch, message]] of Object.entries(refused))
    test(`refused: ${name}`, () => {
      assert.throws(() => applyJsonPatch(document, patch), { name: 'JsonPatchError', message });
    });

  test('nothing is polluted', () => {
    assert.equal(({} as { polluted?: number }).polluted, undefined);
  });

  test('copies that grow without end are stopped', () => {
    const doubling = Array.from({ length: 64 }, (_, index) => ({
      op: 'copy',
      from: '/a',
      path: `/a/${index}`,
    }));
    assert.throws(() => applyJsonPatch({ a: {} }, doubling), {
      message: /^the (object would be|copy operations)/,
    });
    const deep: JsonMap[] = [
      { op: 'add', path: '/a', value: {} },
      ...Array.from({ length: 600 }, (): JsonMap[] => [
        { op: 'add', path: '/b', value: {} },
        { op: 'move', from: '/a', path: '/b/a' },
        { op: 'move', from: '/b', path: '/a' },
      ]).flat(),
    ];
    assert.throws(() => applyJsonPatch({}, deep), {
      message: 'the object would be more than 500 levels deep',
    });
  });

  test('a difference leads from one document to the other, as with the library', () => {
    const key = fc.constantFrom('a', 'b', 'c/d', 'e~f', '0');
    const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<Json>(1, 'x', true, null),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 3 }),
      ),
    }));
    const document = fc.dictionary(key, tree, { maxKeys: 4, noNullPrototype: true });
    fc.assert(
      fc.property(document, document, (from, to) => {
        const source = cloneJson(from);
        const patch = createPatch(source, cloneJson(to)) as unknown as JsonMap[];
        assert.deepEqual(applyJsonPatch(source, patch), cloneJson(to));
        const other = cloneJson(from);
        assert.deepEqual(
          applyWithLibrary(other, patch as never).filter((each) => each !== null),
          [],
        );
        assert.deepEqual(other, cloneJson(to));
      }),
      { numRuns: 2000, interruptAfterTimeLimit: 3000 },
    );
  });
});
