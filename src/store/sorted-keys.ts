import { compareKeys } from './keys.ts';

/** A chunk is split in two when it has more keys than this: inserting moves so many at most. */
const chunkKeysMax = 512;

/** A set of keys in byte order, in sorted chunks: cheap to add to and to walk, a few bytes a key. */
export class SortedKeys {
  /** None is empty, except the only one. */
  readonly #chunks: string[][] = [[]];

  add(key: string): void {
    const position = this.#chunkOf(key);
    const chunk = this.#chunks[position]!;
    const index = lowerBound(chunk, key);
    if (chunk[index] === key) return;
    chunk.splice(index, 0, key);
    if (chunk.length > chunkKeysMax) this.#chunks.splice(position + 1, 0, chunk.splice(chunkKeysMax / 2));
  }

  delete(key: string): void {
    const position = this.#chunkOf(key);
    const chunk = this.#chunks[position]!;
    const index = lowerBound(chunk, key);
    if (chunk[index] !== key) return;
    chunk.splice(index, 1);
    if (chunk.length === 0 && this.#chunks.length > 1) this.#chunks.splice(position, 1);
  }

  /** The keys in [from, to), in order. The set must not change meanwhile. */
  *range(from: string, to: string): Generator<string> {
    let position = this.#chunkOf(from);
    let index = lowerBound(this.#chunks[position]!, from);
    for (; position < this.#chunks.length; position++, index = 0) {
      const chunk = this.#chunks[position]!;
      for (; index < chunk.length; index++) {
        const key = chunk[index]!;
        if (compareKeys(key, to) >= 0) return;
        yield key;
      }
    }
  }

  /** The last chunk that begins at or below the key. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (compareKeys(this.#chunks[middle]![0]!, key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle]!, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
