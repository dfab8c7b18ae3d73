import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { jsonProblem } from './go-json.ts';
import { jsonProblemBytesMax } from './limits.ts';

const problemOf = (text: string) => jsonProblem(Buffer.from(text));

describe('what Go says about bytes that are no JSON', () => {
  const cases: Record<string, string> = {
    '': 'unexpected end of JSON input',
    '  ': 'unexpected end of JSON input',
    '{': 'unexpected end of JSON input',
    '{"a"': 'unexpected end of JSON input',
    '{"a":"b': 'unexpected end of JSON input',
    '[1': 'unexpected end of JSON input',
    '-': 'unexpected end of JSON input',
    tru: 'unexpected end of JSON input',
    'apiVersion: v1': "invalid character 'a' looking for beginning of value",
    "'a'": "invalid character '\\'' looking for beginning of value",
    '{a: 1}': "invalid character 'a' looking for beginning of object key string",
    '{"a":1,}': "invalid character '}' looking for beginning of object key string",
    '{"a" "b"}': "invalid character '\"' after object key",
    '{"a":1 "b":2}': "invalid character '\"' after object key:value pair",
    '{"a":}': "invalid character '}' looking for beginning of value",
    '[1 2]': "invalid character '2' after array element",
    '[1,]': "invalid character ']' looking for beginning of value",
    '{"a":1}}': "invalid character '}' after top-level value",
    '{} x': "invalid character 'x' after top-level value",
    '01': "invalid character '1' after top-level value",
    '"a\nb"': "invalid character '\\n' in string literal",
    '"a\u0001b"': "invalid character '\\x01' in string literal",
    '"\\x"': "invalid character 'x' in string escape code",
    '"\\u12g4"': "invalid character 'g' in \\u hexadecimal character escape",
    '-x': "invalid character 'x' in numeric literal",
    '1.x': "invalid character 'x' after decimal point in numeric literal",
    '1e+x': "invalid character 'x' in exponent of numeric literal",
    trie: "invalid character 'i' in literal true (expecting 'u')",
    '[nil]': "invalid character 'i' in literal null (expecting 'u')",
    ä: "invalid character 'Ã' looking for beginning of value",
  };
  for (const [text, expected] of Object.entries(cases))
    test(JSON.stringify(text), () => assert.equal(problemOf(text), expected));

  test('it sees a problem where JSON.parse does, and nowhere else', () => {
    const pieces = fc.constantFrom(
      ...['{', '}', '[', ']', ',', ':', '"', '"a"', '\\', 'u00e9', '0', '12', '-', '.5', 'e+1'],
      ...['true', 'false', 'null', ' ', '\n', '\u0001', 'x'],
    );
    const parses = (text: string) => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        // That it does not is what is asked.
        return false;
      }
    };
    const texts = fc.oneof(
      fc.array(pieces, { maxLength: 12 }).map((each) => each.join('')),
      fc.json(),
      fc.tuple(fc.json(), pieces, fc.nat()).map(([text, piece, at]) => {
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + piece + text.slice(cut);
      }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        assert.equal(problemOf(text) === undefined, parses(text), text);
      }),
      { interruptAfterTimeLimit: 3000, numRuns: 2000 },
    );
  });

  test('deep nesting does not overflow it, and what is too long is left alone', () => {
    assert.equal(problemOf('['.repeat(jsonProblemBytesMax)), 'unexpected end of JSON input');
    assert.equal(problemOf('['.repeat(jsonProblemBytesMax + 1)), undefined);
  });
});
