/**
 * The form in which runtimes write logs: `<time> <stream> <tag> <content>` and a newline; tag P says that the content goes
 * on in the next entry, F that it ends here. Source: parseCRILog of kubelet/kuberuntime/logs.
 */
import { logLimits } from './limits.ts';

export interface EntryHeader {
  /** Milliseconds since the epoch, rounded down. */
  readonly time: number;
  /** As it is shown: nine digits behind the point, in the zone in which it was written. */
  readonly timeText: string;
  readonly stream: 'stdout' | 'stderr';
  /** The content goes on in another entry. */
  readonly isPartial: boolean;
}

/** Is told of entries piece by piece: however long they are, none is kept whole. */
export interface EntrySink {
  start(header: EntryHeader): void;
  /** Some of the content, without the newline. Only valid during the call. */
  content(bytes: Buffer): void;
  end(): void;
}

const headerPattern =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) (stdout|stderr) ([^ ]*) $/;

/** Of the text in front of the content, with the space behind it; undefined when it is none. */
export function parseHeader(text: string): EntryHeader | undefined {
  const match = headerPattern.exec(text);
  if (match === null) return undefined;
  const [, second = '', fraction = '', zone = '', stream, tag = ''] = match;
  const digits = fraction.padEnd(9, '0');
  const time = Date.parse(`${second}.${digits.slice(0, 3)}${zone}`);
  if (Number.isNaN(time)) return undefined;
  return {
    time,
    timeText: `${second}.${digits}${zone}`,
    stream: stream as 'stdout' | 'stderr',
    // There may be more tags, behind colons.
    isPartial: tag === 'P' || tag.startsWith('P:'),
  };
}

const newline = 0x0a;
const space = 0x20;
const spacesOfHeader = 3;

/** Takes a log apart, in pieces of any size. Lines that are no entries are left out. */
export class EntryParser {
  readonly #sink: EntrySink;
  readonly #header = Buffer.alloc(logLimits.headerBytesMax);
  #headerBytes = 0;
  #spaces = 0;
  #part: 'header' | 'content' | 'noEntry' = 'header';

  constructor(sink: EntrySink) {
    this.#sink = sink;
  }

  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#part === 'header') {
        at = this.#pushHeader(bytes, at);
        continue;
      }
      const found = bytes.indexOf(newline, at);
      const end = found < 0 ? bytes.length : found;
      if (this.#part === 'content' && end > at) this.#sink.content(bytes.subarray(at, end));
      if (found >= 0) {
        if (this.#part === 'content') this.#sink.end();
        this.#startOver();
      }
      at = end + 1;
    }
  }

  /** The rest of what was begun will not come. */
  reset(): void {
    this.#startOver();
  }

  #startOver(): void {
    this.#part = 'header';
    this.#headerBytes = 0;
    this.#spaces = 0;
  }

  /** Returns where it has read to. */
  #pushHeader(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte === newline) {
        this.#startOver();
        continue;
      }
      if (this.#headerBytes === this.#header.length) {
        this.#part = 'noEntry';
        return at;
      }
      this.#header[this.#headerBytes++] = byte;
      if (byte !== space || ++this.#spaces < spacesOfHeader) continue;
      const header = parseHeader(this.#header.toString('latin1', 0, this.#headerBytes));
      this.#part = header === undefined ? 'noEntry' : 'content';
      if (header !== undefined) this.#sink.start(header);
      return at + 1;
    }
    return bytes.length;
  }
}
