import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as der from './der.ts';

const encoded: Record<string, { value: Buffer; hex: string }> = {
  'an empty sequence': { value: der.sequence(), hex: '3000' },
  true: { value: der.boolean(true), hex: '0101ff' },
  zero: { value: der.positiveInteger(Buffer.from([0, 0])), hex: '020100' },
  'a small integer': { value: der.positiveInteger(Buffer.from([2])), hex: '020102' },
  'an integer with its highest bit set': { value: der.positiveInteger(Buffer.from([0x80])), hex: '02020080' },
  'an integer with zeros before it': { value: der.positiveInteger(Buffer.from([0, 0x7f])), hex: '02017f' },
  'a bit string': { value: der.bitString(Buffer.from([0x86]), 1), hex: '03020186' },
  'an object identifier': { value: der.objectIdentifier('2.5.29.15'), hex: '0603551d0f' },
  'one with large parts': {
    value: der.objectIdentifier('1.2.840.113549.1.1.11'),
    hex: '06092a864886f70d01010b',
  },
  'a time before 2050': {
    value: der.time(Date.UTC(2026, 10, 21, 1, 2, 3)),
    hex: `170d${Buffer.from('261121010203Z').toString('hex')}`,
  },
  'a time after 2049': {
    value: der.time(Date.UTC(2050, 0, 1)),
    hex: `180f${Buffer.from('20500101000000Z').toString('hex')}`,
  },
  'a context tag': { value: der.encode(der.contextTag(3, true), der.sequence()), hex: 'a3023000' },
};
for (const [name, { value, hex }] of Object.entries(encoded))
  test(`encodes ${name}`, () => assert.equal(value.toString('hex'), hex));

for (const length of [0, 1, 127, 128, 255, 256, 65535, 65536])
  test(`a content of ${length} bytes comes back`, () => {
    const content = Buffer.alloc(length, 7);
    const [value, ...rest] = der.decodeAll(Buffer.concat([der.octetString(content), der.boolean(true)]));
    assert.equal(value?.tag, der.tags.octetString);
    assert.ok(content.equals(value!.content));
    assert.equal(rest.length, 1);
  });

test('what is cut off is refused, and any bytes come to an end', () => {
  assert.throws(() => der.decodeAll(Buffer.from('3005', 'hex')), RangeError);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        const length = der.decodeAll(bytes).reduce((sum, { whole }) => sum + whole.length, 0);
        assert.ok(length === bytes.length);
      } catch (failure) {
        assert.ok(failure instanceof RangeError);
      }
    }),
    { numRuns: 300, interruptAfterTimeLimit: 2000 },
  );
});
