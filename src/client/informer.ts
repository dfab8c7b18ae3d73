/**
 * All objects of a kind in memory, kept up to date, with handlers for changes. Handlers run synchronously, after the
 * cache has the change. `revision` says how far the cache has come; `waitFor` is how the runner reads its own writes.
 */
import type { KubeObject } from '../kinds/object.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import { deepFreeze } from './deep-freeze.ts';
import { Heap } from './heap.ts';
import { type IndexFunction, ObjectCache, type Selection } from './object-cache.ts';
import { keyOf } from './object-key.ts';
import { Reflector, type ReflectorOptions, type ReflectorTarget } from './reflector.ts';
import type { SharedParts } from './shared-parts.ts';
import type { KindClient } from './typed-client.ts';
import type { WatchEvent } from './watch-stream.ts';

export interface InformerHandlers<Type extends KubeObject> {
  add?(object: Type): void;
  update?(object: Type, old: Type): void;
  /** With the last state that was seen. */
  delete?(object: Type): void;
}

export interface InformerOptions<Type extends KubeObject> {
  readonly client: KindClient<Type>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly select?: ReflectorOptions<Type>['select'];
  /** Objects are frozen to their depths, so that whoever changes one is caught: for tests. */
  readonly freeze?: boolean;
  /** Where parts are that equal ones are replaced by. */
  readonly sharedParts?: SharedParts;
}

/**
 * Without managedFields, which are as long as the rest and of use to nobody here; a write that does not name them leaves
 * them as they are. Upstream's controller manager trims its informers the same way.
 */
function trimmed<Type extends KubeObject>(object: Type): Type {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  object.metadata = metadata;
  return object;
}

export class Informer<Type extends KubeObject> implements ReflectorTarget<Type> {
  readonly cache = new ObjectCache<Type>();
  readonly #options: InformerOptions<Type>;
  readonly #handlers = new Set<InformerHandlers<Type>>();
  readonly #waits = new Heap<() => void>();
  readonly #gone = new Map<string, { uid: string | undefined; callback: () => void }[]>();
  readonly #onSynced = new Set<() => void>();
  #revision = 0;
  #synced = false;
  #started = false;

  constructor(options: InformerOptions<Type>) {
    this.#options = options;
  }

  /** Everything up to here is in the cache; 0 before the first state. */
  get revision(): number {
    return this.#revision;
  }

  get hasSynced(): boolean {
    return this.#synced;
  }

  get(key: string): Type | undefined {
    return this.cache.get(key);
  }

  list(selection?: Selection): Type[] {
    return this.cache.list(selection);
  }

  byIndex(name: string, value: string): Type[] {
    return this.cache.byIndex(name, value);
  }

  addIndex(name: string, valuesOf: IndexFunction<Type>): void {
    this.cache.addIndex(name, valuesOf);
  }

