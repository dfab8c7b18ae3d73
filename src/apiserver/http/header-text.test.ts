import assert from 'node:assert/strict';
import { validateHeaderValue } from 'node:http';
import { test } from 'node:test';
import fc from 'fast-check';
import { headerText, headerValue } from './header-text.ts';

const texts: Record<string, [string, string]> = {
  'plain text': ['299 - "a\tb"', '299 - "a\tb"'],
  'letters of other scripts, as UTF-8': ['ключ', Buffer.from('ключ').toString('latin1')],
  'a line break': ['a\r\nb', 'a??b'],
  'NUL and delete': ['a\u0000\u007f', 'a??'],
};
for (const [name, [value, sent]] of Object.entries(texts))
  test(`sends ${name}`, () => assert.equal(headerText(value), sent));

test('whatever comes out can be sent, and reads back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const sent = headerText(value);
      validateHeaderValue('warning', sent);
      const isControl = (character: string) =>
        (character < ' ' && character !== '\t') || character === '\u007f';
      const expected = [...value.toWellFormed()].map((each) => (isControl(each) ? '?' : each)).join('');
      assert.equal(Buffer.from(sent, 'latin1').toString(), expected);
    }),
    { numRuns: 500, interruptAfterTimeLimit: 2000 },
  );
});

test('repeated headers are sent each', () => {
  assert.deepEqual(headerValue(['a', 'b\n']), ['a', 'b?']);
});
