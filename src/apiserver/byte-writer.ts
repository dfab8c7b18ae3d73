/** Joins texts and bytes in a buffer that is used again and again: strings joined first would be garbage twice over. */
import { encodeBufferBytes } from './limits.ts';

export class ByteWriter {
  #buffer = Buffer.allocUnsafeSlow(encodeBufferBytes);
  #length = 0;

  text(text: string): void {
    // UTF-8 takes three bytes at most for what is one unit of a JavaScript string.
    this.#reserve(text.length * 3);
    this.#length += this.#buffer.write(text, this.#length);
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** All of it, in bytes of its own, and begins anew. */
  take(): Uint8Array {
    const taken = Buffer.allocUnsafeSlow(this.#length);
    this.#buffer.copy(taken, 0, 0, this.#length);
    this.#length = 0;
    // One large object does not make the buffer large for ever.
    if (this.#buffer.length > encodeBufferBytes) this.#buffer = Buffer.allocUnsafeSlow(encodeBufferBytes);
    return taken;
  }

  /** What was written before something failed is not part of what comes next. */
  clear(): void {
    this.#length = 0;
  }

  #reserve(more: number): void {
    const wanted = this.#length + more;
    if (wanted <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}
