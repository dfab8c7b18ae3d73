import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bytes, commit, lines, put, record, remove } from './contract-tools.ts';
import type { StoreCore } from './core.ts';
import { openFor, startChild, temporaryDirectory } from './testing.ts';

const large = 'x'.repeat(20_000);

function sizes(directory: string): Record<string, number> {
  return Object.fromEntries(
    readdirSync(directory).map((name) => [name, statSync(join(directory, name)).size]),
  );
}

test('rewriting the same keys with compaction leaves the files small', async (context) => {
  const directory = temporaryDirectory(context);
  const store = await openFor(context, { directory });
  const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
  let databaseMax = 0;
  let walMax = 0;
  for (let round = 0; round < 60; round++) {
    await Promise.all(
      keys.flatMap((key) =>
        [0, 1, 2, 3].map((part) => commit(store, put(key, `${round}.${part}`.padEnd(4000)))),
      ),
    );
    const { revision } = await store.range({ from: 'a', limit: 0 });
    if (round % 4 === 3) await store.compact(revision - 100);
    const found = sizes(directory);
    databaseMax = Math.max(databaseMax, found['store.db']!);
    walMax = Math.max(walMax, found['store.db-wal']!);
  }
  // 12,000 values of 4 kB were written: 48 MB. Kept at any time: 50 keys, and 900 commits of history.
  assert.equal((await store.range({ from: 'a', limit: 0 })).revision, 12_001);
  assert.ok(databaseMax < 16 * 2 ** 20, `the database grew to ${databaseMax}`);
  assert.ok(walMax < 16 * 2 ** 20, `the WAL grew to ${walMax}`);

  await store.compact(12_001);
  const { 'store.db': database, 'store.db-wal': wal } = sizes(directory);
  assert.ok(database! < 2.5 * 2 ** 20, `the database gave space back, down to ${database}`);
  assert.equal(wal, 0);
});

/** Fills the store until it refuses, and checks that it lives on. Returns the keys that were written. */
async function fillUp(store: StoreCore): Promise<string[]> {
  const watch = record(store, { afterRevision: store.stats().revision });
  const written: string[] = [];
  for (;;) {
    const key = `fill-${written.length}`;
    const before = store.stats().revision;
    const result = await store
      .commit([{ type: 'put', key, value: bytes(large) }])
      .catch((error: Error) => error);
    if (!(result instanceof Error)) {
      written.push(key);
      assert.ok(written.length < 10_000, 'the disk is never full');
      continue;
    }
    assert.equal(result.name, 'StoreFullError');
    assert.equal(store.stats().revision, before, 'a refused commit takes no revision');
    assert.deepEqual((await store.range({ from: key })).entries, []);
    break;
  }
  assert.ok(written.length > 3);
  const { entries } = await store.range({ from: 'fill-', to: 'fill.' });
  assert.deepEqual(entries.map(({ key }) => key).toSorted(), written.toSorted());
  assert.equal(watch.lines.length, written.length);
  const past = record(store, { afterRevision: 1 });
  await past.reached(store.stats().revision);
  watch.stop();
  past.stop();
  return written;
}

test('a full database refuses writes, reads on, and writes again when there is space', async (context) => {
  const limits = { historyEventsMax: 4 };
  const store = await openFor(context, {
    directory: temporaryDirectory(context),
    databasePagesMax: 200,
    limits,
  });
  await commit(store, put('first', '1'));
  const written = await fillUp(store);
  const newest = store.stats().revision;

  const group = await Promise.allSettled([
    store.commit([{ type: 'put', key: 'large', value: bytes(large) }]),
    store.commit([{ type: 'delete', key: written[0]! }]),
    store.commit([{ type: 'put', key: 'larger', value: bytes(large) }]),
  ]);
  assert.deepEqual(
    group.map(({ status }) => status),
    ['rejected', 'fulfilled', 'rejected'],
    'what is small still fits',
  );
  assert.equal(store.stats().revision, newest + 1);

  for (const key of written.slice(1, 8)) await commit(store, remove(key));
  await store.compact(store.stats().revision);
  assert.equal(await commit(store, put('after', large)), newest + 9);
  assert.deepEqual(await lines(store, { from: 'first' }), ['first=1@2..2']);
});

test('a disk that is really full', async (context) => {
  const directory = mountSmall(context);
  if (!directory) return;
  const store = await openFor(context, { directory: join(directory, 'data') });
  const filler = join(directory, 'filler');
  writeFileSync(filler, Buffer.alloc(2 ** 20));
  await fillUp(store);
  const newest = store.stats().revision;
  // Whether a compaction has room depends on the WAL; if not, that is no more than a refusal.
  const compaction = await store.compact(newest - 1).then(
    () => 'StoreFullError',
    (error: Error) => error.name,
  );
  assert.equal(compaction, 'StoreFullError');
  assert.equal((await store.range({ from: 'fill-0' })).entries.length, 1);
  rmSync(filler);
  assert.equal(await commit(store, put('after', large)), newest + 1);
  await store.close();
  const again = await openFor(context, { directory: join(directory, 'data') });
  assert.equal(again.stats().revision, newest + 1);
  await again.close();
});

/** A file system of 3 MB in memory, gone after the test. Undefined, and the test is skipped, where that is not allowed. */
function mountSmall(context: TestContext): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'wherry-store-'));
  // Hooks run in this order. Lazily: the store may still be open when the test has failed.
  let mounted = false;
  context.after(() => {
    if (mounted) execFileSync('umount', ['--lazy', directory]);
    rmdirSync(directory);
  });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'wherry-store-test', directory], {
      stdio: 'ignore',
    });
    mounted = true;
    return directory;
  } catch {
    context.skip('mounting a tmpfs takes root');
    return undefined;
  }
}

test('after an I/O error nothing works, and nothing acknowledged is lost', async (context) => {
  const directory = temporaryDirectory(context);
  // Writing beyond the largest allowed file fails with EFBIG, which SQLite calls an I/O error.
  const child = startChild(context, ['fill', directory], { fileBlocksMax: 2000 });
  assert.equal(await child.ended, 0);
  const acknowledged = child.lines.filter((line) => line.includes(' key-'));
  assert.ok(acknowledged.length > 10);
  assert.deepEqual(child.lines.slice(acknowledged.length + 1), [
    'commit: StoreClosedError',
    'read: StoreClosedError',
    'commit again: StoreClosedError',
    'watch: StoreClosedError',
  ]);
  const store = await openFor(context, { directory });
  const { entries } = await store.range({ from: 'key-', to: 'key.' });
  const found = new Set(entries.map(({ key, revision }) => `${revision} ${key}`));
  assert.deepEqual(
    acknowledged.filter((line) => !found.has(line)),
    [],
  );
});
