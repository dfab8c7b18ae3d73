/**
 * Hands the cache's events to watchers. Watchers that ask for the same thing (resource, namespace, selectors, format)
 * form a group: an event is filtered and turned to bytes once per group, and all events that came in one turn of the
 * event loop leave as one chunk. So a thousand watchers cost a thousand writes, not a thousand serializations.
 */

import type { Kind } from '../../kinds/kind.ts';
import type { Clock } from '../../lib/clock.ts';
import type { CachedObject, CacheEvent } from '../cache/cached-object.ts';
import type { Collection } from '../cache/collection.ts';
import type { WatchCache } from '../cache/watch-cache.ts';
import { rewire } from '../codec.ts';
import type { Sink } from '../request.ts';
import { bookmarkMilliseconds, watcherPendingBytesMax } from './limits.ts';

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

/** What a group of watchers sees of a collection. */
export interface WatchView {
  /** Equal ids see equal streams. */
  readonly id: string;
  matches(object: CachedObject): boolean;
  /**
   * One line of the stream, with its newline. `isFirst`: of a stream whose beginning is told apart, which nobody else
   * shares.
   */
  encode(type: WatchEventType, object: CachedObject, isFirst?: boolean): Uint8Array;
  bookmark(revision: number, isFirst?: boolean): Uint8Array;
  /** The first line of a stream says more than those that follow: the columns of Tables. */
  readonly hasFirst?: boolean;
}

/** Counters of one kind's events and watchers. */
export interface WatchInstrument {
  readonly events: { value: number };
  readonly watchers: { value: number };
}

export type WatchInstruments = (kind: Kind) => WatchInstrument;

const uncounted: WatchInstruments = () => ({ events: { value: 0 }, watchers: { value: 0 } });

interface Group {
  readonly instrument: WatchInstrument;
  readonly collection: Collection;
  readonly view: WatchView;
  readonly watchers: Set<Watcher>;
}

/** One client's stream. Made by WatchHub.join. */
class Watcher {
  readonly sink: Sink;
  readonly bookmarks: boolean;
  /** Its next line is the first, and differs from what the others get. */
  isFresh: boolean;
  readonly #onEnd: () => void;
  #ended = false;

  constructor(options: { sink: Sink; bookmarks: boolean; isFresh: boolean; onEnd: () => void }) {
    this.sink = options.sink;
    this.bookmarks = options.bookmarks;
    this.isFresh = options.isFresh;
    this.#onEnd = options.onEnd;
  }

  /** False when the watcher lags too far and was ended. */
  write(chunk: Uint8Array): boolean {
    if (this.#ended) return false;
    if (this.sink.pendingBytes() > watcherPendingBytesMax) {
      this.end();
      return false;
    }
    this.sink.write(chunk);
    return true;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    this.sink.end();
  }
}

/**
 * What a watcher with selectors sees of an event: an object that begins or ceases to match is added or deleted for it.
 * One that ceased to match goes out in its last matching state, with the revision of the change.
 */
function encodeFor(
  view: WatchView,
  event: CacheEvent,
  { kind, isFirst }: { kind: Kind; isFirst: boolean },
): Uint8Array | undefined {
  const { object, previous, revision } = event;
  const before = previous !== undefined && view.matches(previous);
  const after = !event.deleted && view.matches(object);
  if (after) return view.encode(before ? 'MODIFIED' : 'ADDED', object, isFirst);
  if (!before) return undefined;
  if (event.deleted) return view.encode('DELETED', object, isFirst);
  const bytes = rewire(kind, previous.bytes, { from: previous.revision, to: revision });
  return view.encode('DELETED', { ...previous, revision, bytes }, isFirst);
}

export class WatchHub {
  readonly #cache: WatchCache;
  readonly #clock: Clock;
  readonly #instruments: WatchInstruments;
  readonly #groups = new Map<Collection, Map<string, Group>>();
  readonly #pending = new Map<Collection, CacheEvent[]>();
  #flushScheduled = false;
  #cancelBookmarks: () => void = () => {};
  #watchers = 0;
  #delivered = 0;
  #lagging = 0;

