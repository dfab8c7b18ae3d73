import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { StoreLimits } from './limits.ts';
import type { CommitResult, Entry, Operation, RangeRequest, Store, StoreEvent } from './store.ts';

/** A fresh, empty store that is closed after the test. */
export type StoreFactory = (context: TestContext, limits?: Partial<StoreLimits>) => Promise<Store>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const bytes = (text: string): Uint8Array => encoder.encode(text);
export const text = (value: Uint8Array): string => decoder.decode(value);

export const put = (key: string, value: string, expect?: number): Operation => ({
  type: 'put',
  key,
  value: bytes(value),
  expect,
});
export const remove = (key: string, expect?: number): Operation => ({ type: 'delete', key, expect });
export const check = (key: string, expect: number): Operation => ({ type: 'check', key, expect });

/** Commits, and is surprised by a conflict. Returns the revision. */
export async function commit(store: Store, ...operations: Operation[]): Promise<number> {
  const result: CommitResult = await store.commit(operations);
  assert.ok(result.committed, `conflict: ${JSON.stringify(result)}`);
  return result.revision;
}

/** Above every key that the tests use, in byte order. */
export const endOfKeys = '\u{10ffff}';

/** `key=value@createRevision..revision` */
export function entryLine({ key, value, createRevision, revision }: Entry): string {
  return `${key}=${text(value)}@${createRevision}..${revision}`;
}

export async function lines(store: Store, request: Partial<RangeRequest> = {}): Promise<string[]> {
  const { entries } = await store.range({ from: '\0', to: endOfKeys, ...request });
  return entries.map(entryLine);
}

/** `revision put key=value@createRevision`, `revision delete key` */
export function eventLine({ type, key, value, revision, createRevision }: StoreEvent): string {
  if (type === 'put') return `${revision} put ${key}=${text(value)}@${createRevision}`;
  assert.deepEqual([value.length, createRevision], [0, 0]);
  return `${revision} delete ${key}`;
}

export interface Recording {
  readonly lines: string[];
  /** The revisions of each call of `onEvents`. */
  readonly calls: number[][];
  readonly end: Promise<Error>;
  progress: number;
  stop(): void;
  /** Resolves when all up to the revision has been delivered. */
  reached(revision: number): Promise<void>;
}

/** Watches and writes down what comes. */
export function record(
  store: Store,
  { from = '\0', to = endOfKeys, afterRevision = 0 }: { from?: string; to?: string; afterRevision?: number },
): Recording {
  const end = Promise.withResolvers<Error>();
  let waiting: { revision: number; resolve: () => void }[] = [];
  const recording: Recording = {
    lines: [],
    calls: [],
    end: end.promise,
    progress: 0,
    stop: () => stop(),
    reached: (revision) =>
      new Promise((resolve) => {
        if (recording.progress >= revision) resolve();
        else waiting.push({ revision, resolve });
      }),
  };
  const stop = store.watch(
    { from, to, afterRevision },
    {
      onEvents: (events) => {
        recording.calls.push(events.map(({ revision }) => revision));
        recording.lines.push(...events.map(eventLine));
      },
      onProgress: (revision) => {
        recording.progress = revision;
        for (const waiter of waiting) if (waiter.revision <= revision) waiter.resolve();
        waiting = waiting.filter((waiter) => waiter.revision > revision);
      },
      onEnd: end.resolve,
    },
  );
  return recording;
}
