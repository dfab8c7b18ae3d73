/** Compaction: every five minutes, what is older than five minutes is forgotten. Source: upstream's default interval. */
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { Store } from '../store/store.ts';
import { registryPrefix } from './keys.ts';

const compactionMilliseconds = 5 * 60_000;

/** Returns the function that stops it. A failure is logged and tried again at the next turn. */
export function startCompaction(options: { store: Store; clock: Clock; log: Logger }): () => void {
  const { store, clock, log } = options;
  let cancel: () => void = () => {};
  let stopped = false;
  /** The newest revision at the last turn: what is older than one interval. */
  let previous = 0;
  const turn = async () => {
    const { revision } = await store.range({ from: registryPrefix, limit: 0 });
    if (previous > 0) await store.compact(previous);
    previous = revision;
  };
  const schedule = () => {
    if (stopped) return;
    cancel = clock.after(compactionMilliseconds, () => {
      turn()
        .catch((error: Error) =>
          log.warn('compaction failed; it is tried again later', { error: error.message }),
        )
        .finally(schedule);
    });
  };
  // The first turn only notes where history begins to count.
  turn()
    .catch(() => undefined)
    .finally(schedule);
  return () => {
    stopped = true;
    cancel();
  };
}
