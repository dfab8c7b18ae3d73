import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { check, commit, lines, put, remove, type StoreFactory } from './contract-tools.ts';
import type { CommitResult, Operation } from './store.ts';

/** Before each: a is at revision 2, b at 3, gone was put at 4 and deleted at 5. */
const cases: Record<string, { operations: Operation[]; result: CommitResult; after?: string[] }> = {
  'a put creates': {
    operations: [put('c', '1')],
    result: { committed: true, revision: 6 },
    after: ['a=1@2..2', 'b=1@3..3', 'c=1@6..6'],
  },
  'a put replaces and keeps the create revision': {
    operations: [put('a', '2')],
    result: { committed: true, revision: 6 },
    after: ['a=2@2..6', 'b=1@3..3'],
  },
  'a put with the right revision': {
    operations: [put('a', '2', 2)],
    result: { committed: true, revision: 6 },
    after: ['a=2@2..6', 'b=1@3..3'],
  },
  'a put with an old revision': {
    operations: [put('a', '2', 1)],
    result: { committed: false, key: 'a', actual: 2 },
  },
  'a create where there is something': {
    operations: [put('a', '2', 0)],
    result: { committed: false, key: 'a', actual: 2 },
  },
  'a create where there is nothing': {
    operations: [put('c', '1', 0)],
    result: { committed: true, revision: 6 },
    after: ['a=1@2..2', 'b=1@3..3', 'c=1@6..6'],
  },
  'a create again after a delete': {
    operations: [put('gone', '2', 0)],
    result: { committed: true, revision: 6 },
    after: ['a=1@2..2', 'b=1@3..3', 'gone=2@6..6'],
  },
  'a replace where there is nothing': {
    operations: [put('gone', '2', 4)],
    result: { committed: false, key: 'gone', actual: 0 },
  },
  'a delete': {
    operations: [remove('a')],
    result: { committed: true, revision: 6 },
    after: ['b=1@3..3'],
  },
  'a delete with the right revision': {
    operations: [remove('a', 2)],
    result: { committed: true, revision: 6 },
    after: ['b=1@3..3'],
  },
  'a delete with a wrong revision': {
    operations: [remove('a', 3)],
    result: { committed: false, key: 'a', actual: 2 },
  },
  'a delete of what is absent changes nothing': {
    operations: [remove('gone'), remove('never', 0)],
    result: { committed: true, revision: 5 },
  },
  'a delete of what is absent, expected to be there': {
    operations: [remove('gone', 4)],
    result: { committed: false, key: 'gone', actual: 0 },
  },
  'a check alone changes nothing': {
    operations: [check('a', 2), check('gone', 0)],
    result: { committed: true, revision: 5 },
  },
  'a check that fails stops the rest': {
    operations: [put('c', '1'), check('b', 2)],
    result: { committed: false, key: 'b', actual: 3 },
  },
  'the first failing expectation is named': {
    operations: [put('c', '1', 0), put('b', '2', 9), put('a', '2', 9)],
    result: { committed: false, key: 'b', actual: 3 },
  },
  'a check and a write of the same key': {
    operations: [check('a', 2), put('a', '2')],
    result: { committed: true, revision: 6 },
    after: ['a=2@2..6', 'b=1@3..3'],
  },
  'several operations share a revision': {
    operations: [put('c', '1'), remove('a'), remove('never'), put('b', '2')],
    result: { committed: true, revision: 6 },
    after: ['b=2@3..6', 'c=1@6..6'],
  },
  'no operations': { operations: [], result: { committed: true, revision: 5 } },
};

export function commitContract(open: StoreFactory): void {
  describe('commit', () => {
    for (const [name, { operations, result, after }] of Object.entries(cases))
      test(name, async (context) => {
        const store = await open(context);
        await commit(store, put('a', '1'));
        await commit(store, put('b', '1'));
        await commit(store, put('gone', '1'));
        await commit(store, remove('gone'));
        assert.deepEqual(await store.commit(operations), result);
        assert.deepEqual(await lines(store), after ?? ['a=1@2..2', 'b=1@3..3']);
        const { revision } = await store.range({ from: 'a', limit: 0 });
        assert.equal(revision, after ? 6 : 5);
      });

    refusals(open);
    concurrency(open);
  });
}

