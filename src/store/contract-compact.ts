import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { commit, lines, put, record, remove, type StoreFactory } from './contract-tools.ts';
import type { Store } from './store.ts';

/** 2: a, b; 3: a; 4: a deleted, c; 5: b; 6: a; 7: c deleted; 8: b. */
async function fill(store: Store): Promise<void> {
  await commit(store, put('a', '1'), put('b', '1'));
  await commit(store, put('a', '2'));
  await commit(store, remove('a'), put('c', '1'));
  await commit(store, put('b', '2'));
  await commit(store, put('a', '3'));
  await commit(store, remove('c'));
  await commit(store, put('b', '3'));
}

const states: Record<number, string[]> = {
  1: [],
  2: ['a=1@2..2', 'b=1@2..2'],
  3: ['a=2@2..3', 'b=1@2..2'],
  4: ['b=1@2..2', 'c=1@4..4'],
  5: ['b=2@2..5', 'c=1@4..4'],
  6: ['a=3@6..6', 'b=2@2..5', 'c=1@4..4'],
  7: ['a=3@6..6', 'b=2@2..5'],
  8: ['a=3@6..6', 'b=3@2..8'],
};
const events = ['5 put b=2@2', '6 put a=3@6', '7 delete c', '8 put b=3@2'];

export function compactContract(open: StoreFactory): void {
  describe('compact', () => {
    for (let compacted = 1; compacted <= 8; compacted++)
      test(`at revision ${compacted} keeps its state and all that is later`, async (context) => {
        const store = await open(context);
        await fill(store);
        await store.compact(compacted);
        for (let revision = 0; revision <= 8; revision++)
          if (revision >= compacted) assert.deepEqual(await lines(store, { revision }), states[revision]);
          else
            await assert.rejects(store.range({ from: 'a', revision }), {
              code: 'STORE_COMPACTED',
              oldestRevision: compacted,
            });
        assert.deepEqual(await lines(store), states[8]);
        assert.equal(await commit(store, put('a', '4', 6)), 9);
        assert.deepEqual((await store.range({ from: 'c' })).entries, []);
      });

    test('step by step is the same as at once', async (context) => {
      const store = await open(context);
      await fill(store);
      for (let revision = 2; revision <= 8; revision += 2) await store.compact(revision);
      assert.deepEqual(await lines(store), states[8]);
      await store.compact(3);
      assert.deepEqual(await lines(store, { revision: 8 }), states[8]);
    });

    revisions(open);
    watching(open);
  });
}

function revisions(open: StoreFactory): void {
  test('a revision that has not happened', async (context) => {
    const store = await open(context);
    await fill(store);
    await assert.rejects(store.compact(9), { code: 'STORE_FUTURE_REVISION' });
    assert.deepEqual(await lines(store, { revision: 2 }), states[2]);
  });

  test('revisions go on when everything was deleted and forgotten', async (context) => {
    const store = await open(context);
    await commit(store, put('a', '1'), put('b', '1'));
    await commit(store, remove('a'), remove('b'));
    await store.compact(3);
    assert.deepEqual(await store.range({ from: 'a', to: 'z' }), { entries: [], revision: 3, more: false });
    assert.equal(await commit(store, put('a', '2', 0)), 4);
    assert.deepEqual(await lines(store), ['a=2@4..4']);
  });
}

function watching(open: StoreFactory): void {
  test('a watch from before it ends, one from it or later goes on', async (context) => {
    const store = await open(context);
    await fill(store);
    const live = record(store, { afterRevision: 8 });
    await live.reached(8);
    await store.compact(4);
    assert.equal((await record(store, { afterRevision: 3 }).end).name, 'CompactedError');
    for (let afterRevision = 4; afterRevision <= 8; afterRevision++) {
      const watch = record(store, { afterRevision });
      await watch.reached(8);
      assert.deepEqual(watch.lines, events.slice(afterRevision - 4));
    }
    await commit(store, put('a', '4'));
    assert.deepEqual(live.lines, ['9 put a=4@6']);
  });

  test('a watch that is behind either gets everything or ends', async (context) => {
    const store = await open(context);
    for (let index = 0; index < 40; index++) await commit(store, put(`k${index % 5}`, `${index}`));
    const watch = record(store, { afterRevision: 1 });
    await Promise.all([store.compact(20), store.compact(41)]);
    const ended = await Promise.race([watch.end, watch.reached(41)]);
    const seen = watch.lines.map((line) => Number.parseInt(line, 10));
    assert.deepEqual(
      seen,
      seen.map((_, index) => index + 2),
      'no gaps',
    );
    if (ended) assert.equal(ended.name, 'CompactedError');
    else assert.equal(seen.length, 40);
  });
}
