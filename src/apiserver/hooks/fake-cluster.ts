/**
 * A store and a cache for tests of hooks, without an API server: commits compare and set as the store's contract says,
 * and the view shows what has been committed. `lag` holds the view back, as another server's is for a moment.
 */
import type { Kind } from '../../kinds/kind.ts';
import { type AnyObject, apiVersionOf, type KubeObject } from '../../kinds/object.ts';
import type { ResourceName } from '../../kinds/status.ts';
import type { Operation } from '../../store/store.ts';
import { decodeTrusted, encodeStored } from '../codec.ts';
import { objectKey } from '../keys.ts';
import type { Hook, ObjectChange, ObjectView, Write } from './hook.ts';

interface Stored {
  readonly value: Uint8Array;
  readonly revision: number;
}

const attemptsMax = 16;
/** By now the slowest view has caught up. */
const attemptsBehindMax = 8;

export class FakeCluster {
  readonly #store = new Map<string, Stored>();
  readonly #kinds: readonly Kind[];
  readonly #cache = new Map<string, AnyObject>();
  readonly #subscribers = new Map<string, ((change: ObjectChange) => void)[]>();
  readonly #undelivered: ObjectChange[] = [];
  #revision = 0;
  /** How many plans there were. */
  plans = 0;
  lagging = false;

  constructor(kinds: readonly Kind[]) {
    this.#kinds = kinds;
  }

  readonly view: ObjectView = {
    get: ({ group, plural }, namespace, name) => this.#cache.get(`${group}/${plural}/${namespace}/${name}`),
    list: ({ group, plural }, namespace) =>
      [...this.#cache].flatMap(([key, object]) =>
        key.startsWith(`${group}/${plural}/${namespace === undefined ? '' : `${namespace}/`}`)
          ? [object]
          : [],
      ),
    subscribe: (resource, onChange) => {
      const key = `${resource.group}/${resource.plural}`;
      this.#subscribers.set(key, [...(this.#subscribers.get(key) ?? []), onChange]);
      for (const object of this.view.list(resource)) onChange({ old: undefined, new: object });
    },
  };

  keys(prefix: string): string[] {
    return [...this.#store.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
      .sort();
  }

  read(key: string): AnyObject | undefined {
    const stored = this.#store.get(key);
    return stored && decodeTrusted(stored.value);
  }

  /** False when an expectation fails; then nothing has been written. */
  #commit(operations: readonly Operation[]): boolean {
    const seen = new Set<string>();
    for (const { key, expect } of operations) {
      if (seen.has(key)) throw new Error(`two operations on ${key}`);
      seen.add(key);
      if (expect !== undefined && (this.#store.get(key)?.revision ?? 0) !== expect) return false;
    }
    this.#revision++;
    for (const { type, key, value } of operations) {
      const before = this.#store.get(key);
      if (type === 'put') this.#store.set(key, { value: value as Uint8Array, revision: this.#revision });
      if (type === 'delete') this.#store.delete(key);
      if (type !== 'check') this.#undelivered.push(this.#change(before, this.#store.get(key)));
    }
    if (!this.lagging) this.catchUp();
    return true;
  }

  #change(before: Stored | undefined, after: Stored | undefined): ObjectChange {
    const decode = (stored: Stored | undefined): AnyObject | undefined => {
      if (stored === undefined) return undefined;
      const object = decodeTrusted(stored.value);
      if (object.metadata !== undefined) object.metadata.resourceVersion = String(stored.revision);
      return object;
    };
    return { old: decode(before), new: decode(after) };
  }

  /** The view takes in what it has not shown yet. */
  catchUp(): void {
    for (const change of this.#undelivered.splice(0)) {
      const object = (change.new ?? change.old) as AnyObject;
      const kind = this.#kinds.find(
        (each) => each.kind === object.kind && apiVersionOf(each.group, each.version) === object.apiVersion,
      );
      if (kind === undefined) continue;
      const { namespace = '', name = '' } = object.metadata;
      const key = `${kind.group}/${kind.plural}/${namespace}/${name}`;
      if (change.new === undefined) this.#cache.delete(key);
      else this.#cache.set(key, change.new);
      for (const onChange of this.#subscribers.get(`${kind.group}/${kind.plural}`) ?? []) onChange(change);
    }
  }

  /** What an API server does with a write, without its filters; throws what the hook throws. */
  write<Type extends KubeObject>(
    verb: Write['verb'],
    given: Type,
    { kind, hook, dryRun = false }: { kind: Kind; hook?: Hook; dryRun?: boolean },
  ): Type {
    const { namespace = '', name = '' } = given.metadata;
    const key = objectKey(kind, namespace, name);
    const watches = (resource: ResourceName) =>
      resource.group === kind.group && resource.plural === kind.plural;
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      if (attempt >= attemptsBehindMax) this.catchUp();
      const stored = this.#store.get(key);
      const old = stored && decodeTrusted(stored.value);
      const object = structuredClone(verb === 'delete' ? (old as AnyObject) : given) as AnyObject;
      if (verb === 'create') object.metadata.uid = `uid-${name}-${this.#revision}`;
      if (verb !== 'delete') this.#prepare(kind, object, old);
      this.plans++;
      const extra = hook?.resources.some(watches)
        ? hook.plan({ verb, object, old: verb === 'create' ? undefined : old, dryRun }, attempt)
        : [];
      if (dryRun) {
        if (extra.length > 0) throw new Error('a dry run has planned operations');
        return object as unknown as Type;
      }
      const own: Operation =
        verb === 'delete'
          ? { type: 'delete', key, expect: stored?.revision ?? 0 }
          : { type: 'put', key, value: encodeStored(kind, object), expect: stored?.revision ?? 0 };
      if (this.#commit([own, ...extra])) return object as unknown as Type;
    }
    throw new Error('too many attempts');
  }

  #prepare(kind: Kind, object: AnyObject, old: AnyObject | undefined): void {
    kind.defaults?.(object);
    if (old === undefined) kind.prepareCreate?.(object);
    else kind.prepareUpdate?.(object, old);
    const errors = [
      ...(kind.validate?.(object) ?? []),
      ...(old === undefined ? [] : (kind.validateUpdate?.(object, old) ?? [])),
    ];
    if (errors.length > 0) throw new Error(JSON.stringify(errors));
  }
}
