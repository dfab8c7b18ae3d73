import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  controlFrame,
  controlFrameBytesMax,
  dataHead,
  FrameReader,
  frameBytesMax,
  frameTypes,
  SpdyError,
  words,
} from './frames.ts';

interface Data {
  readonly kind: 'data';
  readonly id: number;
  readonly bytes: string;
  readonly fin: boolean;
}
interface Control {
  readonly kind: 'control';
  readonly type: number;
  readonly flags: number;
  readonly body: string;
}
type Frame = Data | Control;

const hex = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('data' as const),
      id: fc.integer({ min: 1, max: 0x7fffffff }),
      bytes: hex,
      fin: fc.boolean(),
    },
    { noNullPrototype: true },
  ),
  fc.record(
    {
      kind: fc.constant('control' as const),
      type: fc.integer({ min: 1, max: 9 }),
      flags: fc.integer({ min: 0, max: 255 }),
      body: hex,
    },
    { noNullPrototype: true },
  ),
);

const encoded = (each: Frame): Buffer => {
  if (each.kind === 'control') return controlFrame(each.type, each.flags, Buffer.from(each.body, 'hex'));
  const bytes = Buffer.from(each.bytes, 'hex');
  return Buffer.concat([dataHead(each.id, bytes.length, each.fin), bytes]);
};

/** Reads chunks; the pieces of a data frame are joined until the next frame of another stream, or its end. */
function readAll(chunks: Iterable<Uint8Array>): { frames: Frame[]; sizes: number[] } {
  const frames: Frame[] = [];
  const sizes: number[] = [];
  const reader = new FrameReader({
    onData(id, bytes, fin) {
      sizes.push(bytes.length);
      frames.push({ kind: 'data', id, bytes: Buffer.from(bytes).toString('hex'), fin });
    },
    onControl(type, flags, body) {
      frames.push({ kind: 'control', type, flags, body: Buffer.from(body).toString('hex') });
    },
  });
  for (const chunk of chunks) reader.push(chunk);
  return { frames, sizes };
}

/** What each stream said, and where it ended, and the control frames in their order. */
function meaning(frames: readonly Frame[]): unknown {
  const said: [number, string][] = [];
  for (const each of frames) {
    if (each.kind === 'control') continue;
    const last = said.at(-1);
    if (last?.[0] === each.id) last[1] += each.bytes + (each.fin ? '|' : '');
    else said.push([each.id, each.bytes + (each.fin ? '|' : '')]);
  }
  return { said, controls: frames.filter(({ kind }) => kind === 'control') };
}

test('frames cut into chunks of any sizes come out as they went in', () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 40 })),
      (frames, cuts) => {
        const whole = Buffer.concat(frames.map(encoded));
        const chunks: Buffer[] = [];
        let at = 0;
        for (let index = 0; at < whole.length; index++) {
          const length = cuts.length === 0 ? whole.length : cuts[index % cuts.length]!;
          chunks.push(whole.subarray(at, at + length));
          at += length;
        }
        assert.deepEqual(meaning(readAll(chunks).frames), meaning(frames));
      },
    ),
    { numRuns: 300, interruptAfterTimeLimit: 3000 },
  );
});

test('data is handed on as it comes, however long its frame is', () => {
  const chunks = [dataHead(1, frameBytesMax, true), Buffer.alloc(1000), Buffer.alloc(5000)];
  assert.deepEqual(readAll(chunks).sizes, [1000, 5000]);
});

const breaches: Record<string, Uint8Array> = {
  'another version': Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 0]),
  'a control frame without an end': Buffer.concat([
    Buffer.from([0x80, 3, 0, 1, 0]),
    words(controlFrameBytesMax + 1).subarray(1),
  ]),
  'data of no stream': dataHead(0, 0, false),
  'an HTTP answer': Buffer.from('\xffTTP/1.1 400 Bad Request\r\n', 'latin1'),
};
for (const [name, bytes] of Object.entries(breaches))
  test(`refused: ${name}`, () => assert.throws(() => readAll([bytes]), SpdyError));

test('any bytes are frames or a SpdyError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        readAll([bytes]);
      } catch (error) {
        assert.ok(error instanceof SpdyError);
      }
    }),
    { numRuns: 500, interruptAfterTimeLimit: 2000 },
  );
});

test('a frame as spdystream writes it', () => {
  assert.equal(controlFrame(frameTypes.ping, 0, words(2)).toString('hex'), '800300060000000400000002');
  assert.equal(dataHead(3, 5, true).toString('hex'), '0000000301000005');
  assert.throws(() => dataHead(1, frameBytesMax + 1, false), RangeError);
});
