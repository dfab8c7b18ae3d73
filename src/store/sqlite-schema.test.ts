import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openDatabase, pragma, refusal } from './sqlite-schema.ts';
import { temporaryDirectory } from './testing.ts';

test('a database is opened durable, alone, and able to give pages back; and so again', (context) => {
  const file = join(temporaryDirectory(context), 'store.db');
  for (let time = 0; time < 2; time++) {
    const database = openDatabase(file);
    const settings = ['journal_mode', 'synchronous', 'locking_mode', 'auto_vacuum', 'user_version'];
    assert.deepEqual(
      settings.map((name) => pragma(database, name)),
      ['wal', 2, 'exclusive', 2, 1],
    );
    assert.throws(() => openDatabase(file), { reason: 'locked' });
    const tables = database.prepare('SELECT name FROM sqlite_schema ORDER BY name').all();
    assert.deepEqual(
      tables.map(({ name }) => name),
      ['log', 'log_by_key', 'progress'],
    );
    database.close();
  }
});

test('what a start leaves behind that was killed before it made the tables is a new database', (context) => {
  const directory = temporaryDirectory(context);
  const beginnings: Record<string, string> = {
    nothing: '',
    header: 'PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL',
  };
  for (const [name, sql] of Object.entries(beginnings)) {
    const file = join(directory, name);
    writeFileSync(file, '');
    const begun = new DatabaseSync(file);
    begun.exec(sql);
    begun.close();
    const database = openDatabase(file);
    assert.deepEqual([pragma(database, 'user_version'), pragma(database, 'auto_vacuum')], [1, 2], name);
    database.close();
  }
});

test('an error of another kind is said as it is', () => {
  const { reason, message } = refusal(new Error('something'));
  assert.deepEqual([reason, message], ['unusable', 'something']);
});
