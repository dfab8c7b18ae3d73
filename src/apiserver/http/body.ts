/** Gathers a request's body, bounded. */

const emptyBody = new Uint8Array(0);

/** What all bodies of a server hold together. */
export interface BodyAccount {
  bytes: number;
}

export type BodyFault = 'too-large' | 'no-room';

export class BodyCollector {
  readonly #bytesMax: number;
  readonly #account: BodyAccount;
  readonly #accountBytesMax: number;
  #held: Uint8Array = emptyBody;
  #length = 0;
  #counted = 0;

  constructor(account: BodyAccount, bounds: { bytesMax: number; accountBytesMax: number }) {
    this.#account = account;
    this.#bytesMax = bounds.bytesMax;
    this.#accountBytesMax = bounds.accountBytesMax;
  }

  /**
   * Takes a chunk. The first is kept as it is, because most bodies are one chunk; from the second on bytes are copied
   * into a buffer that doubles: a list of one-byte chunks would hold a read buffer of 64 KiB each.
   */
  add(chunk: Uint8Array): BodyFault | undefined {
    const length = this.#length + chunk.length;
    if (length > this.#bytesMax) return 'too-large';
    if (this.#length === 0) {
      this.#held = chunk;
      this.#length = length;
      return this.#count(chunk.length);
    }
    if (length > this.#held.length) {
      const capacity = Math.min(this.#bytesMax, Math.max(length, this.#held.length * 2, 16 * 1024));
      const fault = this.#count(capacity);
      if (fault !== undefined) return fault;
      const grown = new Uint8Array(capacity);
      grown.set(this.#held.subarray(0, this.#length));
      this.#held = grown;
    }
    this.#held.set(chunk, this.#length);
    this.#length = length;
    return undefined;
  }

  body(): Uint8Array {
    return this.#length === this.#held.length ? this.#held : this.#held.subarray(0, this.#length);
  }

  /** Gives the bytes back to the account. */
  release(): void {
    this.#account.bytes -= this.#counted;
    this.#counted = 0;
    this.#held = emptyBody;
    this.#length = 0;
  }

  #count(bytes: number): BodyFault | undefined {
    if (this.#account.bytes + bytes - this.#counted > this.#accountBytesMax) return 'no-room';
    this.#account.bytes += bytes - this.#counted;
    this.#counted = bytes;
    return undefined;
  }
}

/** The length that the headers promise; undefined when they promise none or nonsense (the parser refuses nonsense). */
export function declaredLength(contentLength: string | undefined): number | undefined {
  if (contentLength === undefined || !/^\d{1,15}$/.test(contentLength)) return undefined;
  return Number(contentLength);
}

export { emptyBody };
