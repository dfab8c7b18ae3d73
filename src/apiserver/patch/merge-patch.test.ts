import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isMap, type Json, type JsonMap } from './json.ts';
import { applyMergePatch } from './merge-patch.ts';

/** The table of RFC 7386, appendix A, and keys that are not what they seem. */
const cases: [document: string, patch: string, result: string][] = [
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b"}', '{"a":null}', '{}'],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['["a","b"]', '["c","d"]', '["c","d"]'],
  ['{"a":"b"}', '["c"]', '["c"]'],
  ['{"a":"foo"}', 'null', 'null'],
  ['{"a":"foo"}', '"bar"', '"bar"'],
  ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
  ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ['{}', '{"__proto__":{"polluted":1}}', '{"__proto__":{"polluted":1}}'],
  ['{"constructor":1}', '{"constructor":null,"toString":null}', '{}'],
];

/** What to send so that `from` becomes `to`; only for documents without null, which a merge patch cannot write. */
function difference(from: Json, to: Json): Json {
  if (!isMap(from) || !isMap(to)) return to;
  const patch: JsonMap = {};
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) patch[key] = null;
  for (const key of Object.keys(to))
    patch[key] = Object.hasOwn(from, key)
      ? difference(from[key] as Json, to[key] as Json)
      : (to[key] as Json);
  return patch;
}

describe('merge patch', () => {
  for (const [document, patch, result] of cases)
    test(`${document} with ${patch}`, () => {
      const from = JSON.parse(document) as Json;
      assert.equal(JSON.stringify(applyMergePatch(from, JSON.parse(patch) as Json)), result);
      assert.equal(JSON.stringify(from), document);
    });

  test('nothing is polluted', () => {
    assert.equal(({} as { polluted?: number }).polluted, undefined);
  });

  test('a difference leads from one document to the other', () => {
    const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<Json>(1, 'x', true),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('tree'), { maxKeys: 3, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(tree, tree, (from, to) => {
        assert.deepEqual(applyMergePatch(from, difference(from, to)), to);
      }),
      { numRuns: 3000, interruptAfterTimeLimit: 2000 },
    );
  });
});