  /** Lists and watches until the signal aborts. A second call does nothing. */
  start(signal: AbortSignal): void {
    if (this.#started) return;
    this.#started = true;
    const { client, clock, random, log, select, sharedParts } = this.#options;
    const name = `${client.kind.group}/${client.kind.kind}`;
    const transform = (object: Type) => {
      const kept = trimmed(object);
      return sharedParts === undefined ? kept : sharedParts.share(name, kept);
    };
    new Reflector({ client, clock, random, log, select, target: this, transform }).run(signal);
  }

  /** Whoever comes late is told what is there as `add`. Returns the function that takes the handlers off. */
  handle(handlers: InformerHandlers<Type>): () => void {
    this.#handlers.add(handlers);
    if (this.#synced) for (const object of this.cache.list()) this.#call(() => handlers.add?.(object));
    return () => this.#handlers.delete(handlers);
  }

  /**
   * Calls back, once, when the first state is there; at once when it is. Returns the function with which whoever waits no
   * longer takes the callback off.
   */
  onSynced(callback: () => void): () => void {
    const once = () => callback();
    if (this.#synced) callback();
    else this.#onSynced.add(once);
    return () => this.#onSynced.delete(once);
  }

  /** Calls back when the cache has everything up to the revision; at once when it has. */
  waitFor(revision: number, callback: () => void): void {
    if (this.#revision >= revision) callback();
    else this.#waits.push(revision, callback);
  }

  /** Calls back when the object with this uid is no longer there or is marked as deleted; at once when it is so. */
  waitGone(key: string, wanted: string | undefined, callback: () => void): void {
    // Whoever does not know the uid means the one that is here: after a relist another may stand in its place.
    const uid = wanted ?? this.cache.get(key)?.metadata.uid;
    if (this.#isGone(key, uid)) {
      callback();
      return;
    }
    const waits = this.#gone.get(key);
    if (waits === undefined) this.#gone.set(key, [{ uid, callback }]);
    else waits.push({ uid, callback });
  }

  /** Tells the handlers of every object as if it had been updated. */
  resync(): void {
    for (const object of this.cache.list()) this.#notify((handlers) => handlers.update?.(object, object));
  }

  /** For the reflector: the differences to what was there reach the handlers, after the cache has all of it. */
  replace(objects: readonly Type[], revision: number): void {
    const present = new Set<string>();
    const calls: ((handlers: InformerHandlers<Type>) => void)[] = [];
    const added = (object: Type) => {
      this.#keep(object);
      calls.push((handlers) => handlers.add?.(object));
    };
    for (const object of objects) {
      const key = keyOf(object);
      present.add(key);
      const old = this.cache.get(key);
      if (old === undefined) added(object);
      else if (old.metadata.uid !== object.metadata.uid) {
        calls.push((handlers) => handlers.delete?.(old));
        added(object);
      } else if (old.metadata.resourceVersion !== object.metadata.resourceVersion) {
        this.#keep(object);
        calls.push((handlers) => handlers.update?.(object, old));
      }
    }
    for (const key of [...this.cache.keys()]) {
      if (present.has(key)) continue;
      const old = this.cache.delete(key);
      if (old !== undefined) calls.push((handlers) => handlers.delete?.(old));
    }
    // A server that was restored from an older state goes back; what waits for more must not wait for ever.
    const wentBack = revision < this.#revision;
    this.#revision = revision;
    this.#synced = true;
    for (const call of calls) this.#notify(call);
    const waiting = [...this.#onSynced];
    this.#onSynced.clear();
    for (const callback of waiting) this.#call(callback);
    this.#release(wentBack ? Number.POSITIVE_INFINITY : revision);
    for (const key of [...this.#gone.keys()]) this.#releaseGone(key);
  }

  /** For the reflector. */
  apply(event: WatchEvent<Type>, revision: number): void {
    const { object } = event;
    const key = keyOf(object);
    if (event.type === 'DELETED') {
      this.cache.delete(key);
      this.#revision = revision;
      this.#notify((handlers) => handlers.delete?.(object));
    } else {
      const old = this.#keep(object);
      this.#revision = revision;
      if (old === undefined) this.#notify((handlers) => handlers.add?.(object));
      else this.#notify((handlers) => handlers.update?.(object, old));
    }
    this.#releaseGone(key);
    this.#release(revision);
  }

  /** For the reflector. */
  progress(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    this.#release(this.#revision);
  }

  #keep(object: Type): Type | undefined {
    return this.cache.set(this.#options.freeze ? deepFreeze(object) : object);
  }

  #isGone(key: string, uid: string | undefined): boolean {
    const object = this.cache.get(key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return true;
    return uid !== undefined && object.metadata.uid !== uid;
  }

  #release(revision: number): void {
    while ((this.#waits.leastRank ?? Number.POSITIVE_INFINITY) <= revision && this.#waits.size > 0)
      this.#call(this.#waits.pop()!);
  }

  #releaseGone(key: string): void {
    const waits = this.#gone.get(key);
    if (waits === undefined) return;
    const left = waits.filter(({ uid }) => !this.#isGone(key, uid));
    if (left.length === 0) this.#gone.delete(key);
    else this.#gone.set(key, left);
    for (const wait of waits) if (!left.includes(wait)) this.#call(wait.callback);
  }

  #notify(call: (handlers: InformerHandlers<Type>) => void): void {
    for (const handlers of this.#handlers) this.#call(() => call(handlers));
  }

  /** What one handler throws does not reach the others, nor the server that writes. */
  #call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#options.log.error('a handler of an informer failed', {
        resource: this.#options.client.kind.plural,
        error,
      });
    }
  }
}
