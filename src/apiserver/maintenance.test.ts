import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from '../lib/manual-clock.ts';
import { createMemoryStore } from '../store/memory.ts';
import { startCompaction } from './maintenance.ts';

const minute = 60_000;
const turn = () => new Promise((resolve) => setImmediate(resolve));
async function turns(count = 5): Promise<void> {
  for (let index = 0; index < count; index++) await turn();
}

function setUp() {
  const store = createMemoryStore();
  const clock = createManualClock();
  const warnings: string[] = [];
  const log = {
    debug: () => {},
    info: () => {},
    error: () => {},
    warn: (message: string, fields: object = {}) =>
      void warnings.push(`${message} ${JSON.stringify(fields)}`),
  };
  const write = async () => {
    const result = await store.commit([{ type: 'put', key: '/registry/a', value: new Uint8Array() }]);
    return result.committed ? result.revision : assert.fail();
  };
  const pass = async (milliseconds: number) => {
    clock.advance(milliseconds);
    await turns();
  };
  /** Whether the state as of this revision can still be asked for. */
  const isKept = (revision: number) =>
    store.range({ from: '/registry/a', revision }).then(
      () => true,
      (error: { code: string }) => (error.code === 'STORE_COMPACTED' ? false : assert.fail(error.code)),
    );
  return { store, clock, log, warnings, write, pass, isKept };
}

test('every five minutes what is older than five minutes is forgotten, nothing younger', async () => {
  const { store, clock, log, warnings, write, pass, isKept } = setUp();
  const first = await write();
  const second = await write();
  const stop = startCompaction({ store, clock, log });
  await turns();
  const third = await write();
  await pass(5 * minute - 1);
  assert.equal(await isKept(first), true);
  await pass(1);
  // What was the newest five minutes ago is the oldest that is kept.
  assert.deepEqual([await isKept(first), await isKept(second), await isKept(third)], [false, true, true]);
  const fourth = await write();
  await pass(5 * minute);
  assert.deepEqual([await isKept(second), await isKept(third), await isKept(fourth)], [false, true, true]);
  // Nothing is written any more: the newest state stays.
  await pass(5 * minute);
  await pass(5 * minute);
  assert.deepEqual([await isKept(third), await isKept(fourth)], [false, true]);
  assert.deepEqual(warnings, []);
  stop();
  await store.close();
});

test('a failure is logged and tried again at the next turn', async () => {
  const { store, clock, log, warnings, write, pass, isKept } = setUp();
  const first = await write();
  await write();
  let healthy = true;
  const flaky = {
    range: store.range.bind(store),
    commit: store.commit.bind(store),
    watch: store.watch.bind(store),
    close: store.close.bind(store),
    compact: (revision: number) =>
      healthy ? store.compact(revision) : Promise.reject(new Error('disk trouble')),
  };
  const stop = startCompaction({ store: flaky, clock, log });
  await turns();
  healthy = false;
  await pass(5 * minute);
  assert.deepEqual(warnings, ['compaction failed; it is tried again later {"error":"disk trouble"}']);
  assert.equal(await isKept(first), true);
  healthy = true;
  await pass(5 * minute);
  assert.equal(await isKept(first), false);
  stop();
  await store.close();
});

test('stopped, it forgets nothing more', async () => {
  const { store, clock, log, write, pass, isKept } = setUp();
  const first = await write();
  await write();
  const stop = startCompaction({ store, clock, log });
  await turns();
  stop();
  await pass(60 * minute);
  assert.equal(await isKept(first), true);
  await store.close();
});
