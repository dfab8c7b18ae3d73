/** Answers of other servers, for as long as they hold, the least lately used thrown out first. */
import type { ForeignAnswer } from './foreign-answer.ts';
import { cachedAnswersMax, cachedBytesMax } from './limits.ts';

interface Kept {
  readonly answer: ForeignAnswer;
  readonly since: number;
}

/** What an entry costs beside its bytes, roughly. */
const entryBytes = 300;
const costOf = (key: string, { body }: ForeignAnswer): number => entryBytes + key.length + body.length;

export class AnswerCache {
  readonly #entries = new Map<string, Kept>();
  readonly #bounds: { readonly entries: number; readonly bytes: number };
  #bytes = 0;

  constructor(bounds = { entries: cachedAnswersMax, bytes: cachedBytesMax }) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** `now` in milliseconds; the age of what is found in whole seconds. */
  get(key: string, now: number): { answer: ForeignAnswer; age: number } | undefined {
    const kept = this.#entries.get(key);
    if (kept === undefined) return undefined;
    const age = Math.floor((now - kept.since) / 1000);
    this.#entries.delete(key);
    if (age < 0 || age >= kept.answer.seconds) {
      this.#bytes -= costOf(key, kept.answer);
      return undefined;
    }
    this.#entries.set(key, kept);
    return { answer: kept.answer, age };
  }

  set(key: string, answer: ForeignAnswer, now: number): void {
    const old = this.#entries.get(key);
    if (old !== undefined) this.#remove(key, old);
    const cost = costOf(key, answer);
    if (answer.seconds <= 0 || cost > this.#bounds.bytes) return;
    this.#entries.set(key, { answer, since: now });
    this.#bytes += cost;
    for (const [oldest, kept] of this.#entries) {
      if (this.#entries.size <= this.#bounds.entries && this.#bytes <= this.#bounds.bytes) break;
      this.#remove(oldest, kept);
    }
  }

  #remove(key: string, { answer }: Kept): void {
    this.#entries.delete(key);
    this.#bytes -= costOf(key, answer);
  }
}
