/**
 * What was wanted lately: controllers see the world late, so what was right a moment ago may still be done. One memory
 * for each world and each use.
 */
import { lateMilliseconds } from './limits.ts';
import type { World } from './world.ts';

interface Entry {
  readonly value: number;
  /** While it is the latest: for ever. */
  until: number;
}

export class Lately {
  readonly #worlds = new WeakMap<World, Map<string, Entry[]>>();

  /** From now on it is this. */
  note(world: World, key: string, { value, at }: { value: number; at: number }): void {
    const all = this.#worlds.get(world) ?? new Map<string, Entry[]>();
    this.#worlds.set(world, all);
    const known = (all.get(key) ?? []).filter(({ until }) => until >= at);
    const latest = known.at(-1);
    if (latest?.value === value) return;
    if (latest !== undefined) latest.until = Math.min(latest.until, at + lateMilliseconds);
    known.push({ value, until: Number.POSITIVE_INFINITY });
    all.set(key, known);
  }

  /** The most that it was lately; `otherwise` when nothing was noted. */
  most(world: World, key: string, { at, otherwise }: { at: number; otherwise: number }): number {
    const values = (this.#worlds.get(world)?.get(key) ?? []).filter(({ until }) => until >= at);
    return values.length === 0 ? otherwise : Math.max(...values.map(({ value }) => value));
  }
}
