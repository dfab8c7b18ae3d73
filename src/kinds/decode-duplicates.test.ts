import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { duplicateFields, duplicateLines, strictProblems } from './decode-duplicates.ts';

const duplicatesIn = (text: string): string[] => duplicateFields(Buffer.from(text), JSON.parse(text));

test('fields that stand twice are named by their paths', () => {
  const cases: [string, string, string[]][] = [
    ['none', '{"a":{"b":1},"c":[{"b":1},{"b":1}]}', []],
    ['at the top', '{"a":1,"b":2,"a":3}', ['a']],
    ['inside', '{"spec":{"replicas":1,"replicas":2}}', ['spec.replicas']],
    ['in a list', '{"a":[{"x":1},[0,{"x":1,"y":[1,2],"x":2}]]}', ['a[1][1].x']],
    ['three times is told once', '{"a":1,"a":1,"a":1}', ['a']],
    ['written in two ways', '{"ab":1,"\\u0061b":2}', ['ab']],
    ['colons and quotes in texts', '{"a":":\\"{:","b":"\\\\","a":"["}', ['a']],
    ['behind lists and numbers', '{"a":[1,[2,3],{"b":[]}],"c":-1e5,"d":{"e":null,"e":true}}', ['d.e']],
    ['prototype keys', '{"__proto__":1,"__proto__":2,"constructor":1}', ['__proto__']],
    ['blanks', ' { "a" : 1 ,\n "a" : 2 } ', ['a']],
  ];
  for (const [name, text, expected] of cases)
    assert.deepEqual(
      duplicatesIn(text),
      expected.map((path) => `duplicate field "${path}"`),
      name,
    );
});

test('among unknown fields they stand in the order of the bytes, and what is unknown is only that', () => {
  const text = '{"x":{"y":1,"y":2},"a":1,"b":[{"c":1,"z":1,"c":2}],"x":3,"a":2}';
  const unknown = ['unknown field "x"', 'unknown field "b[0].z"'];
  assert.deepEqual(strictProblems(Buffer.from(text), JSON.parse(text), unknown), [
    'unknown field "x"',
    'unknown field "b[0].z"',
    'duplicate field "b[0].c"',
    'duplicate field "a"',
  ]);
  assert.deepEqual(strictProblems(Buffer.from('{"x":1}'), { x: 1 }, unknown), unknown);
});

test('read as YAML they have the lines of their values', () => {
  const text = '{"a": 1,\n "b": {"c": 1,\n  "c":\n   2},\n "a": "\\n", "a": 3}';
  assert.deepEqual(duplicateLines(Buffer.from(text), JSON.parse(text)), [
    'line 4: key "c" already set in map',
    'line 5: key "a" already set in map',
    'line 5: key "a" already set in map',
  ]);
  assert.deepEqual(duplicateLines(Buffer.from('{"a":1}'), { a: 1 }), []);
});

test('no more of them are told than a hundred', () => {
  const text = `{${Array.from({ length: 300 }, (_, at) => `"k${at % 150}":1`).join(',')}}`;
  const [bytes, parsed] = [Buffer.from(text), JSON.parse(text)];
  assert.deepEqual(
    [duplicateFields(bytes, parsed), duplicateLines(bytes, parsed), strictProblems(bytes, parsed, [])].map(
      ({ length }) => length,
    ),
    [100, 100, 100],
  );
});

test('what JSON.stringify writes has none', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(duplicatesIn(JSON.stringify(value)), []);
    }),
    { interruptAfterTimeLimit: 1000 },
  );
});
