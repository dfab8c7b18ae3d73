/** From a log's entries to the bytes that a reader asked for. Source: logWriter of kubelet/kuberuntime/logs. */
import type { EntryHeader, EntrySink } from './entry.ts';

export interface LogSelection {
  /** Entries that are older are left out; milliseconds since the epoch. */
  readonly since?: number;
  readonly timestamps?: boolean;
  /** Bytes of output, times and newlines among them. */
  readonly limitBytes?: number;
  /** Without: both. */
  readonly stream?: 'stdout' | 'stderr';
}

const newline = Buffer.from('\n');

export class LogOutput implements EntrySink {
  readonly #selection: LogSelection;
  readonly #pieces: Buffer[] = [];
  #bytesLeft: number;
  #entriesLeft: number;
  #isWanted = false;
  #isPartial = false;
  #isEmpty = true;
  /** A line that is written in several entries is shown with one time, its first. */
  #startsLine = true;

  /** `entriesMax`: so many are looked at, shown or not. */
  constructor(selection: LogSelection, entriesMax = Number.POSITIVE_INFINITY) {
    this.#selection = selection;
    this.#bytesLeft = selection.limitBytes ?? Number.POSITIVE_INFINITY;
    this.#entriesLeft = entriesMax;
  }

  /** Nothing will be added any more. */
  get isComplete(): boolean {
    return this.#bytesLeft <= 0 || this.#entriesLeft <= 0;
  }

  start(header: EntryHeader): void {
    const { since, stream, timestamps } = this.#selection;
    this.#isWanted =
      this.#entriesLeft > 0 &&
      (since === undefined || header.time >= since) &&
      (stream === undefined || header.stream === stream);
    this.#isPartial = header.isPartial;
    this.#isEmpty = true;
    if (this.#isWanted && timestamps === true && this.#startsLine)
      this.#add(Buffer.from(`${header.timeText} `, 'latin1'));
  }

  content(bytes: Buffer): void {
    if (!this.#isWanted) return;
    this.#isEmpty = false;
    this.#add(Buffer.from(bytes));
  }

  end(): void {
    this.#entriesLeft--;
    if (!this.#isWanted) return;
    if (!this.#isPartial) this.#add(newline);
    this.#startsLine = !this.#isPartial || this.#isEmpty;
  }

  /** What has come together since the last time. */
  take(): Buffer {
    return Buffer.concat(this.#pieces.splice(0));
  }

  #add(bytes: Buffer): void {
    if (this.#bytesLeft <= 0) return;
    const kept = bytes.length > this.#bytesLeft ? bytes.subarray(0, this.#bytesLeft) : bytes;
    this.#bytesLeft -= kept.length;
    this.#pieces.push(kept);
  }
}
