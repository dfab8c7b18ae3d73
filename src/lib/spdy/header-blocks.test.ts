import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constants, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { dictionary, HeaderReader } from '../../../test/tunnels/spdy-server.ts';
import { SpdyError } from './frames.ts';
import { HeaderWriter, headerBytes, parseHeaderBytes } from './header-blocks.ts';

const text = fc.string({
  maxLength: 40,
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
});
const headers = fc.dictionary(text, text, { maxKeys: 8, noNullPrototype: true });

test('blocks of one connection are read by an inflater with its state', () => {
  fc.assert(
    fc.property(fc.array(headers, { minLength: 1, maxLength: 6 }), (blocks) => {
      const writer = new HeaderWriter();
      const reader = new HeaderReader();
      for (const block of blocks)
        assert.deepEqual(reader.read(writer.write(block)), new Map(Object.entries(block)));
    }),
    { numRuns: 200, interruptAfterTimeLimit: 3000 },
  );
});

test('a block longer than one stored block is written in several', () => {
  const block = { streamtype: 'x'.repeat(200_000) };
  assert.deepEqual(new HeaderReader().read(new HeaderWriter().write(block)), new Map(Object.entries(block)));
});

test('what is compressed with the dictionary is read', () => {
  const plain = headerBytes({ streamtype: 'stdin', method: 'get' });
  const block = deflateSync(plain, { dictionary, finishFlush: constants.Z_SYNC_FLUSH });
  assert.deepEqual(
    new HeaderReader().read(block),
    new Map([
      ['streamtype', 'stdin'],
      ['method', 'get'],
    ]),
  );
});

test('any bytes are headers or a SpdyError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      try {
        parseHeaderBytes(Buffer.from(bytes));
      } catch (error) {
        assert.ok(error instanceof SpdyError);
      }
    }),
    { numRuns: 500, interruptAfterTimeLimit: 2000 },
  );
});
