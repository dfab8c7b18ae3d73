import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ByteWriter } from './byte-writer.ts';
import { encodeBufferBytes } from './limits.ts';

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();

test('what is taken has bytes of its own, as many as it needs', () => {
  const writer = new ByteWriter();
  writer.text('{"a":');
  writer.bytes(Buffer.from('"ü"'));
  writer.text('}');
  const taken = writer.take();
  writer.text('something else, which is longer');
  assert.equal(textOf(taken), '{"a":"ü"}');
  assert.equal(taken.buffer.byteLength, Buffer.byteLength('{"a":"ü"}'));
  assert.equal(textOf(writer.take()), 'something else, which is longer');
  assert.equal(writer.take().length, 0);
});

test('what was begun can be dropped', () => {
  const writer = new ByteWriter();
  writer.text('dropped');
  writer.clear();
  writer.text('kept');
  assert.equal(textOf(writer.take()), 'kept');
});

test('grows with what is written, whatever it is', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .constantFrom('x', 'ü', '€', '😀')
      .chain((character) => fc.nat(encodeBufferBytes).map((length) => character.repeat(length))),
  );
  const writer = new ByteWriter();
  fc.assert(
    fc.property(fc.array(fc.tuple(piece, fc.boolean()), { maxLength: 6 }), (pieces) => {
      for (const [text, asBytes] of pieces)
        if (asBytes) writer.bytes(Buffer.from(text));
        else writer.text(text);
      assert.equal(textOf(writer.take()), pieces.map(([text]) => Buffer.from(text).toString()).join(''));
    }),
    { numRuns: 40, interruptAfterTimeLimit: 500 },
  );
});
