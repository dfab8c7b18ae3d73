/**
 * The watch cache: everything below /registry/, kept up to date by one ordered watch of the store. One watch for all
 * kinds means one revision for all of them: a read is consistent across kinds, and a bookmark costs nothing.
 * (docs/adr/0002)
 */

import type { Kind } from '../../kinds/kind.ts';
import type { AnyObject } from '../../kinds/object.ts';
import type { ResourceName } from '../../kinds/status.ts';
import type { Clock } from '../../lib/clock.ts';
import { CompactedError } from '../../store/errors.ts';
import type { Store, StoreEvent } from '../../store/store.ts';
import { decodeTrusted, encodeWire, rewire } from '../codec.ts';
import type { ObjectChange, ObjectView } from '../hooks/hook.ts';
import { kindPrefix, objectKey, prefixEnd, registryPrefix } from '../keys.ts';
import { type CachedObject, type CacheEvent, describeObject, parseCached } from './cached-object.ts';
import { Collection } from './collection.ts';
import {
  loadPageEntries,
  refillRetryMilliseconds,
  replayRevisionsMax,
  revisionWaitersMax,
} from './limits.ts';

export interface WatchCacheOptions {
  store: Store;
  /** Stored kinds only: those without `storedAs`. */
  kinds: readonly Kind[];
  clock: Clock;
  /** The store's watch has ended, or the cache could not be filled; it fills anew by itself. For the log. */
  onRestart?: (error: Error) => void;
}

export type CacheListener = (collection: Collection, events: readonly CacheEvent[]) => void;

/** By name: `core/pods`. */
type Collections = Map<string, Collection>;

interface Waiter {
  revision: number;
  resolve: (reached: boolean) => void;
  cancel: () => void;
}

export class WatchCache implements ObjectView {
  readonly #options: WatchCacheOptions;
  #collections: Collections = new Map();
  readonly #listeners = new Set<CacheListener>();
  /** By collection name, so that they outlive a refill. */
  readonly #subscribers = new Map<string, ((change: ObjectChange) => void)[]>();
  readonly #waiters = new Set<Waiter>();
  /** Objects about to be stored, by the very bytes that were handed over: spares a parse when the store gives them back. */
  readonly #hints = new WeakMap<Uint8Array, AnyObject>();
  /** The same of the events that are being taken in, for the subscribers. */
  readonly #atHand = new Map<CachedObject, AnyObject>();
  #revision = 0;
  #stopWatch: () => void = () => {};
  #cancelRetry: () => void = () => {};
  #closed = false;
  #onReset: () => void = () => {};

  constructor(options: WatchCacheOptions) {
    this.#options = options;
  }

  /** Everything up to here has been taken in. */
  get revision(): number {
    return this.#revision;
  }

  /** Called when the cache has been filled anew: the collections are other ones, every watcher must start over. */
  set onReset(callback: () => void) {
    this.#onReset = callback;
  }

