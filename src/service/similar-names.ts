/** Which names somebody may have meant who wrote another. */
import { suggestionsMax } from './limits.ts';

/** Insertions, deletions, replacements and swaps of neighbours that make one from the other. Names are at most 63 long. */
export function editDistance(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      let best = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (isSame ? 0 : 1));
      const isSwap =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      if (isSwap) best = Math.min(best, beforeLast[column - 2]! + 1);
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return last[other.length]!;
}

/** A third of the letters may be wrong; or one name is the beginning or the end of the other. */
function unlikeness(wanted: string, name: string): number | undefined {
  const distance = editDistance(wanted, name);
  if (distance <= Math.max(1, Math.floor(wanted.length / 3))) return distance;
  const [short, long] = wanted.length < name.length ? [wanted, name] : [name, wanted];
  if (short.length >= 2 && (long.startsWith(`${short}-`) || long.endsWith(`-${short}`))) return 100;
  return undefined;
}

/** The nearest first, equal ones by name. */
export function similarNames(wanted: string, names: Iterable<string>): string[] {
  const known = [...new Set(names)].flatMap((name) => {
    const distance = unlikeness(wanted.toLowerCase(), name.toLowerCase());
    return distance === undefined || name === wanted ? [] : [{ name, distance }];
  });
  return known
    .sort((one, other) => one.distance - other.distance || (one.name < other.name ? -1 : 1))
    .slice(0, suggestionsMax)
    .map(({ name }) => name);
}
