/**
 * What every store does, as tests. `memory.test.ts` and `sqlite.test.ts` run all of it, with the real limits and with
 * tiny ones, under which pages, groups and the history in memory are a few entries long.
 */
import { describe } from 'node:test';
import { commitContract } from './contract-commit.ts';
import { compactContract } from './contract-compact.ts';
import { rangeContract } from './contract-range.ts';
import type { StoreFactory } from './contract-tools.ts';
import { watchContract } from './contract-watch.ts';
import type { StoreLimits } from './limits.ts';

const tinyLimits: Partial<StoreLimits> = {
  groupCommitsMax: 3,
  pageEntriesMax: 2,
  pageBytesMax: 64,
  replayRevisionsMax: 2,
  replaysMax: 1,
  historyEventsMax: 3,
  compactionRowsMax: 2,
  compactionPagesMax: 1,
};

export function storeContract(name: string, open: StoreFactory): void {
  for (const [size, limits] of Object.entries({ 'real limits': {}, 'tiny limits': tinyLimits }))
    describe(`${name} store with ${size}`, () => {
      const openWith: StoreFactory = (context, more) => open(context, { ...limits, ...more });
      commitContract(openWith);
      rangeContract(openWith);
      watchContract(openWith);
      compactContract(openWith);
    });
}
