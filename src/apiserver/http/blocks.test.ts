import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { responseBlockBytes } from '../limits.ts';
import { acceptsGzip, writeBlocks, writeCompressed } from './blocks.ts';

const block = responseBlockBytes;

/** Gathers what is written, slowly; resolves when it is ended. */
function gather(): { target: Writable; lengths: number[]; whole: Promise<Buffer> } {
  const chunks: Buffer[] = [];
  const lengths: number[] = [];
  const target = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, callback) {
      chunks.push(chunk);
      lengths.push(chunk.length);
      setImmediate(callback);
    },
  });
  const whole = new Promise<Buffer>((resolve) => target.once('finish', () => resolve(Buffer.concat(chunks))));
  return { target, lengths, whole };
}

const inputs: Record<string, { sizes: number[]; written: number[] }> = {
  nothing: { sizes: [], written: [] },
  'one small chunk': { sizes: [10], written: [10] },
  'small chunks are joined': {
    sizes: Array(1000).fill(1024),
    written: [block, block, block, 1000 * 1024 - 3 * block],
  },
  'a large one is cut': { sizes: [block * 2 + 5], written: [block, block, 5] },
  'a large one between small ones': { sizes: [1, 2, block + 1, 3, 4], written: [3, block, 1, 7] },
  'empty ones': { sizes: [0, 0, 5, 0], written: [5] },
};
for (const [name, { sizes, written }] of Object.entries(inputs))
  test(`blocks of about one size: ${name}`, async () => {
    const chunks = sizes.map((size, index) => Buffer.alloc(size, index));
    const { target, lengths, whole } = gather();
    let progress = 0;
    writeBlocks(chunks, target, () => progress++);
    assert.ok(Buffer.concat(chunks).equals(await whole));
    assert.deepEqual(lengths, written);
    assert.ok(progress > 0);
  });

test('what is compressed comes back', async () => {
  const chunks = Array.from({ length: 3000 }, (_, index) => Buffer.from(`line ${index}\n`.repeat(100)));
  const { target, whole } = gather();
  writeCompressed(chunks, target, () => {});
  assert.ok(Buffer.concat(chunks).equals(gunzipSync(await whole)));
});

test('a target that goes away ends the writing', async () => {
  for (const write of [writeBlocks, writeCompressed]) {
    const { target } = gather();
    target.on('error', () => {});
    write([Buffer.alloc(block * 20, 'x')], target, () => {});
    await new Promise((resolve) => setImmediate(resolve));
    target.destroy();
    await new Promise((resolve) => target.once('close', resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
});

const encodings: [string | undefined, boolean][] = [
  [undefined, false],
  ['', false],
  ['gzip', true],
  ['deflate, gzip;q=1.0', true],
  ['br,  gzip', true],
  ['x-gzip', false],
  ['gzipped', false],
];
for (const [header, accepted] of encodings)
  test(`accept-encoding ${JSON.stringify(header)}: ${accepted}`, () =>
    assert.equal(acceptsGzip(header), accepted));
