/** What an implementation of the store gives to the core (`core.ts`), which does all that they have in common. */
import type { Entry, Operation, StoreEvent } from './store.ts';

export type CommitOutcome =
  /** No events: nothing changed, and `revision` is the one that was current. */
  | { readonly committed: true; readonly revision: number; readonly events: readonly StoreEvent[] }
  | { readonly committed: false; readonly key: string; readonly actual: number }
  | { readonly committed: false; readonly error: Error };

export interface PageRequest {
  readonly from: string;
  /** Left out: only the key `from`. */
  readonly to?: string;
  /** At least 1. */
  readonly limit: number;
  /** Left out: the newest. */
  readonly revision?: number;
}

export interface Page {
  readonly entries: readonly Entry[];
  /** The newest revision when the page was read. */
  readonly revision: number;
  readonly more: boolean;
}

export interface ReplayRequest {
  readonly from: string;
  readonly to: string;
  readonly afterRevision: number;
}

export interface ReplayPage {
  /** Events of whole commits after `afterRevision` up to `through`. */
  readonly events: readonly StoreEvent[];
  /** Above `afterRevision` unless that is the newest. */
  readonly through: number;
}

/** Where a log stands. */
export interface LogState {
  /** An empty store is at 1, as etcd is: 0 stays free to mean "any" or "absent". */
  readonly revision: number;
  /** Nothing is known of the history before; 0: all is kept. */
  readonly compacted: number;
}

export interface Backend {
  /** A commit costs a flush to disk: what other requests of this turn of the event loop write shall go with it. */
  readonly gathersTurn?: boolean;
  /**
   * Commits in this order, with one flush for all. `done` is called once, before any later read resolves, with an
   * outcome for each, or with the error that ends the store.
   */
  commit(
    group: readonly (readonly Operation[])[],
    done: (outcomes: readonly CommitOutcome[] | Error) => void,
  ): void;
  range(request: PageRequest): Promise<Page>;
  replay(request: ReplayRequest): Promise<ReplayPage>;
  /**
   * The first call with a revision marks it durably and does no more. Each later one forgets a bounded part of the
   * history before it. Resolves to true when nothing is left to forget.
   */
  compact(revision: number): Promise<boolean>;
  close(): Promise<void>;
}

export const noValue = new Uint8Array(0);
