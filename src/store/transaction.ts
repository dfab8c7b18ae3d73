import type { CommitOutcome } from './backend.ts';
import { noValue } from './backend.ts';
import { CommitTooLargeError, DuplicateKeyError } from './errors.ts';
import { checkKey } from './keys.ts';
import type { StoreLimits } from './limits.ts';
import type { Operation, StoreEvent } from './store.ts';

/** What is known of a key that exists. */
export interface KeyState {
  readonly revision: number;
  readonly createRevision: number;
}

/** Decides a commit: all expectations are met and it becomes `nextRevision`, or nothing is written. */
export function evaluate(
  operations: readonly Operation[],
  nextRevision: number,
  lookup: (key: string) => KeyState | undefined,
): CommitOutcome {
  const found = operations.map(({ key }) => lookup(key));
  for (const [index, { key, expect }] of operations.entries()) {
    const actual = found[index]?.revision ?? 0;
    if (expect !== undefined && expect !== actual) return { committed: false, key, actual };
  }
  const events: StoreEvent[] = [];
  for (const [index, { type, key, value = noValue }] of operations.entries()) {
    const state = found[index];
    if (type === 'put') {
      const createRevision = state?.createRevision ?? nextRevision;
      events.push({ type, key, value, revision: nextRevision, createRevision });
    } else if (type === 'delete' && state !== undefined) {
      events.push({ type, key, value: noValue, revision: nextRevision, createRevision: 0 });
    }
  }
  return { committed: true, revision: events.length > 0 ? nextRevision : nextRevision - 1, events };
}

/** Refuses what can never be committed. Returns the bytes that the commit takes in a queue. */
export function checkCommit(operations: readonly Operation[], limits: StoreLimits): number {
  if (operations.length > limits.commitOperationsMax)
    throw new CommitTooLargeError('operations', operations.length, limits.commitOperationsMax);
  let bytes = 0;
  // Most commits write one key.
  let first: string | undefined;
  let others: Set<string> | undefined;
  for (const { type, key, value } of operations) {
    checkKey(key);
    bytes += key.length;
    if (type === 'check') continue;
    if (key === first || others?.has(key)) throw new DuplicateKeyError(key);
    if (first === undefined) first = key;
    else {
      others ??= new Set();
      others.add(key);
    }
    if (type !== 'put') continue;
    if (value === undefined) throw new TypeError(`the put of ${key} has no value`);
    bytes += value.length;
  }
  if (bytes > limits.commitBytesMax) throw new CommitTooLargeError('bytes', bytes, limits.commitBytesMax);
  return bytes;
}
