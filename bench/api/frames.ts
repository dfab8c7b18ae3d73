/**
 * HTTP/2 as a load generator needs it: requests are made into frames before the clock runs, and of an answer only its
 * status and its length are read. What the client takes of two processors, the server does not get; node:http2 takes as
 * much for a request as a whole bare server. Source: RFC 9113 (frames), RFC 7541 (header compression).
 */
import type { WireRequest } from './wire.ts';

const frameHeaderBytes = 9;
const type = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
} as const;
const flag = { endStream: 1, acknowledge: 1, endHeaders: 4 } as const;

/** Of SETTINGS: no header of an answer refers to an earlier answer, so that each status can be read alone. */
const headerTableSize = 1;
const initialWindowSize = 4;
const windowMax = 2 ** 31 - 1;
const windowDefault = 2 ** 16 - 1;
/** What every peer takes, unless it says more. */
const frameBytesMax = 2 ** 14;

export const preface = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  frame(type.settings, { payload: settings([headerTableSize, 0], [initialWindowSize, windowMax]) }),
  windowUpdate(windowMax - windowDefault),
]);

function frame(
  kind: number,
  { flags = 0, stream = 0, payload = Buffer.alloc(0) }: { flags?: number; stream?: number; payload?: Buffer },
): Buffer {
  const made = Buffer.alloc(frameHeaderBytes + payload.length);
  made.writeUIntBE(payload.length, 0, 3);
  made[3] = kind;
  made[4] = flags;
  made.writeUInt32BE(stream, 5);
  payload.copy(made, frameHeaderBytes);
  return made;
}

function settings(...pairs: [identifier: number, value: number][]): Buffer {
  const payload = Buffer.alloc(6 * pairs.length);
  for (const [index, [identifier, value]] of pairs.entries()) {
    payload.writeUInt16BE(identifier, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  }
  return payload;
}

function windowUpdate(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(type.windowUpdate, { payload });
}

/** An integer behind a prefix of `bits` bits. */
function integer(value: number, bits: number): number[] {
  const most = 2 ** bits - 1;
  if (value < most) return [value];
  const bytes = [most];
  let rest = value - most;
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128);
  return [...bytes, rest];
}

/** Of the static table: names whose values are given. */
const nameIndex = { ':authority': 1, ':method': 2, ':path': 4, ':scheme': 6, 'content-type': 31 } as const;

/** A header as it is, which nobody need remember. */
function literal(name: keyof typeof nameIndex, value: string): Buffer {
  const text = Buffer.from(value, 'latin1');
  return Buffer.concat([Buffer.from([...integer(nameIndex[name], 4), ...integer(text.length, 7)]), text]);
}

/** The whole request in one piece, for the stream of that number. */
export function requestFrames({ method, path, contentType, body }: WireRequest, stream: number): Buffer {
  const headers = Buffer.concat([
    literal(':method', method),
    literal(':scheme', 'https'),
    literal(':authority', '127.0.0.1'),
    literal(':path', path),
    ...(contentType === undefined ? [] : [literal('content-type', contentType)]),
  ]);
  const payload = body === undefined ? undefined : Buffer.from(body);
  if (payload !== undefined && payload.length > frameBytesMax)
    throw new RangeError(`a body of ${payload.length} bytes; ${frameBytesMax} at most go into one frame`);
  const flags = flag.endHeaders | (payload === undefined ? flag.endStream : 0);
  const made = frame(type.headers, { flags, stream, payload: headers });
  if (payload === undefined) return made;
  return Buffer.concat([made, frame(type.data, { flags: flag.endStream, stream, payload })]);
}

/** Digits that Huffman coding makes of five bits: 0, 1, 2; the others have six. */
function digits(bytes: Uint8Array, count: number): number {
  let [bits, at, value] = [0, 0, 0];
  const read = (many: number): number => {
    let found = 0;
    for (let index = 0; index < many; index++, at++)
      found = (found << 1) | (((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1);
    return found;
  };
  for (; bits < count; bits++) {
    const five = read(5);
    value = value * 10 + (five < 3 ? five : ((five << 1) | read(1)) - 0b011001 + 3);
  }
  return value;
}

/** `:status` stands first in the headers of an answer. In the static table some have places of their own. */
const indexed = new Map([200, 204, 206, 304, 400, 404, 500].map((status, index) => [0x88 + index, status]));

/** Throws when it is none. */
export function statusOf(headers: Uint8Array): number {
  let at = 0;
  // The size of the table, which we have asked for.
  while (((headers[at] ?? 0) & 0xe0) === 0x20) at++;
  const known = indexed.get(headers[at] ?? 0);
  if (known !== undefined) return known;
  const length = headers[at + 1] ?? 0;
  const text = headers.subarray(at + 2, at + 2 + (length & 127));
  const status = length & 128 ? digits(text, 3) : Number(Buffer.from(text).toString('latin1'));
  if (!(status >= 100 && status < 600))
    throw new Error(`no status in ${Buffer.from(headers).toString('hex')}`);
  return status;
}

/** What a client does with what it reads. */
export interface Reader {
  onStatus(stream: number, status: number): void;
  onData(stream: number, payload: Buffer): void;
  onEnd(stream: number): void;
  /** The peer takes so many more bytes on the connection. */
  onWindow(bytes: number): void;
  /** To be sent back. */
  onReply(frames: Buffer): void;
}

/** Reads frames from chunks that begin and end anywhere. Throws when the peer resets a stream or goes away. */
export class FrameParser {
  readonly #reader: Reader;
  #rest: Buffer = Buffer.alloc(0);
  #consumed = 0;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= frameHeaderBytes) {
      const length = bytes.readUIntBE(at, 3);
      const end = at + frameHeaderBytes + length;
      if (end > bytes.length) break;
      this.#take(bytes.subarray(at, end));
      at = end;
    }
    this.#rest = bytes.subarray(at);
    // Half of what the peer may send without hearing from us.
    if (this.#consumed < windowMax / 2) return;
    this.#reader.onReply(windowUpdate(this.#consumed));
    this.#consumed = 0;
  }

  #take(bytes: Buffer): void {
    const [kind, flags] = [bytes[3], bytes[4] ?? 0];
    const stream = bytes.readUInt32BE(5);
    const payload = bytes.subarray(frameHeaderBytes);
    if (kind === type.headers) this.#reader.onStatus(stream, statusOf(payload));
    else if (kind === type.data) {
      this.#consumed += payload.length;
      this.#reader.onData(stream, payload);
    } else if (kind === type.windowUpdate && stream === 0) this.#reader.onWindow(payload.readUInt32BE(0));
    else if ((kind === type.settings || kind === type.ping) && (flags & flag.acknowledge) === 0)
      this.#reader.onReply(
        frame(kind, {
          flags: flag.acknowledge,
          ...(kind === type.ping && { payload: Buffer.from(payload) }),
        }),
      );
    else if (kind === type.resetStream || kind === type.goAway)
      throw new Error(
        `the server ended ${kind === type.goAway ? 'the connection' : `stream ${stream}`}: ${payload.toString('hex')}`,
      );
    if ((kind === type.headers || kind === type.data) && (flags & flag.endStream) !== 0)
      this.#reader.onEnd(stream);
  }
}
