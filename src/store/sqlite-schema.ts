import { DatabaseSync } from 'node:sqlite';
import type { RefusalReason } from './sqlite-protocol.ts';

/** "WHRY": tells our database from any other (PRAGMA application_id). */
const applicationId = 0x57485259;
/** PRAGMA user_version. A change of the tables raises it and brings the way from the one before. */
const schemaVersion = 1;
/** How long to wait for the lock of a process that is just dying. */
const lockWaitMilliseconds = 250;

/**
 * `id` is revision * ordinalsPerRevision + ordinal, so that the table is in log order, commits append to it, and a
 * revision bounds a read by comparing ids. `create_revision` 0 marks a delete. The index answers alone what a
 * compare-and-set asks. `value` stands last: a long one spills to pages that other columns do not need.
 */
const tables = `
  CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    create_revision INTEGER NOT NULL,
    value BLOB
  ) STRICT;
  CREATE INDEX log_by_key ON log (key, id, create_revision);
  CREATE TABLE progress (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO progress VALUES ('compacted', 0), ('forgotten', 0);
`;

/** The database cannot be used; nothing was changed. */
export class RefusedError extends Error {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** SQLite's primary result code (sqlite.org/rescode.html) of an error of node:sqlite, or undefined. */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return Number(error.errcode) & 0xff;
}

export const sqliteFull = 13;
const sqliteBusy = 5;
const sqliteCorrupt = 11;
const sqliteNotADatabase = 26;

/** Opens and locks the database, and makes its tables when it is new. Throws RefusedError. */
export function openDatabase(file: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: lockWaitMilliseconds });
    // The lock is the file system's and dies with the process; without shared memory there is no -shm file either.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    prepareSchema(database);
    assertDurable(database);
    return database;
  } catch (error) {
    database?.close();
    throw refusal(error);
  }
}

export function pragma(database: DatabaseSync, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
}

function prepareSchema(database: DatabaseSync): void {
  const found = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get();
  const isNew = found?.tables === 0;
  if (!isNew) checkSchema(database);
  // Before the first page is written; of no effect later.
  if (isNew) database.exec('PRAGMA auto_vacuum = INCREMENTAL');
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec('BEGIN IMMEDIATE');
  if (isNew)
    database.exec(
      `${tables}; PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`,
    );
  database.exec('COMMIT');
}

function checkSchema(database: DatabaseSync): void {
  if (pragma(database, 'application_id') !== applicationId)
    throw new RefusedError('foreign', 'it is an SQLite database of another program');
  const found = Number(pragma(database, 'user_version'));
  if (found > schemaVersion)
    throw new RefusedError(
      'newer',
      `its schema is version ${found}, and this program knows ${schemaVersion}`,
    );
  if (found < schemaVersion)
    throw new RefusedError('corrupt', `its schema is version ${found}, which never was`);
}

/** An acknowledged commit survives power loss only with these two (sqlite.org/pragma.html#pragma_synchronous). */
function assertDurable(database: DatabaseSync): void {
  const journal = pragma(database, 'journal_mode');
  const synchronous = pragma(database, 'synchronous');
  if (journal !== 'wal' || synchronous !== 2)
    throw new RefusedError(
      'unusable',
      `commits would not be durable: journal_mode is ${journal}, synchronous is ${synchronous}`,
    );
}

/** Why the database cannot be opened. */
export function refusal(error: unknown): RefusedError {
  if (error instanceof RefusedError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = resultCode(error);
  if (code === sqliteBusy) return new RefusedError('locked', message);
  if (code === sqliteNotADatabase) return new RefusedError('foreign', 'it is not an SQLite database');
  if (code === sqliteCorrupt) return new RefusedError('corrupt', message);
  return new RefusedError('unusable', message);
}
