/** Randomness as an argument: the real source in production, a seeded one in tests and simulation. */
export interface Random {
  /** A float in [0, 1). */
  next(): number;
  /** A random (version 4) UUID, RFC 9562, lower case. */
  uuid(): string;
}

/** An integer in [0, below). */
export function randomInteger(random: Random, below: number): number {
  return Math.floor(random.next() * below);
}

/** The letters that generated names use: no vowels and no look-alikes, so that no word is spelled by chance. */
const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789';

/** A random suffix of `length` characters for generated names. */
export function randomSuffix(random: Random, length = 5): string {
  let suffix = '';
  for (let index = 0; index < length; index++)
    suffix += suffixLetters[randomInteger(random, suffixLetters.length)];
  return suffix;
}

/** A deterministic source (mulberry32) for tests and simulation. Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const hex = (digits: number) => {
    let text = '';
    while (text.length < digits) text += Math.floor(next() * 16).toString(16);
    return text;
  };
  return {
    next,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[Math.floor(next() * 4)]}${hex(3)}-${hex(12)}`,
  };
}
