import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, decode, encode } from 'dns-packet';
import fc from 'fast-check';
import { aliasRecord, plainAnswers } from './plain-records.ts';
import { query } from './test-kit.ts';
import { wireName } from './wire.ts';

const asked = query('a.example.com', { type: 'MX' });
const back = [0xc0, 0x0c];

/** An answer to `asked` with these bytes as its answer section. */
function answer(count: number, ...records: number[][]): Buffer {
  const message = Buffer.concat([asked, Buffer.from(records.flat())]);
  message[2] = 0x81;
  message.writeUInt16BE(count, 6);
  return message;
}

const fixed = (type: number, length: number) => [0, type, 0, 1, 0, 0, 0, 60, 0, length];

function shown(records: readonly Buffer[] | undefined): unknown {
  if (records === undefined) return undefined;
  const header = Buffer.alloc(12);
  header[2] = 0x80;
  header.writeUInt16BE(records.length, 6);
  return (decode(Buffer.concat([header, ...records])).answers ?? []).map((each: Answer) => [
    each.name,
    each.type,
    'data' in each ? each.data : undefined,
  ]);
}

const cases: [what: string, message: Buffer, type: number, records: unknown][] = [
  ['nothing', answer(0), 15, []],
  [
    'names that point back are written out, in the data too',
    answer(1, [...back, ...fixed(15, 7), 0, 5, 2, 0x6d, 0x78, 0xc0, 14]),
    15,
    [['a.example.com', 'MX', { preference: 5, exchange: 'mx.example.com' }]],
  ],
  [
    'a pointer to a pointer',
    answer(2, [...back, ...fixed(5, 4), 1, 0x62, ...back], [0xc0, 43, ...fixed(16, 2), 1, 0x78]),
    16,
    [
      ['a.example.com', 'CNAME', 'b.a.example.com'],
      ['b.a.example.com', 'TXT', [Buffer.from('x')]],
    ],
  ],
  [
    'types that nobody knows are copied, pointers or not',
    answer(1, [...back, ...fixed(65, 3), 0, 1, 0]),
    65,
    [['a.example.com', 'UNKNOWN_65', Buffer.from([0, 1, 0])]],
  ],
  ['what was not asked for is left out', answer(1, [...back, ...fixed(16, 2), 1, 0x78]), 15, []],
  ['a pointer to itself', answer(1, [0xc0, asked.length, ...fixed(16, 2), 1, 0x78]), 16, undefined],
  ['a pointer ahead', answer(1, [0xc0, 60, ...fixed(16, 2), 1, 0x78]), 16, undefined],
  [
    'two that point at each other',
    answer(1, [1, 0x61, 0xc0, asked.length, ...fixed(16, 2), 1, 0x78]),
    16,
    undefined,
  ],
  ['a name longer than its data', answer(1, [...back, ...fixed(5, 1), ...back]), 5, undefined],
  ['data that is cut off', answer(1, [...back, ...fixed(16, 9), 1, 0x78]), 16, undefined],
  ['fewer records than it says', answer(2, [...back, ...fixed(16, 2), 1, 0x78]), 16, undefined],
];

for (const [what, message, type, records] of cases)
  test(`records written out: ${what}`, () =>
    assert.deepEqual(shown(plainAnswers(message, type, asked.length)), records));

test('an alias', () =>
  assert.deepEqual(shown([aliasRecord(wireName('db.local')!, wireName('example.com')!, 5)]), [
    ['db.local', 'CNAME', 'example.com'],
  ]));

test('over any bytes: no throw, no endless way, and another reader reads what comes of it', () => {
  const valid = encode({
    type: 'response',
    id: 1,
    questions: [{ name: 'a.example.com', type: 'MX', class: 'IN' }],
    answers: [
      { type: 'CNAME', name: 'a.example.com', data: 'b.example.com' },
      { type: 'MX', name: 'b.example.com', data: { preference: 5, exchange: 'mx.example.com' } },
    ],
  });
  const mutated = fc
    .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 6 })
    .map((changes) => {
      const message = Buffer.from(valid);
      for (const [at, byte] of changes) message[at] = byte;
      return message;
    });
  fc.assert(
    fc.property(mutated, (message) => {
      const records = plainAnswers(message, 15, asked.length);
      if (records !== undefined) shown(records);
    }),
    { numRuns: 2000, interruptAfterTimeLimit: 3000 },
  );
});
