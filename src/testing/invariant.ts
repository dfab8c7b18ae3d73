/** What must hold in every history of a cluster: looked at in each change as it is committed, between changes, in peace. */
import type { World, WorldChange } from './world.ts';

export interface Invariant {
  readonly name: string;
  /** What is wrong with a change, given the world after it. */
  onChange?(change: WorldChange, world: World): Iterable<string>;
  /** What is wrong with the world now, in whatever trouble it is. */
  always?(world: World): Iterable<string>;
  /** What is wrong with a world in which nothing was asked for and nothing failed for a long time. */
  settled?(world: World): Iterable<string>;
}
