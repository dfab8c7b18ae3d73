/**
 * What the writers of a crash test were told. Each object has one writer, which has one write under way at a time, so
 * what must be there after a crash is known: the last acknowledged state, or the one of the write that was under way.
 */
import { isDeepStrictEqual } from 'node:util';

/** The state of an object, as far as it matters. */
export interface State {
  /** Different for each write. */
  readonly token: string;
  readonly revision: number;
  /** Addresses and ports: `10.96.0.7`, `30080`. */
  readonly holds: readonly string[];
}

export type Change = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One write that happened. */
export interface Happened {
  readonly type: Change;
  readonly token: string;
  /** Undefined for a delete: its answer does not say. */
  readonly revision: number | undefined;
  readonly holds: readonly string[];
}

interface ObjectRecord {
  state: State | undefined;
  readonly happened: Happened[];
  /** Under way, or cut off. */
  open: { readonly token: string | undefined } | undefined;
}

export class Ledger {
  readonly faults: string[] = [];
  acknowledged = 0;
  /** Writes that were cut off, and how many of them had happened. */
  cutOff = 0;
  cutOffHappened = 0;
  /** The newest revision that anybody was told of. */
  newest = 0;
  readonly #objects = new Map<string, ObjectRecord>();
  readonly #revisions = new Set<number>();
  /** Acknowledged writes since the last start lie above. */
  #floor = 0;

  /** What is there, as the writer knows. */
  state(key: string): State | undefined {
    return this.#objects.get(key)?.state;
  }

  /** All keys that were ever written. */
  keys(): readonly string[] {
    return [...this.#objects.keys()];
  }

  happened(key: string): readonly Happened[] {
    return this.#objects.get(key)?.happened ?? [];
  }

  /** A write goes out: `token` is that of its state, undefined for a delete. */
  begin(key: string, token: string | undefined): void {
    const record = this.#record(key);
    if (record.open !== undefined) throw new Error(`two writes of ${key} at a time`);
    record.open = { token };
  }

  /** The write was acknowledged with this state; undefined: the object is deleted. */
  acknowledge(key: string, state: State | undefined): void {
    const record = this.#record(key);
    this.acknowledged++;
    if (state !== undefined) this.#checkAcknowledged(key, record, state);
    this.#happen(record, state);
  }

  /** The write was refused: nothing may have changed. */
  refuse(key: string): void {
    this.#record(key).open = undefined;
  }

  /** The server is up again: compares what is there, and learns what became of the writes that were cut off. */
  settle(revision: number, present: ReadonlyMap<string, State>): void {
    if (revision < this.newest)
      this.faults.push(`the server starts at revision ${revision}; ${this.newest} was seen before`);
    for (const [key, record] of this.#objects) this.#settleObject(key, record, present.get(key));
    for (const key of present.keys())
      if (!this.#objects.has(key)) this.faults.push(`${key} is there, and nobody wrote it`);
    this.#floor = revision;
    this.newest = Math.max(this.newest, revision);
  }

  #record(key: string): ObjectRecord {
    let record = this.#objects.get(key);
    if (record === undefined) {
      record = { state: undefined, happened: [], open: undefined };
      this.#objects.set(key, record);
    }
    return record;
  }

  #checkAcknowledged(key: string, record: ObjectRecord, state: State): void {
    const { revision, token } = state;
    const before = Math.max(this.#floor, record.state?.revision ?? 0);
    if (!(revision > before))
      this.faults.push(`${key} was acknowledged with revision ${revision}, not above ${before}`);
    if (this.#revisions.has(revision)) this.faults.push(`revision ${revision} was given to two writes`);
    if (token !== record.open?.token)
      this.faults.push(`the answer to the write ${record.open?.token} of ${key} shows ${token}`);
    this.#revisions.add(revision);
    this.newest = Math.max(this.newest, revision);
  }

  #happen(record: ObjectRecord, state: State | undefined): void {
    const { state: before } = record;
    const type: Change = state === undefined ? 'DELETED' : before === undefined ? 'ADDED' : 'MODIFIED';
    const { token, holds } = (state ?? before)!;
    record.happened.push({ type, token, revision: state?.revision, holds });
    record.state = state;
    record.open = undefined;
  }

  #settleObject(key: string, record: ObjectRecord, found: State | undefined): void {
    const { state: known, open } = record;
    if (open !== undefined) this.cutOff++;
    if (isDeepStrictEqual(found, known)) {
      record.open = undefined;
      return;
    }
    const isOfCutOff =
      open !== undefined &&
      found?.token === open.token &&
      (found === undefined || found.revision > (known?.revision ?? 0));
    if (isOfCutOff) {
      this.cutOffHappened++;
      this.#happen(record, found);
      return;
    }
    const tell = (state: State | undefined) => (state === undefined ? 'absent' : JSON.stringify(state));
    this.faults.push(
      `${key} is ${tell(found)} after the start; acknowledged was ${tell(known)}` +
        (open === undefined ? '' : `, cut off ${open.token ?? 'a delete'}`),
    );
    record.state = found;
    record.open = undefined;
  }
}
