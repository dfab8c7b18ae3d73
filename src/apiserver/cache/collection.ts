import type { Kind } from '../../kinds/kind.ts';
import type { CachedObject, CacheEvent } from './cached-object.ts';
import { cacheEventBytesMax, cacheEventsMax } from './limits.ts';

/** What an event alone keeps alive: its object is the present state, or it is what the next event replaced. */
function bytesOf({ object, previous, deleted }: CacheEvent): number {
  return (previous?.bytes.length ?? 0) + (deleted ? object.bytes.length : 0);
}

/** All objects of one stored kind, ordered by key, and its latest events. */
export class Collection {
  readonly kind: Kind;
  readonly #objects = new Map<string, CachedObject>();
  /** The keys of #objects in order. */
  readonly #keys: string[] = [];
  /** The latest events, oldest first; #eventsStart skips those given up, so that giving up costs nothing. */
  #events: CacheEvent[] = [];
  #eventsStart = 0;
  #eventBytes = 0;
  /** Events after this revision are all held. */
  #eventsAfter: number;

  constructor(kind: Kind, revision: number) {
    this.kind = kind;
    this.#eventsAfter = revision;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** A watch can resume from any revision not below this one. */
  get oldestRevision(): number {
    return this.#eventsAfter;
  }

  /** The revision of the newest event; 0 when there was none since the start. */
  get newestEventRevision(): number {
    return this.#events.at(-1)?.revision ?? 0;
  }

  get(key: string): CachedObject | undefined {
    return this.#objects.get(key);
  }

  /** Objects with keys in [from, to), in order. */
  *between(from: string, to: string): Generator<CachedObject> {
    for (let index = this.#position(from); index < this.#keys.length; index++) {
      const key = this.#keys[index] as string;
      if (key >= to) return;
      yield this.#objects.get(key) as CachedObject;
    }
  }

  /** A copy of the keys' order is not needed: the array of objects is the snapshot. */
  snapshot(from: string, to: string): CachedObject[] {
    const start = this.#position(from);
    const end = this.#position(to);
    const objects = new Array<CachedObject>(end - start);
    for (let index = start; index < end; index++)
      objects[index - start] = this.#objects.get(this.#keys[index] as string) as CachedObject;
    return objects;
  }

  put(object: CachedObject): CacheEvent {
    const previous = this.#objects.get(object.key);
    this.#objects.set(object.key, object);
    if (previous === undefined) this.#insertKey(object.key);
    return this.#record({ revision: object.revision, object, previous, deleted: false });
  }

  /** `last` is the state that goes, carrying the revision of the delete. */
  remove(last: CachedObject): CacheEvent {
    const previous = this.#objects.get(last.key);
    if (this.#objects.delete(last.key)) this.#keys.splice(this.#position(last.key), 1);
    return this.#record({ revision: last.revision, object: last, previous, deleted: true });
  }

  /** Fills the collection at start, without an event. */
  load(object: CachedObject): void {
    if (!this.#objects.has(object.key)) this.#insertKey(object.key);
    this.#objects.set(object.key, object);
  }

  /** Events after `revision`, oldest first; undefined when some of them are no longer held. */
  eventsAfter(revision: number): CacheEvent[] | undefined {
    if (revision < this.#eventsAfter) return undefined;
    let low = this.#eventsStart;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle] as CacheEvent).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#events.slice(low);
  }

  #record(event: CacheEvent): CacheEvent {
    this.#events.push(event);
    this.#eventBytes += bytesOf(event);
    while (
      this.#events.length - this.#eventsStart > cacheEventsMax ||
      this.#eventBytes > cacheEventBytesMax
    ) {
      const oldest = this.#events[this.#eventsStart];
      if (oldest === undefined) break;
      this.#eventsAfter = oldest.revision;
      this.#eventBytes -= bytesOf(oldest);
      this.#eventsStart++;
    }
    if (this.#eventsStart > cacheEventsMax / 2) {
      this.#events = this.#events.slice(this.#eventsStart);
      this.#eventsStart = 0;
    }
    return event;
  }

  /** The first index whose key is not below `key`. */
  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#keys[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insertKey(key: string): void {
    const last = this.#keys.at(-1);
    if (last === undefined || last < key) this.#keys.push(key);
    else this.#keys.splice(this.#position(key), 0, key);
  }
}
