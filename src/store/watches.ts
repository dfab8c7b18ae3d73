import type { LogState, ReplayPage, ReplayRequest } from './backend.ts';
import { CompactedError, FutureRevisionError, StoreBusyError } from './errors.ts';
import type { History } from './history.ts';
import { rangeMatcher } from './keys.ts';
import type { StoreLimits } from './limits.ts';
import { Slots } from './slots.ts';
import type { StoreEvent, WatchHandlers } from './store.ts';

interface Watcher {
  readonly from: string;
  readonly to: string;
  readonly matches: (key: string) => boolean;
  readonly handlers: WatchHandlers;
  /** Everything up to here has been delivered. Not kept up to date once the watcher is live. */
  position: number;
  ended: boolean;
}

interface WatchesOptions {
  readonly limits: StoreLimits;
  readonly history: History;
  /** The log as the watchers may know it: acknowledged, or about to be in this very turn. */
  readonly state: Readonly<LogState>;
  readonly replay: (request: ReplayRequest) => Promise<ReplayPage>;
  readonly fail: (error: Error) => void;
}

/**
 * A watcher is behind, and reads the log page by page and then the history in memory; or it is live, and gets each
 * group of commits when it happens. It goes from behind to live in one turn of the event loop with all that the
 * history has, so nothing can come between. Handlers are called synchronously: there is no queue to grow.
 */
export class Watches {
  readonly #options: WatchesOptions;
  readonly #behind = new Set<Watcher>();
  readonly #live = new Set<Watcher>();
  readonly #slots: Slots;

  constructor(options: WatchesOptions) {
    this.#options = options;
    this.#slots = new Slots(options.limits.replaysMax);
  }

  get count(): number {
    return this.#behind.size + this.#live.size;
  }

  /** With `refusal` the watch ends with it at once: after this has returned. */
  add(
    range: { from: string; to: string; afterRevision: number },
    handlers: WatchHandlers,
    refusal?: Error,
  ): () => void {
    const { from, to, afterRevision: position } = range;
    const watcher: Watcher = { from, to, matches: rangeMatcher(from, to), handlers, position, ended: false };
    const { watchersMax } = this.#options.limits;
    const ending = this.count >= watchersMax ? new StoreBusyError('watches', watchersMax) : refusal;
    this.#behind.add(watcher);
    queueMicrotask(() => {
      if (ending) this.#end(watcher, ending);
      else this.#catchUp(watcher);
    });
    return () => this.#remove(watcher);
  }

  /** Delivers the events of a group of commits, the last of which has `revision`. */
  dispatch(events: readonly StoreEvent[], revision: number): void {
    for (const watcher of this.#live) {
      const matching = events.filter(({ key }) => watcher.matches(key));
      this.#deliver(watcher, matching, revision);
    }
  }

  endAll(error: Error): void {
    for (const watcher of [...this.#behind, ...this.#live]) this.#end(watcher, error);
  }

  /** Makes the watcher live if the history reaches back to it; reads the log until it does. */
  #catchUp(watcher: Watcher): void {
    if (watcher.ended) return;
    const { history, state } = this.#options;
    if (watcher.position < state.compacted) {
      this.#end(watcher, new CompactedError(watcher.position, state.compacted));
    } else if (watcher.position > state.revision) {
      this.#end(watcher, new FutureRevisionError(watcher.position, state.revision));
    } else if (watcher.position < history.after) {
      this.#replay(watcher).then(
        () => this.#catchUp(watcher),
        (error: Error) => this.#options.fail(error),
      );
    } else {
      const events = history.since(watcher.position, watcher.matches);
      this.#behind.delete(watcher);
      this.#live.add(watcher);
      this.#deliver(watcher, events, state.revision);
    }
  }

  async #replay(watcher: Watcher): Promise<void> {
    const release = await this.#slots.take();
    try {
      // While it waited for its turn, the watch may have ended or its place in the log been forgotten.
      if (watcher.ended || watcher.position < this.#options.state.compacted) return;
      const { from, to, position: afterRevision } = watcher;
      const page = await this.#options.replay({ from, to, afterRevision });
      watcher.position = page.through;
      this.#deliver(watcher, page.events, page.through);
    } finally {
      release();
    }
  }

  /** A handler that throws ends its own watch and harms no other. */
  #deliver(watcher: Watcher, events: readonly StoreEvent[], revision: number): void {
    if (watcher.ended) return;
    try {
      if (events.length > 0) watcher.handlers.onEvents(events);
      if (!watcher.ended) watcher.handlers.onProgress?.(revision);
    } catch (error) {
      this.#end(watcher, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #remove(watcher: Watcher): void {
    watcher.ended = true;
    this.#behind.delete(watcher);
    this.#live.delete(watcher);
  }

  #end(watcher: Watcher, error: Error): void {
    if (watcher.ended) return;
    this.#remove(watcher);
    try {
      watcher.handlers.onEnd(error);
    } catch {
      // The watch is over and its owner was told; there is nobody else to tell.
    }
  }
}
