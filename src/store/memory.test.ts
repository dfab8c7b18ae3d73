import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeContract } from './contract.ts';
import { entryLine, put, remove } from './contract-tools.ts';
import { storeLimits } from './limits.ts';
import { createMemoryStore, MemoryBackend } from './memory.ts';

storeContract('memory', async (context, limits) => {
  const store = createMemoryStore({ limits });
  context.after(() => store.close());
  return store;
});

test('a memory store is ready in under 5 ms', () => {
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    createMemoryStore();
    return performance.now() - start;
  });
  assert.ok(Math.min(...times) < 5, `${times}`);
});

test('a compaction leaves nothing of what it forgets', async () => {
  const backend = new MemoryBackend({ ...storeLimits, compactionRowsMax: 3 });
  const groups = [
    ...Array.from({ length: 10 }, (_, index) => [put('a', `${index}`), put(`k${index}`, '')]),
    [...Array.from({ length: 10 }, (_, index) => remove(`k${index}`))],
    [put('b', '1')],
    [put('b', '2')],
  ];
  backend.commit(groups, () => {});
  assert.deepEqual(backend.size, { keys: 12, versions: 32, commits: 13 });
  for (let done = false; !done; ) done = await backend.compact(13);
  assert.deepEqual(backend.size, { keys: 2, versions: 3, commits: 1 });
  assert.deepEqual((await backend.range({ from: 'a', to: 'z', limit: 9 })).entries.map(entryLine), [
    'a=9@2..11',
    'b=2@13..14',
  ]);
});
