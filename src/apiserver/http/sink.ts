import type { Writable } from 'node:stream';
import { responseBlockBytes } from '../limits.ts';
import type { Sink } from '../request.ts';

/**
 * Joins what is written in one turn of the event loop into one write, and lets one write be under way at a time. So a
 * burst of events costs one frame, one encryption and one system call per watcher, and `pendingBytes` is exact: a
 * chunk counts until the transport has taken it.
 */
export class BufferedSink implements Sink {
  readonly #target: Writable;
  readonly #onEnded: () => void;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #bytesUnderWay = 0;
  #scheduled = false;
  #ending = false;
  #closed = false;
  #onDrain: (() => void) | undefined;

  /** `onEnded` is called once when the writer has called `end`. */
  constructor(target: Writable, onEnded: () => void) {
    this.#target = target;
    this.#onEnded = onEnded;
  }

  write(chunk: Uint8Array): void {
    if (this.#ending || this.#closed || chunk.length === 0) return;
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.length;
    this.#schedule();
  }

  pendingBytes(): number {
    return this.#queuedBytes + this.#bytesUnderWay;
  }

  end(): void {
    if (this.#ending || this.#closed) return;
    this.#ending = true;
    this.#schedule();
    this.#onEnded();
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  abort(): void {
    this.close();
    this.#target.destroy();
  }

  /** The client has gone: nothing will be written any more. */
  close(): void {
    this.#closed = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#bytesUnderWay = 0;
  }

  #schedule(): void {
    if (this.#scheduled || this.#bytesUnderWay > 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#closed) return;
    if (this.#queuedBytes === 0) {
      if (this.#ending) this.#target.end();
      return;
    }
    const block = this.#takeBlock();
    this.#bytesUnderWay = block.length;
    this.#target.write(block, () => {
      this.#bytesUnderWay = 0;
      if (this.#queuedBytes === 0 && !this.#closed) this.#onDrain?.();
      this.#flush();
    });
  }

  /** The queue, or as much of it as makes one block. */
  #takeBlock(): Uint8Array {
    let count = 0;
    let bytes = 0;
    while (count < this.#queue.length && (count === 0 || bytes < responseBlockBytes))
      bytes += this.#queue[count++]!.length;
    const chunks = count === this.#queue.length ? this.#queue : this.#queue.slice(0, count);
    this.#queue = count === this.#queue.length ? [] : this.#queue.slice(count);
    this.#queuedBytes -= bytes;
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes);
  }
}
