import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtobufReader } from './protobuf-reader.ts';

const reader = (...bytes: number[]) => new ProtobufReader(new Uint8Array(bytes));

test('varints of every length', () => {
  const cases: [number[], bigint][] = [
    [[0], 0n],
    [[0x7f], 127n],
    [[0xac, 0x02], 300n],
    [[0xff, 0xff, 0xff, 0x7f], 268_435_455n],
    [[0x80, 0x80, 0x80, 0x80, 0x01], 268_435_456n],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], 2n ** 64n - 1n],
  ];
  for (const [bytes, value] of cases) assert.equal(reader(...bytes).varint(), value);
});

test('signed numbers and doubles', () => {
  const minusTwo = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
  assert.equal(reader(...minusTwo).int32(), -2);
  assert.equal(reader(...minusTwo).int64(), -2);
  assert.equal(reader(0, 0, 0, 0, 0, 0, 0xf8, 0x3f).double(), 1.5);
});

test('keys, texts and skipping', () => {
  const fields = reader(
    0x0a,
    2,
    0x68,
    0x69,
    0x10,
    0x96,
    0x01,
    0x1d,
    1,
    2,
    3,
    4,
    0x21,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    0x2a,
    0,
  );
  assert.deepEqual(fields.key(), { number: 1, wireType: 2 });
  assert.equal(fields.string(), 'hi');
  const rest: number[] = [];
  while (!fields.done) {
    const { number, wireType } = fields.key();
    rest.push(number);
    fields.skip(wireType);
  }
  assert.deepEqual(rest, [2, 3, 4, 5]);
});

test('a view into a larger buffer stays inside', () => {
  const whole = Buffer.from([9, 9, 0x0a, 5, 1, 2, 9, 9]);
  const inside = new ProtobufReader(whole.subarray(2, 6));
  inside.key();
  assert.throws(() => inside.bytes(), /unexpected end/);
});
