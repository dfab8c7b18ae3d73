import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from 'dns-packet';
import fc from 'fast-check';
import { query } from './test-kit.ts';
import { nameText, parseQuestion, responseCodes, wireName } from './wire.ts';

test('a question is read', () => {
  assert.deepEqual(
    parseQuestion(query('Web.Default.SVC.cluster.local', { type: 'SRV', edns: 4096, id: 7 })),
    {
      id: 7,
      name: '\x03web\x07default\x03svc\x07cluster\x05local\0',
      type: 33,
      class: 1,
      recursionDesired: true,
      end: 12 + 31 + 4,
      edns: { udpPayload: 4096, version: 0, dnssec: false },
    },
  );
});

const names: [string, string | undefined][] = [
  ['', '\0'],
  ['.', '\0'],
  ['local', '\x05local\0'],
  ['Local.', '\x05local\0'],
  ['a..b', undefined],
  ['.a', undefined],
  [`${'a'.repeat(63)}.b`, `\x3f${'a'.repeat(63)}\x01b\0`],
  [`${'a'.repeat(64)}.b`, undefined],
  [Array(127).fill('a').join('.'), `${'\x01a'.repeat(127)}\0`],
  [Array(128).fill('a').join('.'), undefined],
];
for (const [text, wire] of names)
  test(`the name ${JSON.stringify(text.slice(0, 70))} on the wire`, () => assert.equal(wireName(text), wire));

test('names are shown so that no bytes can be taken for others', () => {
  assert.equal(nameText('\x03web\x05local\0'), 'web.local.');
  assert.equal(nameText('\x03a.b\x02\n\\\0'), 'a\\046b.\\010\\092.');
  assert.equal(nameText('\0'), '.');
});

const change = (edit: (message: Buffer) => Buffer | undefined) => {
  const message = query('web.default.svc.cluster.local', { edns: 1232 });
  return edit(message) ?? message;
};
const flawed: [string, Buffer, number | undefined][] = [
  ['nothing', Buffer.alloc(0), undefined],
  ['half a header', Buffer.alloc(11), undefined],
  ['an answer', change((m) => void m.writeUInt8(0x81, 2)), undefined],
  ['a notification', change((m) => void m.writeUInt8(0x21, 2)), responseCodes.NOTIMP],
  ['no question', change((m) => void m.writeUInt16BE(0, 4)), responseCodes.FORMERR],
  ['two questions', change((m) => void m.writeUInt16BE(2, 4)), responseCodes.FORMERR],
  ['a cut name', change((m) => m.subarray(0, 20)), responseCodes.FORMERR],
  ['a cut type', change((m) => m.subarray(0, 12 + 31 + 3)), responseCodes.FORMERR],
  ['a compressed question', change((m) => void m.writeUInt16BE(0xc00c, 12)), responseCodes.FORMERR],
  ['records as if it were an answer', change((m) => void m.writeUInt16BE(1, 6)), responseCodes.FORMERR],
  ['a cut OPT record', change((m) => m.subarray(0, m.length - 1)), responseCodes.FORMERR],
  ['fewer records than it says', change((m) => void m.writeUInt16BE(9, 10)), responseCodes.FORMERR],
  [
    'two OPT records',
    change((m) => {
      m.writeUInt16BE(2, 10);
      return Buffer.concat([m, m.subarray(m.length - 11)]);
    }),
    responseCodes.FORMERR,
  ],
];
for (const [what, message, code] of flawed)
  test(`${what} is no question`, () => assert.deepEqual(parseQuestion(message), { flaw: true, code }));

test('over any bytes: no throw, and what is a question is one to another reader too', () => {
  const valid = query('web.default.svc.cluster.local', { edns: 1232 });
  const mutated = fc
    .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 4 })
    .map((changes) => {
      const message = Buffer.from(valid);
      for (const [at, byte] of changes) message[at] = byte;
      return message;
    });
  const anything = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(mutated, anything), (message) => {
      const parsed = parseQuestion(message);
      if ('flaw' in parsed) return;
      assert.ok(parsed.end <= message.length && parsed.name.length <= 255);
      const alone = Buffer.from(message.subarray(0, parsed.end)).fill(0, 6, 12);
      const [question] = decode(alone).questions ?? [];
      const text = Buffer.from(parsed.name, 'latin1').toString();
      assert.equal(question?.name.length, Math.max(1, text.length - 2));
    }),
    { numRuns: 2000, interruptAfterTimeLimit: 3000 },
  );
});
