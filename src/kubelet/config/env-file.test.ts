import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { envFileValue } from './env-file.ts';

const text = [
  '# what follows is read',
  '',
  "ONE='first'",
  "  TWO='a b' # the second",
  "LONG='over\nlines # and more'",
  "a.b-c d='odd'",
  "EMPTY=''",
  "ONE='again'",
  'here it ends = badly',
].join('\n');

test('variables are found by their names, the first of each', () => {
  const values = ['ONE', 'TWO', 'LONG', 'a.b-c d', 'EMPTY'].map((name) => envFileValue(text, name));
  assert.deepEqual(values, ['first', 'a b', 'over\nlines # and more', 'odd', '']);
  assert.equal(envFileValue("ONE='first'", 'TWO'), undefined);
  assert.equal(envFileValue('', 'ONE'), undefined);
});

const malformed = [
  text,
  'A=b',
  'A="b"',
  "A = 'b'",
  "A='b",
  "A='b'c",
  "='b'",
  'nothing',
  "A='b' 'c'",
  "\nA\nB='c'",
];
for (const each of malformed)
  test(`malformed: ${JSON.stringify(each.slice(-30))}`, () =>
    assert.throws(() => envFileValue(each, 'NONE'), {
      code: 'CONTAINER_CONFIG',
      message: "couldn't parse env file",
    }));

test('what is written is read', () => {
  const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
  const value = fc.string({ maxLength: 20 }).map((each) => each.replaceAll("'", '"'));
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 6 }), (variables) => {
      const written = Object.entries(variables).map(([key, each]) => `${key}='${each}'\n`);
      for (const [key, each] of Object.entries(variables))
        assert.equal(envFileValue(written.join(''), key), each);
    }),
    { interruptAfterTimeLimit: 500 },
  );
});
