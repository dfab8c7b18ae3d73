import { InvalidKeyError } from './errors.ts';

/** UTF-16 order and byte order differ only where both strings have a unit from here up (RFC 3629, section 1). */
const beyondSurrogates = /[\ud800-\uffff]/;

/** UTF-8 puts what UTF-16 writes as surrogates above all else. */
function byteRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** Below, equal to or above zero as the UTF-8 bytes of `left` stand to those of `right`. */
export function compareKeys(left: string, right: string): number {
  if (left === right) return 0;
  if (!beyondSurrogates.test(left) || !beyondSurrogates.test(right)) return left < right ? -1 : 1;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const difference = byteRank(left.charCodeAt(index)) - byteRank(right.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Tells whether a key is in [from, to). */
export function rangeMatcher(from: string, to: string): (key: string) => boolean {
  if (!beyondSurrogates.test(from) && !beyondSurrogates.test(to)) return (key) => key >= from && key < to;
  return (key) => compareKeys(key, from) >= 0 && compareKeys(key, to) < 0;
}

/** A lone surrogate has no UTF-8 bytes: two such keys would become one in a file. */
export function checkKey(key: string): void {
  if (key === '' || !key.isWellFormed()) throw new InvalidKeyError(key);
}
