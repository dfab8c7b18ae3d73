/**
 * Names and values as SPDY/3 has them: one compressed stream for all header blocks of a direction. Writing, nothing is
 * compressed: blocks that are stored as they are need no state, and no thread. (RFC 1950, RFC 1951 3.2.4)
 */
import { SpdyError } from './frames.ts';

const storedBytesMax = 0xffff;
const zlibHead = Buffer.from([0x78, 0x01]);
/** An empty stored block: what comes before it can be read in full. */
const flushMark = Buffer.from([0, 0, 0, 0xff, 0xff]);

/** The bytes before compression. */
export function headerBytes(headers: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(headers);
  const count = Buffer.alloc(4);
  count.writeUInt32BE(entries.length);
  const texts = entries.flat().flatMap((text) => {
    const bytes = Buffer.from(text, 'latin1');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat([count, ...texts]);
}

/** Makes the header blocks of one direction of one connection. */
export class HeaderWriter {
  #isFirst = true;

  /** Names must be lower case. */
  write(headers: Readonly<Record<string, string>>): Buffer {
    const bytes = headerBytes(headers);
    const parts: Buffer[] = this.#isFirst ? [zlibHead] : [];
    this.#isFirst = false;
    for (let at = 0; at < bytes.length; at += storedBytesMax) {
      const piece = bytes.subarray(at, at + storedBytesMax);
      const head = Buffer.alloc(5);
      head.writeUInt16LE(piece.length, 1);
      head.writeUInt16LE(~piece.length & 0xffff, 3);
      parts.push(head, piece);
    }
    parts.push(flushMark);
    return Buffer.concat(parts);
  }
}

/** Reads what `headerBytes` makes; more bytes may follow. Throws SpdyError. */
export function parseHeaderBytes(bytes: Buffer): Map<string, string> {
  let at = 0;
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new SpdyError('a header block ends too early');
    at += length;
    return bytes.subarray(at - length, at);
  };
  const takeText = () => take(take(4).readUInt32BE()).toString('latin1');
  const headers = new Map<string, string>();
  const count = take(4).readUInt32BE();
  // Each takes eight bytes at least: a count that cannot be is found before anything is made for it.
  if (count * 8 > bytes.length) throw new SpdyError('a header block ends too early');
  for (let index = 0; index < count; index++) {
    const name = takeText();
    headers.set(name, takeText());
  }
  return headers;
}
