/**
 * Hooks do what a kind's pure functions cannot: they see other objects and add operations to the write's own
 * transaction. So a Service and its IPAddress objects are written at one revision, or not at all.
 */
import type { AnyObject } from '../../kinds/object.ts';
import type { ResourceName } from '../../kinds/status.ts';
import type { Operation } from '../../store/store.ts';
import type { Lane } from './lane.ts';

export interface ObjectChange {
  /** Both are there on an update. The objects are shared: read only. */
  readonly old: AnyObject | undefined;
  readonly new: AnyObject | undefined;
}

/** What is in the watch cache: everything that any process has had acknowledged so far. Objects are shared: read only. */
export interface ObjectView {
  get(resource: ResourceName, namespace: string, name: string): AnyObject | undefined;
  list(resource: ResourceName, namespace?: string): readonly AnyObject[];
  /** Calls back for every change from now on, in order, synchronously as the cache takes it in; first for all that is there. */
  subscribe(resource: ResourceName, onChange: (change: ObjectChange) => void): void;
}

export interface Write {
  readonly verb: 'create' | 'update' | 'delete';
  /** What is about to be written, defaulted and validated; may be changed in place. On delete: the object that goes. */
  readonly object: AnyObject;
  /** What is stored now; absent on create. */
  readonly old: AnyObject | undefined;
  /** Nothing will be committed; answer as if it were. */
  readonly dryRun: boolean;
}

export interface Hook {
  /** The resources whose writes it sees. */
  readonly resources: readonly ResourceName[];
  /** Called once, when the cache is filled. */
  start?(view: ObjectView): void;
  /**
   * Plans a write. Returns the operations that belong in the same transaction, each with what it expects, so that two
   * API servers can never both win. Throws StatusError to refuse. When an expectation fails, the write is planned again
   * from the start, a bounded number of times, with `attempt` counting up.
   */
  plan(write: Write, attempt: number): readonly Operation[];
  /** Where the write is to wait for others that would change the same objects; undefined: it need not wait. */
  lane?(write: Write): Lane | undefined;
  /** The lane in which an object is changed by writes of others: who changes the object itself goes there too, read and all. */
  ownLane?(resource: ResourceName, namespace: string): Lane | undefined;
}