function refusals(open: StoreFactory): void {
  const refused: Record<string, { operations: Operation[]; code: string }> = {
    'one key written twice': { operations: [put('a', '1'), remove('a')], code: 'STORE_DUPLICATE_KEY' },
    'an empty key': { operations: [put('', '1')], code: 'STORE_INVALID_KEY' },
    'half a character': { operations: [put('a\ud800', '1')], code: 'STORE_INVALID_KEY' },
    'too many operations': {
      operations: Array.from({ length: 5 }, (_, index) => put(`k${index}`, '')),
      code: 'STORE_COMMIT_TOO_LARGE',
    },
    'too many bytes': { operations: [put('a', 'x'.repeat(100))], code: 'STORE_COMMIT_TOO_LARGE' },
  };
  for (const [name, { operations, code }] of Object.entries(refused))
    test(`refuses ${name}`, async (context) => {
      const store = await open(context, { commitOperationsMax: 4, commitBytesMax: 100 });
      await assert.rejects(store.commit(operations), { code });
      assert.equal(await commit(store, put('a', '1')), 2);
    });

  test('refuses commits beyond the number that may wait, and takes them again later', async (context) => {
    const store = await open(context, { commitsWaitingMax: 4 });
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, (_, index) => commit(store, put(`k${index}`, ''))),
    );
    assert.deepEqual(
      results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.code)),
      [2, 3, 4, 5, 'STORE_BUSY', 'STORE_BUSY'],
    );
    assert.equal(await commit(store, put('k6', '')), 6);
  });

  test('refuses commits beyond the bytes that may wait', async (context) => {
    const store = await open(context, { commitsWaitingBytesMax: 10 });
    const [first, second] = await Promise.allSettled([
      commit(store, put('a', '12345678')),
      commit(store, put('b', '12345678')),
    ]);
    assert.deepEqual([first?.status, second?.status], ['fulfilled', 'rejected']);
    assert.equal(await commit(store, put('b', '12345678')), 3);
  });
}

function concurrency(open: StoreFactory): void {
  test('of commits that expect the same revision, one wins', async (context) => {
    const store = await open(context);
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.commit([put('a', `${index}`, 0)])),
    );
    assert.deepEqual(results, [
      { committed: true, revision: 2 },
      ...Array.from({ length: 19 }, () => ({ committed: false, key: 'a', actual: 2 })),
    ]);
  });

  test('increments from many at once are all counted', async (context) => {
    const store = await open(context);
    const increment = async (): Promise<void> => {
      const { entries } = await store.range({ from: 'counter' });
      const [entry] = entries;
      const next = `${Number(entry ? new TextDecoder().decode(entry.value) : 0) + 1}`;
      const result = await store.commit([put('counter', next, entry?.revision ?? 0)]);
      if (!result.committed) await increment();
    };
    await Promise.all(Array.from({ length: 20 }, increment));
    assert.deepEqual(await lines(store), ['counter=20@2..21']);
  });

  test('a read that begins after a commit resolved sees it', async (context) => {
    const store = await open(context);
    await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const revision = await commit(store, put(`k${index}`, 'v'));
        const read = await store.range({ from: `k${index}` });
        assert.equal(read.entries[0]?.revision, revision);
        assert.ok(read.revision >= revision);
      }),
    );
  });

  test('close waits for the commits under way; afterwards nothing is taken', async (context) => {
    const store = await open(context);
    const underWay = Array.from({ length: 10 }, (_, index) => commit(store, put(`k${index}`, 'v')));
    await Promise.all([store.close(), store.close()]);
    assert.deepEqual(await Promise.all(underWay), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    await assert.rejects(store.commit([put('a', '1')]), { code: 'STORE_CLOSED' });
    await assert.rejects(store.range({ from: 'a' }), { code: 'STORE_CLOSED' });
    await assert.rejects(store.compact(2), { code: 'STORE_CLOSED' });
  });
}
