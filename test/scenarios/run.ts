/** One random history while it goes on. */
import { randomInteger } from '../../src/lib/random.ts';
import type { Simulation } from '../../src/testing/simulation.ts';
import type { FollowedWorld } from '../../src/testing/world.ts';

export interface Run {
  readonly simulation: Simulation;
  readonly world: FollowedWorld;
  /** Things that were created: names are never used twice. */
  made: number;
  /** What is done later, at a time of the clock, or at the latest when peace begins. */
  readonly later: { readonly at: number; readonly act: Act }[];
}

/** Does one thing and tells what; undefined: there is nothing to do it to. */
export type Act = (run: Run) => Promise<string | undefined>;

export const pick = <Value>(run: Run, values: readonly Value[]): Value | undefined =>
  values[randomInteger(run.simulation.random, values.length)];

/** From 0 on. */
export const number = (run: Run, below: number): number => randomInteger(run.simulation.random, below);

/** `default`, or one that was made and is not being deleted. */
export function pickNamespace(run: Run): string {
  const made = run.world
    .of('core/namespaces')
    .filter(({ metadata }) => metadata.name?.startsWith('team-') && metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.name ?? '');
  return pick(run, ['default', 'default', ...made]) ?? 'default';
}