  constructor(cache: WatchCache, clock: Clock, instruments: WatchInstruments = uncounted) {
    this.#cache = cache;
    this.#instruments = instruments;
    this.#clock = clock;
    cache.listen((collection, events) => this.#take(collection, events));
    cache.onReset = () => this.endAll();
    this.#scheduleBookmarks();
  }

  get watchers(): number {
    return this.#watchers;
  }

  /** Events written to watchers, and watchers closed because they lagged, since the start. */
  get counts(): { delivered: number; lagging: number } {
    return { delivered: this.#delivered, lagging: this.#lagging };
  }

  /**
   * Joins a stream: every event after `afterRevision`. The collection must still hold the events after it
   * (Collection.oldestRevision). One that the cache has meanwhile filled anew ends the stream at once: it will have no
   * more events. Returns the function that ends the watch.
   */
  join(
    collection: Collection,
    view: WatchView,
    options: {
      sink: Sink;
      afterRevision: number;
      bookmarks: boolean;
      /** Lines have been written to the stream before. */
      hasBegun?: boolean;
      onEnd: () => void;
    },
  ): () => void {
    if (this.#cache.collection(collection.kind) !== collection) {
      options.onEnd();
      options.sink.end();
      return () => {};
    }
    this.#flush();
    const group = this.#group(collection, view);
    const watcher = new Watcher({
      sink: options.sink,
      bookmarks: options.bookmarks,
      isFresh: view.hasFirst === true && options.hasBegun !== true,
      onEnd: () => {
        this.#leave(group, watcher);
        options.onEnd();
      },
    });
    group.watchers.add(watcher);
    this.#watchers++;
    group.instrument.watchers.value++;
    const missed = this.#encode(group, collection.eventsAfter(options.afterRevision) ?? [], watcher.isFresh);
    if (missed !== undefined) {
      watcher.isFresh = false;
      watcher.write(missed.chunk);
    }
    return () => watcher.end();
  }

  endAll(): void {
    for (const groups of this.#groups.values())
      for (const group of groups.values()) for (const watcher of [...group.watchers]) watcher.end();
    this.#pending.clear();
  }

  close(): void {
    this.#cancelBookmarks();
    this.endAll();
  }

  #group(collection: Collection, view: WatchView): Group {
    let groups = this.#groups.get(collection);
    if (groups === undefined) {
      groups = new Map();
      this.#groups.set(collection, groups);
    }
    let group = groups.get(view.id);
    if (group === undefined) {
      group = { instrument: this.#instruments(collection.kind), collection, view, watchers: new Set() };
      groups.set(view.id, group);
    }
    return group;
  }

  #leave(group: Group, watcher: Watcher): void {
    if (!group.watchers.delete(watcher)) return;
    this.#watchers--;
    group.instrument.watchers.value--;
    if (group.watchers.size > 0) return;
    const groups = this.#groups.get(group.collection);
    groups?.delete(group.view.id);
    if (groups?.size === 0) this.#groups.delete(group.collection);
  }

  #take(collection: Collection, events: readonly CacheEvent[]): void {
    if (!this.#groups.has(collection)) return;
    const pending = this.#pending.get(collection);
    if (pending === undefined) this.#pending.set(collection, [...events]);
    else pending.push(...events);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#pending.size === 0) return;
    const pending = [...this.#pending];
    this.#pending.clear();
    for (const [collection, events] of pending)
      for (const group of this.#groups.get(collection)?.values() ?? []) this.#deliver(group, events);
  }

  #deliver(group: Group, events: readonly CacheEvent[]): void {
    const encoded = this.#encode(group, events);
    if (encoded === undefined) return;
    for (const watcher of group.watchers) {
      const { chunk } = watcher.isFresh ? (this.#encode(group, events, true) ?? encoded) : encoded;
      watcher.isFresh = false;
      if (watcher.write(chunk)) this.#delivered += encoded.count;
      else this.#lagging++;
    }
    group.instrument.events.value += encoded.count * group.watchers.size;
  }

  #encode(
    group: Group,
    events: readonly CacheEvent[],
    isFresh = false,
  ): { chunk: Uint8Array; count: number } | undefined {
    const lines: Uint8Array[] = [];
    const { kind } = group.collection;
    for (const event of events) {
      const line = encodeFor(group.view, event, { kind, isFirst: isFresh && lines.length === 0 });
      if (line !== undefined) lines.push(line);
    }
    if (lines.length === 0) return undefined;
    return {
      chunk: lines.length === 1 ? (lines[0] as Uint8Array) : Buffer.concat(lines),
      count: lines.length,
    };
  }

  #scheduleBookmarks(): void {
    this.#cancelBookmarks = this.#clock.after(bookmarkMilliseconds, () => {
      this.#flush();
      for (const groups of this.#groups.values())
        for (const group of groups.values()) {
          const { view, watchers } = group;
          const line = view.bookmark(this.#cache.revision);
          for (const watcher of watchers) {
            if (!watcher.bookmarks) continue;
            watcher.write(watcher.isFresh ? view.bookmark(this.#cache.revision, true) : line);
            watcher.isFresh = false;
          }
        }
      this.#scheduleBookmarks();
    });
  }
}
