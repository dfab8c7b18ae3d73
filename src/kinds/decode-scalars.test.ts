import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DecodeError } from './decode-error.ts';
import { decodeBase64, decodeMicroTime, decodeTime } from './decode-scalars.ts';

function outcome(decode: () => unknown): unknown {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
}

const parsing = (text: string, layout: string, rest: string, element: string) =>
  `parsing time "${text}" as "${layout}": cannot parse "${rest}" as "${element}"`;

test('times are read as Go reads RFC 3339', () => {
  const layout = '2006-01-02T15:04:05Z07:00';
  const cases: [string, string, string][] = [
    ['plain', '2026-02-28T23:59:59Z', '2026-02-28T23:59:59Z'],
    ['a leap day', '2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['no leap day', '2026-02-29T00:00:00Z', 'parsing time "2026-02-29T00:00:00Z": day out of range'],
    ['an offset', '2026-01-01T00:00:00-01:30', '2026-01-01T01:30:00Z'],
    ['a fraction', '2026-01-01T00:00:00.999Z', '2026-01-01T00:00:00Z'],
    ['a year before 100', '0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
    ['month 13', '2026-13-01T00:00:00Z', 'parsing time "2026-13-01T00:00:00Z": month out of range'],
    ['hour 24', '2026-01-01T24:00:00Z', 'parsing time "2026-01-01T24:00:00Z": hour out of range'],
    ['no zone', '2026-01-01T00:00:00', parsing('2026-01-01T00:00:00', layout, '', 'Z07:00')],
    ['a blank for the T', '2026-01-01 00:00:00Z', parsing('2026-01-01 00:00:00Z', layout, ' 00:00:00Z', 'T')],
    ['empty', '', parsing('', layout, '', '2006')],
    ['more behind', '2026-01-01T00:00:00Zx', 'parsing time "2026-01-01T00:00:00Zx": extra text: "x"'],
  ];
  for (const [name, text, expected] of cases)
    assert.equal(
      outcome(() => decodeTime(text)),
      expected,
      name,
    );
});

test('micro times have six digits', () => {
  const layout = '2006-01-02T15:04:05.000000Z07:00';
  const cases: [string, string, string][] = [
    ['plain', '2026-01-01T00:00:00.000123Z', '2026-01-01T00:00:00.000123Z'],
    ['an offset', '2026-01-01T00:00:00.5+01:00'.replace('.5', '.500000'), '2025-12-31T23:00:00.500000Z'],
    ['none', '2026-01-01T00:00:00Z', parsing('2026-01-01T00:00:00Z', layout, 'Z', '.000000')],
    [
      'seven',
      '2026-01-01T00:00:00.1234567Z',
      parsing('2026-01-01T00:00:00.1234567Z', layout, '7Z', 'Z07:00'),
    ],
  ];
  for (const [name, text, expected] of cases)
    assert.equal(
      outcome(() => decodeMicroTime(text)),
      expected,
      name,
    );
});

test('base64 faults are found where Go finds them', () => {
  const fault = (at: number) => `illegal base64 data at input byte ${at}`;
  const cases: [string, string, string][] = [
    ['empty', '', ''],
    ['padded', 'aGk=', 'aGk='],
    ['spare bits are cleared', 'aGl=', 'aGk='],
    ['line breaks', 'aGVs\nbG8h\r\n', 'aGVsbG8h'],
    ['no padding', 'aGk', fault(0)],
    ['one letter of five', 'aGVsb', fault(4)],
    ['a bad letter', 'aG!k', fault(2)],
    ['url letters', 'a_-k', fault(1)],
    ['padding too early', 'a===', fault(1)],
    ['half the padding', 'aA=', fault(3)],
    ['a letter in the padding', 'aA=a', fault(2)],
    ['more behind the padding', 'aGk=aGk=', fault(4)],
  ];
  for (const [name, text, expected] of cases)
    assert.equal(
      outcome(() => decodeBase64(text)),
      expected,
      name,
    );
});

test('base64 of any bytes comes back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = Buffer.from(bytes).toString('base64');
      assert.equal(decodeBase64(text), text);
    }),
    { interruptAfterTimeLimit: 1000 },
  );
});
