/**
 * Which node port comes next: as with addresses, the lower band is left to ports that people choose by hand.
 * Source: KEP-3668; pkg/registry/core/service/portallocator/allocator.go.
 */
import { type Random, randomInteger } from '../lib/random.ts';

const bandMin = 16;
const bandMax = 128;
const bandStep = 32;

/** Both bounds are inclusive. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export const nodePortRangeDefault: PortRange = { first: 30_000, last: 32_767 };

/** `30000-32767` */
export const formatPortRange = (range: PortRange): string => `${range.first}-${range.last}`;

export const portInRange = (range: PortRange, port: number): boolean =>
  port >= range.first && port <= range.last;

/** How many ports the lower band has: min(max(16, size/32), 128), and none in a range of 16 or fewer. */
export function staticPortBandSize(size: number): number {
  return size <= bandMin ? 0 : Math.min(Math.max(bandMin, Math.floor(size / bandStep)), bandMax);
}

function nextInBand(
  first: number,
  last: number,
  { random, isTaken }: { random: Random; isTaken: (port: number) => boolean },
): number | undefined {
  const size = last - first + 1;
  if (size <= 0) return undefined;
  const start = randomInteger(random, size);
  for (let step = 0; step < size; step++) {
    const port = first + ((start + step) % size);
    if (!isTaken(port)) return port;
  }
  return undefined;
}

/** A port that nobody has; undefined when all are taken. */
export function nextPort(
  range: PortRange,
  options: { random: Random; isTaken: (port: number) => boolean },
): number | undefined {
  const dynamicFirst = range.first + staticPortBandSize(range.last - range.first + 1);
  return nextInBand(dynamicFirst, range.last, options) ?? nextInBand(range.first, dynamicFirst - 1, options);
}
