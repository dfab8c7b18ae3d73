import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readYaml, writeYaml } from './convert.ts';

const read = (text: string) => {
  const reply = readYaml(Buffer.from(text));
  return 'problem' in reply
    ? { problem: reply.problem }
    : { json: Buffer.from(reply.bytes).toString(), duplicates: reply.duplicates };
};

const write = (value: unknown) => {
  const reply = writeYaml(Buffer.from(JSON.stringify(value)));
  return 'problem' in reply ? reply : Buffer.from(reply.bytes).toString();
};

describe('YAML', () => {
  const documents: Record<string, [text: string, json: string, ...duplicates: string[]]> = {
    'a manifest': ['kind: Pod\nports:\n- 80\n# end\n', '{"kind":"Pod","ports":[80]}'],
    'JSON with a comment': ['{"a": 1} # end', '{"a":1}'],
    nothing: ['', 'null'],
    'a name of the prototype': ['__proto__: {a: b}', '{"__proto__":{"a":"b"}}'],
    'an alias': ['a: &x {b: c}\nd: *x', '{"a":{"b":"c"},"d":{"b":"c"}}'],
    'a key twice': ['a: 1\nb: 2\na: 3', '{"a":3,"b":2}', 'line 3: key "a" already set in map'],
    'keys twice further down': [
      'a:\n- b: 1\n  b: 2\nc:\n  d: {}\n  d:\n    e: 1\n',
      '{"a":[{"b":2}],"c":{"d":{"e":1}}}',
      'line 3: key "b" already set in map',
      'line 7: key "d" already set in map',
    ],
  };
  for (const [name, [text, json, ...duplicates]] of Object.entries(documents))
    test(name, () => assert.deepEqual(read(text), { json, duplicates }));

  const refused: Record<string, [text: string, problem: RegExp]> = {
    'a list that is cut off': ['a: [', /flow/i],
    'a tag of its own': ['!!js/function "return 1"', /^Unresolved tag/],
    'two documents': ['a: 1\n---\na: 2', /multiple documents/],
    'aliases of aliases': [
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((each, index) => `${each}: &${each} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`).join('\n')}`,
      /alias/,
    ],
  };
  for (const [name, [text, problem]] of Object.entries(refused))
    test(`refused: ${name}`, () => assert.match(read(text).problem ?? '', problem));

  test('refused: bytes that are not UTF-8', () => {
    assert.ok('problem' in readYaml(Buffer.from([0x61, 0x3a, 0xff])));
  });

  test('written as upstream writes it: keys sorted, lists not indented, long lines whole', () => {
    const long = 'a long line '.repeat(20).trim();
    const value = { metadata: { name: 'a', labels: {} }, kind: 'Pod', data: ['on', 'x: y', 1, null, long] };
    assert.equal(
      write(value),
      `data:\n- "on"\n- "x: y"\n- 1\n- null\n- ${long}\nkind: Pod\nmetadata:\n  labels: {}\n  name: a\n`,
    );
  });

  test('what is written reads the same', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'small' }), (value) => {
        const text = write({ value });
        assert.deepEqual(JSON.parse(read(text as string).json ?? ''), JSON.parse(JSON.stringify({ value })));
      }),
      { interruptAfterTimeLimit: 2000, markInterruptAsFailure: false },
    );
  });
});
