import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyCollector, declaredLength } from './body.ts';

const bounds = { bytesMax: 100_000, accountBytesMax: 150_000 };

test('chunks of any sizes become one body', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 15 }), (chunks) => {
      const account = { bytes: 0 };
      const collector = new BodyCollector(account, bounds);
      for (const chunk of chunks) assert.equal(collector.add(chunk), undefined);
      const whole = Buffer.concat(chunks);
      assert.ok(whole.equals(collector.body()));
      assert.ok(account.bytes >= whole.length);
      collector.release();
      assert.deepEqual([account.bytes, collector.body().length], [0, 0]);
    }),
    { numRuns: 200, interruptAfterTimeLimit: 2000 },
  );
});

test('one byte at a time costs little memory', () => {
  const account = { bytes: 0 };
  const collector = new BodyCollector(account, bounds);
  for (let index = 0; index < 20_000; index++) assert.equal(collector.add(Buffer.from('x')), undefined);
  assert.equal(collector.body().length, 20_000);
  assert.ok(account.bytes <= 40_000, String(account.bytes));
});

test('a body is bounded', () => {
  const collector = new BodyCollector({ bytes: 0 }, bounds);
  assert.equal(collector.add(Buffer.alloc(60_000)), undefined);
  assert.equal(collector.add(Buffer.alloc(40_000)), undefined);
  assert.equal(collector.add(Buffer.alloc(1)), 'too-large');
});

test('all bodies together are bounded, and room that is given back is there', () => {
  const account = { bytes: 0 };
  const [first, second] = [new BodyCollector(account, bounds), new BodyCollector(account, bounds)];
  assert.equal(first.add(Buffer.alloc(90_000)), undefined);
  assert.equal(second.add(Buffer.alloc(90_000)), 'no-room');
  first.release();
  second.release();
  assert.equal(account.bytes, 0);
  assert.equal(new BodyCollector(account, bounds).add(Buffer.alloc(90_000)), undefined);
});

const lengths: [string | undefined, number | undefined][] = [
  [undefined, undefined],
  ['0', 0],
  ['42', 42],
  ['-1', undefined],
  ['1e3', undefined],
  ['9'.repeat(30), undefined],
];
for (const [header, length] of lengths)
  test(`content-length ${JSON.stringify(header)} promises ${length}`, () =>
    assert.equal(declaredLength(header), length));
