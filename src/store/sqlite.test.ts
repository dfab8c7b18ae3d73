import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import { storeContract } from './contract.ts';
import { commit, lines, put, record, remove } from './contract-tools.ts';
import { openSqliteStore } from './sqlite.ts';
import { openFor, startChild, temporaryDirectory } from './testing.ts';

storeContract('sqlite', (context, limits) =>
  openFor(context, { directory: temporaryDirectory(context), limits }),
);

describe('a restart', () => {
  test('keeps state, history and revisions', async (context) => {
    const directory = temporaryDirectory(context);
    const first = await openSqliteStore({ directory });
    await commit(first, put('a', '1'), put('b', '1'));
    await commit(first, put('a', '2'));
    await commit(first, remove('b'));
    await first.close();
    assert.deepEqual(readdirSync(directory), ['store.db'], 'the WAL is gone after an orderly end');
    const second = await openFor(context, { directory });
    assert.deepEqual(await lines(second), ['a=2@2..3']);
    assert.deepEqual(await lines(second, { revision: 2 }), ['a=1@2..2', 'b=1@2..2']);
    const watch = record(second, { afterRevision: 2 });
    await watch.reached(4);
    assert.equal(await commit(second, put('b', '2', 0)), 5);
    assert.deepEqual(watch.lines, ['3 put a=2@2', '4 delete b', '5 put b=2@5']);
  });

  test('remembers the compacted revision and the newest, though all was deleted', async (context) => {
    const directory = temporaryDirectory(context);
    const first = await openSqliteStore({ directory });
    await commit(first, put('a', '1'));
    await commit(first, remove('a'));
    await first.compact(3);
    await first.close();
    const second = await openFor(context, { directory });
    assert.deepEqual(await second.range({ from: 'a', to: 'z' }), { entries: [], revision: 3, more: false });
    await assert.rejects(second.range({ from: 'a', revision: 2 }), { code: 'STORE_COMPACTED' });
    assert.equal((await record(second, { afterRevision: 2 }).end).name, 'CompactedError');
    assert.equal(await commit(second, put('a', '2', 0)), 4);
  });

  test('in the middle of a compaction loses nothing, and the next one ends the work', async (context) => {
    const directory = temporaryDirectory(context);
    const limits = { compactionRowsMax: 1 };
    const first = await openSqliteStore({ directory, limits });
    for (let index = 0; index < 30; index++) await commit(first, put(`k${index % 3}`, `${index}`));
    const compaction = first.compact(25);
    await first.range({ from: 'k0' });
    await first.close();
    await compaction;
    const second = await openFor(context, { directory });
    const state = ['k0=21@2..23', 'k1=22@3..24', 'k2=23@4..25'];
    assert.deepEqual(await lines(second, { revision: 25 }), state);
    assert.deepEqual(await lines(second), ['k0=27@2..29', 'k1=28@3..30', 'k2=29@4..31']);
    assert.equal(await commit(second, remove('k1')), 32);
    await second.compact(32);
    await second.close();
    const database = new DatabaseSync(join(directory, 'store.db'));
    assert.equal(database.prepare('SELECT count(*) AS rows FROM log').get()?.rows, 2);
    database.close();
  });
});

describe('the data directory', () => {
  test('is made, for its owner alone', async (context) => {
    const directory = join(temporaryDirectory(context), 'made', 'here');
    const store = await openFor(context, { directory });
    await commit(store, put('secret', '1'));
    const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
    const found = readdirSync(directory).map((name) => `${name} ${mode(join(directory, name))}`);
    assert.deepEqual([mode(directory), ...found], ['700', 'store.db 600', 'store.db-wal 600']);
  });

  test('a file in its place is refused', async (context) => {
    const directory = join(temporaryDirectory(context), 'file');
    writeFileSync(directory, '');
    await assert.rejects(openSqliteStore({ directory }), {
      name: 'StoreOpenError',
      message: /cannot be used/,
    });
  });

  test('a second process is refused while the first lives, also when that was killed', async (context) => {
    const directory = temporaryDirectory(context);
    const child = startChild(context, ['hold', directory]);
    assert.equal(await child.nextLine(), 'open 1');
    await assert.rejects(openSqliteStore({ directory }), {
      code: 'STORE_LOCKED',
      message: `the data directory ${directory} is in use by another wherry process; stop that one, or give this one a --data-dir of its own`,
    });
    child.process.kill('SIGKILL');
    assert.equal(await child.ended, 'SIGKILL');
    const store = await openFor(context, { directory });
    assert.equal(await commit(store, put('a', '1')), 2);
  });

  test('a second store in the same process is refused, and the first keeps its lock', async (context) => {
    const directory = temporaryDirectory(context);
    await openFor(context, { directory });
    await assert.rejects(openSqliteStore({ directory }), { code: 'STORE_LOCKED' });
    const child = startChild(context, ['hold', directory]);
    assert.notEqual(await child.ended, 0);
    await assert.rejects(openSqliteStore({ directory }), { code: 'STORE_LOCKED' });
  });
});

/** What may lie in the place of the database, and what is said of it. */
const strangers: Record<string, { make: (file: string) => void | Promise<void>; message: RegExp }> = {
  'not a database': {
    make: (file) => writeFileSync(file, 'apiVersion: v1\n'.repeat(500)),
    message: /store\.db cannot be opened: it is not an SQLite database; give another --data-dir$/,
  },
  'a database of another program': {
    make: (file) => change(file, 'CREATE TABLE songs (name TEXT)'),
    message: /cannot be opened: it is an SQLite database of another program; give another --data-dir$/,
  },
  'a database of a newer version': {
    make: async (file) => {
      await (await openSqliteStore({ directory: join(file, '..') })).close();
      change(file, 'PRAGMA user_version = 2');
    },
    message: /cannot be opened: its schema is version 2, and this program knows 1; use a newer wherry or/,
  },
  'a database that was cut': {
    make: async (file) => {
      const store = await openSqliteStore({ directory: join(file, '..') });
      for (let index = 0; index < 50; index++) await commit(store, put(`k${index}`, 'x'.repeat(5000)));
      await store.close();
      truncateSync(file, 3 * 4096);
    },
    message: /cannot be opened: database disk image is malformed; it is damaged; restore it from a copy or/,
  },
  'a directory': {
    make: (file) => void mkdirSync(file),
    message: /store\.db cannot be opened: unable to open database file; check the directory and its disk$/,
  },
};

function change(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

describe('in the place of the database', () => {
  for (const [name, { make, message }] of Object.entries(strangers))
    test(`${name} is refused and left as it is`, async (context: TestContext) => {
      const directory = temporaryDirectory(context);
      const file = join(directory, 'store.db');
      await make(file);
      const { size } = statSync(file);
      await assert.rejects(openSqliteStore({ directory }), { name: 'StoreOpenError', message });
      assert.equal(statSync(file).size, size);
    });
});
