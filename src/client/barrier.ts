/**
 * Reads its own writes: a key that wrote at revision R is not reconciled again before the caches of the kinds it wrote
 * have reached R. With one revision for the whole store this replaces the expectations that upstream's controllers keep:
 * the write itself is an event of its kind at R, so the informer of that kind is sure to get there.
 */
import type { KubeObject } from '../kinds/object.ts';
import type { Informer } from './informer.ts';
import type { KindName } from './kind-names.ts';
import type { Written } from './written.ts';

export class Barrier {
  readonly #informerOf: (kind: KindName) => Informer<KubeObject> | undefined;
  readonly #onOpen: (key: string) => void;
  /** How many waits a key has, and whether it was asked for meanwhile. */
  readonly #blocked = new Map<string, { waits: number; asked: boolean }>();

  /** `informerOf` knows the kinds that the controller reads; writes to others cannot mislead it. */
  constructor(options: {
    informerOf: (kind: KindName) => Informer<KubeObject> | undefined;
    /** The key may be reconciled again, and was asked for. */
    onOpen: (key: string) => void;
  }) {
    this.#informerOf = options.informerOf;
    this.#onOpen = options.onOpen;
  }

  /** Keys that wait. */
  get size(): number {
    return this.#blocked.size;
  }

  /** After a key has written. */
  close(key: string, written: readonly Written[]): void {
    const state = this.#blocked.get(key) ?? { waits: 1, asked: false };
    this.#blocked.set(key, state);
    const reached = () => {
      if (--state.waits > 0) return;
      this.#blocked.delete(key);
      if (state.asked) this.#onOpen(key);
    };
    const newest = new Map<KindName, number>();
    for (const { kind, revision, gone } of written) {
      if (revision !== undefined) newest.set(kind, Math.max(newest.get(kind) ?? 0, revision));
      const informer = gone === undefined ? undefined : this.#informerOf(kind);
      if (gone === undefined || informer === undefined) continue;
      state.waits++;
      informer.waitGone(gone.key, gone.uid, reached);
    }
    for (const [kind, revision] of newest) {
      const informer = this.#informerOf(kind);
      if (informer === undefined) continue;
      state.waits++;
      informer.waitFor(revision, reached);
    }
    // The one that `waits` began with: all may have been reached already.
    reached();
  }

  /** Whether the key must wait; if so, `onOpen` will be called with it. */
  holds(key: string): boolean {
    const state = this.#blocked.get(key);
    if (state === undefined) return false;
    state.asked = true;
    return true;
  }
}
