import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkKey, compareKeys, rangeMatcher } from './keys.ts';

/** Near the places where UTF-16 order and byte order part. */
const unit = fc.constantFrom(
  '',
  'a',
  'b',
  '\0',
  '\u00e9',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{10ffff}',
);
const key = fc.oneof(
  fc.array(unit, { maxLength: 5 }).map((units) => units.join('')),
  fc.string({ unit: 'binary' }),
);
const inBytes = (left: string, right: string) => Buffer.compare(Buffer.from(left), Buffer.from(right));

test('keys compare as their UTF-8 bytes do', () => {
  fc.assert(
    fc.property(key, key, (left, right) => {
      assert.equal(Math.sign(compareKeys(left, right)), inBytes(left, right));
    }),
    { seed: 1, numRuns: 5000, interruptAfterTimeLimit: 2000 },
  );
});

test('a range has its start and not its end', () => {
  fc.assert(
    fc.property(key, key, key, (from, to, found) => {
      assert.equal(rangeMatcher(from, to)(found), inBytes(found, from) >= 0 && inBytes(found, to) < 0);
    }),
    { seed: 1, numRuns: 5000, interruptAfterTimeLimit: 2000 },
  );
});

test('what can be a key', () => {
  for (const good of ['a', '\0', '__proto__', '\u{1f600}']) assert.doesNotThrow(() => checkKey(good));
  for (const bad of ['', '\ud800', 'a\udc00b', '\udc00\ud800'])
    assert.throws(() => checkKey(bad), { code: 'STORE_INVALID_KEY' });
});
