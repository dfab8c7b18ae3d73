/** One random history while it goes on. */
import { randomInteger } from '../../src/lib/random.ts';
import type { Simulation } from '../../src/testing/simulation.ts';
import type { FollowedWorld } from '../../src/testing/world.ts';

export interface Run {
  readonly simulation: Simulation;
  readonly world: FollowedWorld;
  /** Things that were created: names are never used twice. */
  made: number;
}

/** Does one thing and tells what; undefined: there is nothing to do it to. */
export type Act = (run: Run) => Promise<string | undefined>;

export const pick = <Value>(run: Run, values: readonly Value[]): Value | undefined =>
  values[randomInteger(run.simulation.random, values.length)];
