import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ForeignAnswer, readForeignAnswer } from './foreign-answer.ts';
import { address, foreignAnswer, query, startOf } from './test-kit.ts';

const asked = query('example.com', { edns: 1232 });
const read = (options: Parameters<typeof foreignAnswer>[1]) =>
  readForeignAnswer(foreignAnswer(asked, options), asked) as ForeignAnswer;

test('an answer is kept without its EDNS part, for its shortest time to live', () => {
  const answer = read({
    answers: [address('example.com', '192.0.2.1', 60), address('example.com', '192.0.2.2', 40)],
  });
  assert.deepEqual(
    [answer.code, answer.counts, answer.seconds, answer.ends.length, answer.isAuthentic],
    [0, [2, 0, 0], 40, 2, false],
  );
  assert.equal(answer.body.length, answer.ends[1]);
});

const lifetimes: [string, Parameters<typeof foreignAnswer>[1], number][] = [
  ['very long', { answers: [address('example.com', '192.0.2.1', 1e6)] }, 3600],
  ['negative as a signed number', { answers: [address('example.com', '192.0.2.1', 2 ** 31)] }, 0],
  ['a denial by what its SOA record says', { flags: 0x8183, authorities: [startOf('com')] }, 20],
  ['a denial by the SOA record itself', { flags: 0x8183, authorities: [startOf('com', { ttl: 7 })] }, 7],
  ['a long denial', { flags: 0x8183, authorities: [startOf('com', { minimum: 9999 })] }, 30],
  ['a denial without SOA', { flags: 0x8183 }, 0],
  ['no records of the type', { authorities: [startOf('com')] }, 20],
  ['a failure', { flags: 0x8182, authorities: [startOf('com')] }, 0],
];
for (const [what, options, seconds] of lifetimes)
  test(`how long it is kept: ${what}`, () => assert.equal(read(options).seconds, seconds));

const spoiled: [string, Buffer][] = [
  ['another id', foreignAnswer(query('example.com', { id: 9 }))],
  ['another name', foreignAnswer(query('example.org'))],
  ['another type', foreignAnswer(query('example.com', { type: 'AAAA' }))],
  ['a question', query('example.com')],
  ['too short', Buffer.alloc(5)],
  ['cut off', foreignAnswer(asked, { answers: [address('example.com', '192.0.2.1')] }).subarray(0, 40)],
];
for (const [what, message] of spoiled)
  test(`no answer: ${what}`, () => assert.equal(readForeignAnswer(message, asked), undefined));

test('the name may come back in another case, and a cut answer is told apart', () => {
  const message = foreignAnswer(query('EXAMPLE.com'), { answers: [address('example.com', '192.0.2.1')] });
  assert.equal((readForeignAnswer(message, asked) as ForeignAnswer).counts[0], 1);
  message[2]! |= 0x02;
  assert.equal(readForeignAnswer(message, asked), 'truncated');
});

test('over any bytes: no throw, and every record lies in the body', () => {
  const valid = foreignAnswer(asked, {
    answers: [address('example.com', '192.0.2.1')],
    authorities: [startOf('com')],
  });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 5 }),
      fc.nat(valid.length),
      (changes, length) => {
        const message = Buffer.from(valid);
        for (const [at, byte] of changes) message[at] = byte;
        const answer = readForeignAnswer(message.subarray(0, length), asked);
        if (answer === undefined || answer === 'truncated') return;
        const { ends, lifetimes: places, body, counts } = answer;
        assert.equal(ends.length, counts[0] + counts[1] + counts[2]);
        assert.ok(ends.every((end) => end <= body.length) && places.every((at) => at + 4 <= body.length));
        assert.ok(answer.seconds >= 0 && answer.seconds <= 3600);
      },
    ),
    { numRuns: 2000, interruptAfterTimeLimit: 3000 },
  );
});
