import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backend, Page } from './backend.ts';
import { put, record } from './contract-tools.ts';
import { StoreCore } from './core.ts';
import { storeLimits } from './limits.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A store at revision 10 on a backend that is answered by hand. */
function setUp({ compacted: initial = 0 } = {}) {
  const log: string[] = [];
  const failures: Error[] = [];
  const ranges: { resolve: (page: Page) => void; reject: (error: Error) => void }[] = [];
  let compacted = initial;
  const backend: Backend = {
    commit: () => log.push('commit'),
    range: () => new Promise((resolve, reject) => ranges.push({ resolve, reject })),
    replay: () => new Promise(() => {}),
    compact: async (revision) => {
      log.push(revision > compacted ? `mark ${revision}` : `forget before ${revision}`);
      const isDone = revision === compacted;
      if (isDone && failures.length > 0) throw failures.pop();
      compacted = revision;
      return isDone;
    },
    close: async () => {
      log.push('close');
    },
  };
  const store = new StoreCore(backend, { revision: 10, compacted: initial }, storeLimits);
  return { log, failures, ranges, store };
}

const page: Page = { entries: [], revision: 10, more: false };

test('a compaction is marked at once, and forgets when the reads of older states are over', async () => {
  const { log, ranges, store } = setUp();
  const older = store.range({ from: 'a', revision: 4 });
  const newer = store.range({ from: 'a', revision: 5 });
  const compaction = store.compact(5);
  await turn();
  assert.deepEqual(log, ['mark 5']);
  await assert.rejects(store.range({ from: 'a', revision: 4 }), { code: 'STORE_COMPACTED' });
  ranges[0]!.resolve(page);
  assert.deepEqual(await older, page);
  await compaction;
  assert.deepEqual(log, ['mark 5', 'forget before 5']);
  ranges[1]!.resolve(page);
  await newer;
});

test('a compaction that was stopped goes on with the next call, one that is done does not', async () => {
  const { log, failures, store } = setUp();
  failures.push(new Error('full'));
  await assert.rejects(store.compact(5), { message: 'full' });
  await store.compact(5);
  await store.compact(5);
  assert.deepEqual(log, ['mark 5', 'forget before 5', 'forget before 5']);
});

test('a compaction that the end of the process stopped goes on too', async () => {
  const { log, store } = setUp({ compacted: 4 });
  await store.compact(2);
  await store.compact(2);
  assert.deepEqual(log, ['forget before 4']);
});

test('limit 0 asks the backend nothing', async () => {
  const { ranges, store } = setUp();
  assert.deepEqual(await store.range({ from: 'a', to: 'z', limit: 0 }), page);
  assert.equal(ranges.length, 0);
});

test('close waits for reads', async () => {
  const { log, ranges, store } = setUp();
  const read = store.range({ from: 'a' });
  const closed = store.close();
  await turn();
  assert.deepEqual(log, []);
  ranges[0]!.resolve(page);
  await Promise.all([read, closed]);
  assert.deepEqual(log, ['close']);
});

test('a failure ends everything, and says why; close still works', async () => {
  const { log, store } = setUp();
  const watch = record(store, { afterRevision: 10 });
  const commit = store.commit([put('a', '1')]);
  await turn();
  const broken = new Error('broken');
  store.fail(broken);
  const closed = { code: 'STORE_CLOSED', cause: broken };
  await assert.rejects(commit, closed);
  await assert.rejects(store.commit([put('a', '1')]), closed);
  await assert.rejects(store.range({ from: 'a' }), closed);
  await assert.rejects(store.compact(3), closed);
  assert.equal((await watch.end).cause, broken);
  assert.equal((await record(store, { afterRevision: 10 }).end).name, 'StoreClosedError');
  await store.close();
  assert.deepEqual(log, ['commit', 'close']);
});

test('numbers for the metrics', () => {
  const { store } = setUp();
  const expected = { revision: 10, compacted: 0, watchers: 0, commitsWaiting: 0, commits: 0, groups: 0 };
  assert.deepEqual(store.stats(), expected);
});