  /** Fills the cache and follows the store from there. */
  async start(): Promise<void> {
    const newest = (await this.#options.store.range({ from: registryPrefix, limit: 0 })).revision;
    const from = await this.#replayStart(newest);
    this.#collections = await this.#load(from);
    this.#revision = from;
    this.#follow(from);
    await this.waitFor(newest, Number.POSITIVE_INFINITY);
  }

  close(): void {
    this.#closed = true;
    this.#stopWatch();
    this.#cancelRetry();
    for (const waiter of this.#waiters) waiter.resolve(false);
    this.#waiters.clear();
  }

  collection(kind: Kind): Collection {
    const collection = this.#collections.get(collectionOf(kind));
    if (collection === undefined) throw new Error(`no collection for ${kind.kind}`);
    return collection;
  }

  /** Sees every batch of events, synchronously as it comes in. Returns the function that ends it. */
  listen(listener: CacheListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Remembers the object whose stored form `bytes` is, for the event that will bring these bytes back. */
  hint(bytes: Uint8Array, object: AnyObject): void {
    this.#hints.set(bytes, object);
  }

  /** Resolves true once everything up to `revision` is in, false after `milliseconds` or at close. */
  waitFor(revision: number, milliseconds: number): Promise<boolean> {
    if (this.#revision >= revision) return Promise.resolve(true);
    if (this.#waiters.size >= revisionWaitersMax) return Promise.resolve(false);
    return new Promise((resolve) => {
      const finish = (reached: boolean) => {
        waiter.cancel();
        this.#waiters.delete(waiter);
        resolve(reached);
      };
      const cancel =
        milliseconds === Number.POSITIVE_INFINITY
          ? () => {}
          : this.#options.clock.after(milliseconds, () => finish(false));
      const waiter: Waiter = { revision, resolve: finish, cancel };
      this.#waiters.add(waiter);
    });
  }

  get(resource: ResourceName, namespace: string, name: string): AnyObject | undefined {
    const collection = this.#named(resource);
    const cached = collection.get(objectKey(collection.kind, namespace, name));
    return cached === undefined ? undefined : parseCached(cached);
  }

  list(resource: ResourceName, namespace?: string): readonly AnyObject[] {
    const collection = this.#named(resource);
    const prefix = kindPrefix(collection.kind) + (namespace === undefined ? '' : `${namespace}/`);
    return collection.snapshot(prefix, prefixEnd(prefix)).map(parseCached);
  }

  subscribe(resource: ResourceName, onChange: (change: ObjectChange) => void): void {
    const collection = this.#named(resource);
    const name = collectionName(kindPrefix(collection.kind));
    const subscribers = this.#subscribers.get(name) ?? [];
    subscribers.push(onChange);
    this.#subscribers.set(name, subscribers);
    const prefix = kindPrefix(collection.kind);
    // One at a time: parsed, ten thousand pods together take a hundred megabytes.
    for (const cached of collection.snapshot(prefix, prefixEnd(prefix)))
      onChange({ old: undefined, new: parseCached(cached) });
  }

  #named(resource: ResourceName): Collection {
    const collection = this.#collections.get(
      `${resource.group === '' ? 'core' : resource.group}/${resource.plural}`,
    );
    if (collection === undefined) throw new Error(`no collection ${resource.group}/${resource.plural}`);
    return collection;
  }

  /** The oldest kept revision, but not more than replayRevisionsMax back. */
  async #replayStart(newest: number): Promise<number> {
    const wanted = Math.max(newest - replayRevisionsMax, 0);
    if (wanted === newest) return newest;
    try {
      await this.#options.store.range({ from: registryPrefix, limit: 1, revision: Math.max(wanted, 1) });
      return wanted;
    } catch (error) {
      if (error instanceof CompactedError) return error.oldestRevision;
      throw error;
    }
  }

  /** All collections as of a revision. */
  async #load(revision: number): Promise<Collections> {
    const collections: Collections = new Map();
    for (const kind of this.#options.kinds)
      collections.set(collectionName(kindPrefix(kind)), new Collection(kind, revision));
    const end = prefixEnd(registryPrefix);
    let from = registryPrefix;
    // Nothing has ever been at revision 0, and 0 is not one that can be asked for.
    for (let more = revision > 0; more; ) {
      const page = await this.#options.store.range({ from, to: end, limit: loadPageEntries, revision });
      for (const entry of page.entries) {
        const collection = collections.get(nameInKey(entry.key));
        collection?.load(this.#describe(collection.kind, entry));
      }
      const last = page.entries.at(-1);
      more = page.more && last !== undefined;
      if (last !== undefined) from = `${last.key}\0`;
    }
    return collections;
  }

  #follow(revision: number): void {
    this.#stopWatch = this.#options.store.watch(
      { from: registryPrefix, to: prefixEnd(registryPrefix), afterRevision: revision },
      {
        onEvents: (events) => this.#take(events),
        onProgress: (reached) => this.#advance(reached),
        onEnd: (error) => this.#restart(error),
      },
    );
  }

  #restart(error: Error): void {
    if (this.#closed) return;
    this.#options.onRestart?.(error);
    this.#refill().catch((failure: Error) => {
      this.#cancelRetry = this.#options.clock.after(refillRetryMilliseconds, () => this.#restart(failure));
    });
  }

  /**
   * Reads the newest state anew, without its history: what was seen before must not be told again. Until it is whole the
   * old one is served, at its old revision, which never goes back.
   */
  async #refill(): Promise<void> {
    const newest = (await this.#options.store.range({ from: registryPrefix, limit: 0 })).revision;
    const collections = await this.#load(newest);
    if (this.#closed) return;
    const before = this.#collections;
    this.#collections = collections;
    this.#advance(newest);
    this.#tellDifference(before);
    this.#onReset();
    this.#follow(newest);
  }

  /** After a refill: tells the subscribers what changed meanwhile. */
  #tellDifference(before: Collections): void {
    for (const [name, subscribers] of this.#subscribers) {
      const old = before.get(name);
      const now = this.#collections.get(name);
      if (old === undefined || now === undefined) continue;
      const prefix = kindPrefix(now.kind);
      const end = prefixEnd(prefix);
      const keys = new Set(
        [...old.snapshot(prefix, end), ...now.snapshot(prefix, end)].map((each) => each.key),
      );
      for (const key of keys) {
        const [was, is] = [old.get(key), now.get(key)];
        if (was?.revision === is?.revision) continue;
        const change = { old: was && parseCached(was), new: is && parseCached(is) };
        for (const subscriber of subscribers) subscriber(change);
      }
    }
  }

  #take(events: readonly StoreEvent[]): void {
    let batch: CacheEvent[] = [];
    let current: Collection | undefined;
    const flush = () => {
      if (current !== undefined && batch.length > 0) this.#announce(current, batch);
      batch = [];
    };
    for (const event of events) {
      const collection = this.#collectionOf(event.key);
      if (collection === undefined) continue;
      if (collection !== current) flush();
      current = collection;
      const taken = this.#apply(collection, event);
      if (taken !== undefined) batch.push(taken);
    }
    flush();
    this.#atHand.clear();
    const last = events.at(-1);
    if (last !== undefined) this.#advance(last.revision);
  }

  #apply(collection: Collection, event: StoreEvent): CacheEvent | undefined {
    if (event.type === 'put') return collection.put(this.#describe(collection.kind, event));
    const last = collection.get(event.key);
    if (last === undefined) return undefined;
    const bytes = rewire(collection.kind, last.bytes, { from: last.revision, to: event.revision });
    return collection.remove({ ...last, revision: event.revision, bytes });
  }

  #describe(kind: Kind, entry: { key: string; value: Uint8Array; revision: number }): CachedObject {
    const hint = this.#hints.get(entry.value);
    const object = hint ?? decodeTrusted(entry.value);
    // The store keeps the bytes of its latest events: what hangs on them would live as long.
    this.#hints.delete(entry.value);
    const bytes = encodeWire(kind, entry.value, entry.revision);
    const cached = describeObject(kind, object, { key: entry.key, revision: entry.revision, bytes });
    if (hint !== undefined && this.#subscribers.has(collectionOf(kind))) this.#atHand.set(cached, hint);
    return cached;
  }

  /** For those who only read. Who wrote it may yet say in it which revision that was. */
  #readOnly(cached: CachedObject): AnyObject {
    const object = this.#atHand.get(cached);
    if (object === undefined) return parseCached(cached);
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(cached.revision) } };
  }

  #announce(collection: Collection, events: readonly CacheEvent[]): void {
    const subscribers = this.#subscribers.get(collectionOf(collection.kind));
    if (subscribers !== undefined)
      for (const event of events) {
        const change = {
          old: event.previous === undefined ? undefined : parseCached(event.previous),
          new: event.deleted ? undefined : this.#readOnly(event.object),
        };
        for (const subscriber of subscribers) subscriber(change);
      }
    for (const listener of this.#listeners) listener(collection, events);
  }

  #advance(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    for (const waiter of this.#waiters) if (waiter.revision <= revision) waiter.resolve(true);
  }

  #collectionOf(key: string): Collection | undefined {
    return this.#collections.get(nameInKey(key));
  }
}

/** `/registry/core/pods/default/web` -> `core/pods` */
function nameInKey(key: string): string {
  const group = key.indexOf('/', registryPrefix.length);
  const resource = key.indexOf('/', group + 1);
  return key.slice(registryPrefix.length, resource);
}

const collectionNames = new WeakMap<Kind, string>();

/** `core/pods` */
function collectionOf(kind: Kind): string {
  let name = collectionNames.get(kind);
  if (name === undefined) {
    name = collectionName(kindPrefix(kind));
    collectionNames.set(kind, name);
  }
  return name;
}

/** `/registry/core/pods/` -> `core/pods` */
function collectionName(prefix: string): string {
  return prefix.slice(registryPrefix.length, -1);
}
