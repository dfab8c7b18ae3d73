/**
 * The messages between `sqlite.ts` and its worker thread. Values travel packed in one buffer that is transferred, not
 * cloned: structured clone would copy the whole ArrayBuffer behind each small view.
 */
import type { CommitOutcome, LogState, Page, PageRequest, ReplayPage, ReplayRequest } from './backend.ts';
import { noValue } from './backend.ts';
import type { StoreLimits } from './limits.ts';
import type { Entry, Operation, StoreEvent } from './store.ts';

export interface WorkerOptions {
  readonly file: string;
  readonly limits: StoreLimits;
  /** Bounds the database as a full disk would: for tests. */
  readonly databasePagesMax?: number;
}

/** Flat, for structured clone: per commit the number of operations, per operation `operationFields` items. */
export interface PackedGroup {
  readonly fields: (string | number)[];
  readonly values: ArrayBuffer;
}

export type WorkerRequest =
  | { readonly id: number; readonly type: 'commit'; readonly group: PackedGroup }
  | { readonly id: number; readonly type: 'range'; readonly request: PageRequest }
  | { readonly id: number; readonly type: 'replay'; readonly request: ReplayRequest }
  | { readonly id: number; readonly type: 'compact'; readonly revision: number }
  | { readonly id: number; readonly type: 'close' };

/** Rows without objects: per row three numbers (revision, create revision, bytes of the value). */
export interface PackedRows {
  readonly keys: string[];
  readonly numbers: Float64Array;
  readonly values: ArrayBuffer;
}

/** What became of a commit; the events themselves are made where the values already are. */
export type PackedOutcome =
  /** The create revision of each operation's event: 0 for a delete, -1 where there is no event. */
  | { readonly committed: true; readonly revision: number; readonly createRevisions: number[] }
  | { readonly committed: false; readonly key: string; readonly actual: number }
  | { readonly committed: false; readonly full: string };

export type WorkerReply =
  | { readonly type: 'open'; readonly state: LogState }
  | { readonly type: 'refused'; readonly reason: RefusalReason; readonly message: string }
  /** The database has failed for good; no reply follows. */
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'full'; readonly id: number; readonly message: string }
  | { readonly type: 'commit'; readonly id: number; readonly outcomes: PackedOutcome[] }
  | {
      readonly type: 'range';
      readonly id: number;
      readonly rows: PackedRows;
      readonly revision: number;
      readonly more: boolean;
    }
  | { readonly type: 'replay'; readonly id: number; readonly rows: PackedRows; readonly through: number }
  | { readonly type: 'compact'; readonly id: number; readonly done: boolean }
  | { readonly type: 'close'; readonly id: number };

export type RefusalReason = 'locked' | 'foreign' | 'corrupt' | 'newer' | 'unusable';

const operationFields = 4;
const noExpectation = -1;
const operationTypes = ['put', 'delete', 'check'] as const;

export function packGroup(group: readonly (readonly Operation[])[]): PackedGroup {
  const fields: (string | number)[] = [];
  let bytes = 0;
  for (const operations of group) {
    fields.push(operations.length);
    for (const { type, key, value, expect = noExpectation } of operations) {
      const length = type === 'put' ? value!.length : 0;
      fields.push(operationTypes.indexOf(type), key, expect, length);
      bytes += length;
    }
  }
  const values = new Uint8Array(bytes);
  let offset = 0;
  for (const operations of group) {
    for (const { type, value } of operations) {
      if (type !== 'put') continue;
      values.set(value!, offset);
      offset += value!.length;
    }
  }
  return { fields, values: values.buffer };
}

export function unpackGroup({ fields, values }: PackedGroup): Operation[][] {
  const group: Operation[][] = [];
  let offset = 0;
  for (let position = 0; position < fields.length; ) {
    const end = position + 1 + (fields[position] as number) * operationFields;
    const operations: Operation[] = [];
    for (position++; position < end; position += operationFields) {
      const [type, key, expect, length] = fields.slice(position, position + operationFields) as [
        number,
        string,
        number,
        number,
      ];
      operations.push({
        type: operationTypes[type]!,
        key,
        value: new Uint8Array(values, offset, length),
        expect: expect === noExpectation ? undefined : expect,
      });
      offset += length;
    }
    group.push(operations);
  }
  return group;
}

export function packOutcome(operations: readonly Operation[], outcome: CommitOutcome): PackedOutcome {
  if ('error' in outcome) return { committed: false, full: outcome.error.message };
  if (!outcome.committed) return outcome;
  let next = 0;
  const createRevisions = operations.map(({ type, key }) => {
    const event = outcome.events[next];
    if (type === 'check' || event?.key !== key) return -1;
    next++;
    return event.createRevision;
  });
  return { committed: true, revision: outcome.revision, createRevisions };
}

/** The events of a commit that the worker has made, with the caller's own values. */
export function eventsOf(
  operations: readonly Operation[],
  { revision, createRevisions }: { readonly revision: number; readonly createRevisions: readonly number[] },
): StoreEvent[] {
  const events: StoreEvent[] = [];
  for (const [index, { type, key, value = noValue }] of operations.entries()) {
    const createRevision = createRevisions[index]!;
    if (createRevision < 0 || type === 'check') continue;
    events.push({ type, key, value: type === 'put' ? value : noValue, revision, createRevision });
  }
  return events;
}

/** A row of the log as SQLite returns it: revision and ordinal in one number, key, create revision, value. */
export interface LogRow {
  readonly key: string;
  readonly revision: number;
  readonly createRevision: number;
  readonly value: Uint8Array;
}

export function packRows(rows: readonly LogRow[]): PackedRows {
  const numbers = new Float64Array(rows.length * 3);
  const keys: string[] = [];
  let bytes = 0;
  for (const [index, { key, revision, createRevision, value }] of rows.entries()) {
    keys.push(key);
    numbers[index * 3] = revision;
    numbers[index * 3 + 1] = createRevision;
    numbers[index * 3 + 2] = value.length;
    bytes += value.length;
  }
  const values = new Uint8Array(bytes);
  let offset = 0;
  for (const { value } of rows) {
    values.set(value, offset);
    offset += value.length;
  }
  return { keys, numbers, values: values.buffer };
}

function unpackRows<T>({ keys, numbers, values }: PackedRows, make: (row: LogRow) => T): T[] {
  let offset = 0;
  return keys.map((key, index) => {
    const length = numbers[index * 3 + 2]!;
    const value = length === 0 ? noValue : new Uint8Array(values, offset, length);
    offset += length;
    return make({ key, revision: numbers[index * 3]!, createRevision: numbers[index * 3 + 1]!, value });
  });
}

export function pageOf(reply: Extract<WorkerReply, { type: 'range' }>): Page {
  const entries = unpackRows<Entry>(reply.rows, (row) => row);
  return { entries, revision: reply.revision, more: reply.more };
}

export function replayPageOf(reply: Extract<WorkerReply, { type: 'replay' }>): ReplayPage {
  const events = unpackRows<StoreEvent>(reply.rows, (row) => ({
    type: row.createRevision === 0 ? 'delete' : 'put',
    ...row,
  }));
  return { events, through: reply.through };
}
