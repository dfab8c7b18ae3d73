import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  bytes,
  commit,
  endOfKeys,
  entryLine,
  lines,
  put,
  remove,
  type StoreFactory,
} from './contract-tools.ts';
import type { RangeRequest, Store } from './store.ts';

/** 2: a, b and d; 3: b again; 4: c; 5: a deleted; 6: a again, d deleted; 7: b deleted. */
async function fill(store: Store): Promise<void> {
  await commit(store, put('a', '1'), put('b', '1'), put('d', '1'));
  await commit(store, put('b', '2'));
  await commit(store, put('c', '1'));
  await commit(store, remove('a'));
  await commit(store, put('a', '2'), remove('d'));
  await commit(store, remove('b'));
}

const cases: Record<string, { request: RangeRequest; found: string[]; more?: boolean }> = {
  'one key': { request: { from: 'a' }, found: ['a=2@6..6'] },
  'one key that is absent': { request: { from: 'aa' }, found: [] },
  'one key that is deleted': { request: { from: 'b' }, found: [] },
  'one key in the past': { request: { from: 'b', revision: 3 }, found: ['b=2@2..3'] },
  'one key before it was': { request: { from: 'c', revision: 3 }, found: [] },
  'one key between a delete and its return': { request: { from: 'a', revision: 5 }, found: [] },
  'all of it': { request: { from: 'a', to: 'e' }, found: ['a=2@6..6', 'c=1@4..4'] },
  'the end is not part of it': { request: { from: 'a', to: 'c' }, found: ['a=2@6..6'] },
  'the start is': { request: { from: 'c', to: 'd' }, found: ['c=1@4..4'] },
  'an empty range': { request: { from: 'c', to: 'c' }, found: [] },
  'a range the wrong way round': { request: { from: 'd', to: 'a' }, found: [] },
  'nothing at revision 1': { request: { from: 'a', to: 'e', revision: 1 }, found: [] },
  'the first commit': {
    request: { from: 'a', to: 'e', revision: 2 },
    found: ['a=1@2..2', 'b=1@2..2', 'd=1@2..2'],
  },
  'after a delete': {
    request: { from: 'a', to: 'e', revision: 5 },
    found: ['b=2@2..3', 'c=1@4..4', 'd=1@2..2'],
  },
  'after a return': {
    request: { from: 'a', to: 'e', revision: 6 },
    found: ['a=2@6..6', 'b=2@2..3', 'c=1@4..4'],
  },
  'with a limit': { request: { from: 'a', to: 'e', limit: 1 }, found: ['a=2@6..6'], more: true },
  'with a limit that is just enough': {
    request: { from: 'a', to: 'e', limit: 2 },
    found: ['a=2@6..6', 'c=1@4..4'],
  },
  'with a limit in the past': {
    request: { from: 'a', to: 'e', limit: 2, revision: 4 },
    found: ['a=1@2..2', 'b=2@2..3'],
    more: true,
  },
  'with limit 0': { request: { from: 'a', to: 'e', limit: 0 }, found: [] },
};

export function rangeContract(open: StoreFactory): void {
  describe('range', () => {
    test('an empty store is at revision 1 and its first commit is 2', async (context) => {
      const store = await open(context);
      assert.deepEqual(await store.range({ from: 'a', to: 'z' }), { entries: [], revision: 1, more: false });
      assert.equal(await commit(store, put('a', '1')), 2);
    });

    test('each kind of request', async (context) => {
      const store = await open(context);
      await fill(store);
      for (const [name, { request, found, more = false }] of Object.entries(cases)) {
        const result = await store.range(request);
        const seen = { ...result, entries: result.entries.map(entryLine) };
        assert.deepEqual(seen, { entries: found, revision: 7, more }, name);
      }
    });

    test('a revision that has not happened', async (context) => {
      const store = await open(context);
      await fill(store);
      for (const limit of [0, 1])
        await assert.rejects(store.range({ from: 'a', revision: 8, limit }), {
          code: 'STORE_FUTURE_REVISION',
        });
    });

    contents(open);
    paging(open);
  });
}

function contents(open: StoreFactory): void {
  test('keys are in byte order, and any well-formed text can be one', async (context) => {
    const store = await open(context);
    const ordered = [
      '\0',
      'A',
      '__proto__',
      'a',
      'a\0',
      'a\0b',
      'a/',
      'aa',
      'constructor',
      '\u00e9',
      '\ue000',
      '\uffff',
    ];
    ordered.push('\u{10000}', '\u{1f600}', '\u{1f600}a');
    for (const key of ordered.toReversed()) await commit(store, put(key, key));
    const { entries } = await store.range({ from: '\0', to: endOfKeys });
    assert.deepEqual(
      entries.map(({ key }) => key),
      ordered,
    );
    for (const { key, value } of entries) assert.deepEqual(Buffer.from(value), Buffer.from(bytes(key)));
    const high = await lines(store, { from: '\uffff', to: '\u{1f600}' });
    assert.deepEqual(high, ['\uffff=\uffff@5..5', '\u{10000}=\u{10000}@4..4']);
  });

  test('values are any bytes, also none, also a view into something larger', async (context) => {
    const store = await open(context);
    const all = Uint8Array.from({ length: 256 }, (_, index) => index);
    const values = {
      all,
      none: new Uint8Array(0),
      view: all.subarray(10, 20),
      large: new Uint8Array(300_000).fill(7),
    };
    await store.commit(Object.entries(values).map(([key, value]) => ({ type: 'put', key, value })));
    const { entries } = await store.range({ from: 'a', to: 'z' });
    assert.deepEqual(
      Object.fromEntries(entries.map(({ key, value }) => [key, Buffer.from(value)])),
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value)])),
    );
  });
}

function paging(open: StoreFactory): void {
  test('a long range is one state, whatever is committed meanwhile', async (context) => {
    const store = await open(context, { pageEntriesMax: 7 });
    const keys = Array.from({ length: 50 }, (_, index) => `k${String(index).padStart(2, '0')}`);
    await commit(store, ...keys.map((key) => put(key, '0')));
    let writing = true;
    const writer = (async () => {
      for (let round = 1; writing; round++) {
        const revision = await commit(store, ...keys.map((key) => put(key, `${round}`)));
        if (round % 5 === 0) await store.compact(revision);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let index = 0; index < 30; index++) {
      const { entries, revision } = await store.range({ from: 'k', to: 'l' });
      assert.equal(entries.length, 50);
      assert.deepEqual(new Set(entries.map((entry) => entry.revision)), new Set([revision]));
    }
    writing = false;
    await writer;
  });

  test('reads beyond the number that may be under way are refused', async (context) => {
    const store = await open(context, { readsMax: 2 });
    await commit(store, put('a', '1'));
    const results = await Promise.allSettled(Array.from({ length: 3 }, () => store.range({ from: 'a' })));
    assert.deepEqual(
      results.map((result) => (result.status === 'fulfilled' ? result.value.revision : result.reason.code)),
      [2, 2, 'STORE_BUSY'],
    );
    assert.equal((await store.range({ from: 'a' })).revision, 2);
  });
}
