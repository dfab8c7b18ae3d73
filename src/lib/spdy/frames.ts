/**
 * SPDY/3.1 frames, as far as Kubernetes' streaming uses them: streams of bytes, half-closed one by one, without flow
 * control. Source: SPDY protocol draft 3.1; what github.com/moby/spdystream does with it.
 */

export const frameTypes = {
  synStream: 1,
  synReply: 2,
  resetStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

export const finFlag = 1;

/** A length has 24 bits. */
export const frameBytesMax = 0xffffff;

/** A control frame longer than this ends the connection; the longest honest one names a stream. */
export const controlFrameBytesMax = 64 * 1024;

const version = 3;
const headBytes = 8;

export interface FrameHandlers {
  /** Part of a data frame's bytes, perhaps none; `fin` with the last of a frame that ends the stream. */
  onData(streamId: number, bytes: Uint8Array, fin: boolean): void;
  onControl(type: number, flags: number, body: Uint8Array): void;
}

export class SpdyError extends Error {}

/** Takes bytes as they come. Data is handed on at once, never gathered. */
export class FrameReader {
  readonly #handlers: FrameHandlers;
  #gathered: Buffer = Buffer.alloc(0);
  /** Of the data frame that is under way. */
  #data: { streamId: number; fin: boolean; left: number } | undefined;

  constructor(handlers: FrameHandlers) {
    this.#handlers = handlers;
  }

  /** Throws SpdyError for what is no SPDY. */
  push(chunk: Uint8Array): void {
    let rest: Buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.#gathered.length > 0) rest = Buffer.concat([this.#gathered, rest]);
    this.#gathered = Buffer.alloc(0);
    for (;;) {
      const taken = this.#data === undefined ? this.#takeFrame(rest) : this.#takeData(rest);
      if (taken === 0) break;
      rest = rest.subarray(taken);
    }
    // A copy: the chunk may be a small part of a large buffer.
    if (rest.length > 0) this.#gathered = Buffer.from(rest);
  }

  /** How much of `bytes` it took; 0: it needs more. */
  #takeFrame(bytes: Buffer): number {
    if (bytes.length < headBytes) return 0;
    const word = bytes.readUInt32BE(0);
    const flags = bytes.readUInt8(4);
    const length = bytes.readUIntBE(5, 3);
    if (word < 0x80000000)
      return this.#startData({ streamId: word, fin: (flags & finFlag) !== 0, left: length });
    if (((word >>> 16) & 0x7fff) !== version) throw new SpdyError('not a SPDY/3 frame');
    if (length > controlFrameBytesMax) throw new SpdyError(`a control frame of ${length} bytes is too long`);
    if (bytes.length < headBytes + length) return 0;
    const body = bytes.subarray(headBytes, headBytes + length);
    this.#handlers.onControl(word & 0xffff, flags, body);
    return headBytes + length;
  }

  #startData(data: { streamId: number; fin: boolean; left: number }): number {
    if (data.streamId === 0) throw new SpdyError('data without a stream');
    if (data.left === 0) this.#handlers.onData(data.streamId, new Uint8Array(0), data.fin);
    else this.#data = data;
    return headBytes;
  }

  #takeData(bytes: Buffer): number {
    const data = this.#data!;
    const taken = Math.min(bytes.length, data.left);
    if (taken === 0) return 0;
    data.left -= taken;
    const isLast = data.left === 0;
    if (isLast) this.#data = undefined;
    this.#handlers.onData(data.streamId, bytes.subarray(0, taken), isLast && data.fin);
    return taken;
  }
}

export function controlFrame(type: number, flags: number, body: Uint8Array): Buffer {
  if (body.length > frameBytesMax) throw new RangeError(`a frame holds at most ${frameBytesMax} bytes`);
  const frame = Buffer.alloc(headBytes + body.length);
  frame.writeUInt16BE(0x8000 | version, 0);
  frame.writeUInt16BE(type, 2);
  frame.writeUInt8(flags, 4);
  frame.writeUIntBE(body.length, 5, 3);
  frame.set(body, headBytes);
  return frame;
}

/** The head of a data frame; its bytes follow. */
export function dataHead(streamId: number, length: number, fin: boolean): Buffer {
  if (length > frameBytesMax) throw new RangeError(`a frame holds at most ${frameBytesMax} bytes`);
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(streamId, 0);
  head.writeUInt8(fin ? finFlag : 0, 4);
  head.writeUIntBE(length, 5, 3);
  return head;
}

/** Numbers of 32 bits, one after the other: the bodies of most control frames. */
export function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, index * 4);
  return bytes;
}
