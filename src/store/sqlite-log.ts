import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { CommitOutcome, LogState, PageRequest, ReplayRequest } from './backend.ts';
import { noValue } from './backend.ts';
import type { StoreLimits } from './limits.ts';
import type { LogRow } from './sqlite-protocol.ts';
import { openDatabase, pragma, resultCode, sqliteFull } from './sqlite-schema.ts';
import type { Operation, StoreEvent } from './store.ts';
import { evaluate, type KeyState } from './transaction.ts';

/** Above every ordinal; revisions up to 2^40 stay exact in a double. */
const ordinalsPerRevision = 4096;
/** Memory for pages of the database. */
const cacheKibibytes = 4096;
/** A WAL that grew beyond this in a burst is cut when it starts over. */
const walBytesMax = 8 * 2 ** 20;
/** So many free pages, or this part of all, stay for reuse: giving all back would only be asked for again. */
const freePagesKept = 256;
const freePartKept = 0.2;

type Row = [id: number, key: string, createRevision: number, value: Uint8Array | null];

/** The log in an SQLite database, synchronously: what the worker thread does. */
export class SqliteLog {
  readonly #database: DatabaseSync;
  readonly #limits: StoreLimits;
  readonly #statements: ReturnType<typeof prepareStatements>;
  #revision: number;
  #compacted: number;
  /** Rows up to this id hold nothing that a compaction has to forget. */
  #forgotten: number;

  constructor(options: { file: string; limits: StoreLimits; databasePagesMax?: number }) {
    const { file, limits, databasePagesMax } = options;
    if (limits.commitOperationsMax > ordinalsPerRevision) throw new RangeError('commitOperationsMax');
    this.#database = openDatabase(file);
    this.#limits = limits;
    this.#database.exec(
      `PRAGMA cache_size = -${cacheKibibytes}; PRAGMA journal_size_limit = ${walBytesMax}; PRAGMA temp_store = MEMORY`,
    );
    if (databasePagesMax) this.#database.exec(`PRAGMA max_page_count = ${databasePagesMax}`);
    this.#statements = prepareStatements(this.#database);
    const progress = new Map(this.#statements.progress.all().map(({ name, value }) => [name, Number(value)]));
    this.#compacted = progress.get('compacted') ?? 0;
    this.#forgotten = progress.get('forgotten') ?? 0;
    const newest = Number(this.#statements.newestId.get()?.id ?? 0);
    // Compaction may have forgotten the newest rows when they were deletes: its revision is then the newest.
    this.#revision = Math.max(1, this.#compacted, revisionOf(newest));
  }

  get state(): LogState {
    return { revision: this.#revision, compacted: this.#compacted };
  }

  /** One transaction for all. When there is no space for all of it, each has its own, so that a small one may fit. */
  commit(group: readonly (readonly Operation[])[]): CommitOutcome[] {
    try {
      return this.#transaction(() => group.map((operations) => this.#commitOne(operations)));
    } catch (error) {
      if (resultCode(error) !== sqliteFull) throw error;
      if (group.length === 1) return [{ committed: false, error: error as Error }];
      return group.flatMap((operations) => this.commit([operations]));
    }
  }

  range(request: PageRequest): { rows: LogRow[]; revision: number; more: boolean } {
    const { from, to, limit, revision = this.#revision } = request;
    const before = firstIdAfter(revision);
    const found =
      to === undefined
        ? this.#statements.point.iterate(from, before)
        : this.#statements.range.iterate(from, to, before, before);
    const rows: LogRow[] = [];
    let bytes = 0;
    let more = false;
    for (const row of found as Iterable<unknown> as Iterable<Row>) {
      if (row[2] === 0) continue;
      more = rows.length === limit || bytes >= this.#limits.pageBytesMax;
      if (more) break;
      const entry = logRow(row);
      bytes += entry.value.length;
      rows.push(entry);
    }
    return { rows, revision: this.#revision, more };
  }

  replay({ from, to, afterRevision }: ReplayRequest): { rows: LogRow[]; through: number } {
    const through = Math.min(this.#revision, afterRevision + this.#limits.replayRevisionsMax);
    const found = this.#statements.replay.iterate(
      firstIdAfter(afterRevision),
      firstIdAfter(through),
      from,
      to,
    );
    const rows: LogRow[] = [];
    let bytes = 0;
    for (const row of found as Iterable<unknown> as Iterable<Row>) {
      const event = logRow(row);
      const last = rows.at(-1);
      if (last && bytes >= this.#limits.pageBytesMax && event.revision !== last.revision)
        return { rows, through: last.revision };
      bytes += event.value.length;
      rows.push(event);
    }
    return { rows, through };
  }

  /** See `Backend.compact`. */
  compact(revision: number): boolean {
    if (revision > this.#compacted) {
      this.#transaction(() => this.#statements.setProgress.run(revision, 'compacted'));
      this.#compacted = revision;
      return false;
    }
    if (this.#forgotten < firstIdAfter(this.#compacted) - 1) {
      this.#forgetRows();
      return false;
    }
    if (this.#giveBackPages()) return false;
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    return true;
  }

  close(): void {
    this.#database.close();
  }

  #transaction<T>(body: () => T): T {
    const { revision, forgotten } = { revision: this.#revision, forgotten: this.#forgotten };
    this.#statements.begin.run();
    try {
      const result = body();
      this.#statements.commit.run();
      return result;
    } catch (error) {
      this.#revision = revision;
      this.#forgotten = forgotten;
      // A full disk may have rolled back already (sqlite.org/lang_transaction.html, section 3.1).
      if (this.#database.isTransaction) this.#statements.rollback.run();
      throw error;
    }
  }

  #commitOne(operations: readonly Operation[]): CommitOutcome {
    const outcome = evaluate(operations, this.#revision + 1, (key) => this.#newest(key));
    if (!outcome.committed || outcome.events.length === 0) return outcome;
    this.#revision = outcome.revision;
    for (const [ordinal, event] of outcome.events.entries()) this.#insert(ordinal, event);
    return outcome;
  }

  #insert(ordinal: number, { type, key, value, revision, createRevision }: StoreEvent): void {
    const stored: SQLInputValue = type === 'delete' ? null : value;
    this.#statements.insert.run(revision * ordinalsPerRevision + ordinal, key, createRevision, stored);
  }

  #newest(key: string): KeyState | undefined {
    const row = this.#statements.newest.get(key) as unknown as
      | [id: number, createRevision: number]
      | undefined;
    if (!row || row[1] === 0) return undefined;
    return { revision: revisionOf(row[0]), createRevision: row[1] };
  }

  /**
   * A row up to the compacted revision makes the older rows of its key superfluous, and itself too if it is a delete.
   * So the work is as much as was written since the last compaction, however much is stored.
   */
  #forgetRows(): void {
    const { rowsToForget, forgetOlder, forgetRow, setProgress } = this.#statements;
    const last = firstIdAfter(this.#compacted) - 1;
    this.#transaction(() => {
      const rows = rowsToForget.all(
        this.#forgotten,
        last,
        this.#limits.compactionRowsMax,
      ) as unknown as Row[];
      for (const [id, key, createRevision] of rows) {
        forgetOlder.run(key, id);
        if (createRevision === 0) forgetRow.run(id);
      }
      this.#forgotten = rows.length < this.#limits.compactionRowsMax ? last : rows.at(-1)![0];
      setProgress.run(this.#forgotten, 'forgotten');
    });
  }

  /** Returns whether there is more to give back. */
  #giveBackPages(): boolean {
    const free = Number(pragma(this.#database, 'freelist_count'));
    const pages = Number(pragma(this.#database, 'page_count'));
    const kept = Math.max(freePagesKept, Math.floor((pages - free) * freePartKept));
    if (free <= kept) return false;
    this.#database.exec(
      `PRAGMA incremental_vacuum(${Math.min(free - kept, this.#limits.compactionPagesMax)})`,
    );
    return Number(pragma(this.#database, 'freelist_count')) < free;
  }
}

function prepareStatements(database: DatabaseSync) {
  const arrays = (sql: string): StatementSync => {
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
  return {
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    rollback: database.prepare('ROLLBACK'),
    progress: database.prepare('SELECT name, value FROM progress'),
    setProgress: database.prepare('UPDATE progress SET value = ? WHERE name = ?'),
    newestId: database.prepare('SELECT max(id) AS id FROM log'),
    newest: arrays('SELECT id, create_revision FROM log WHERE key = ? ORDER BY id DESC LIMIT 1'),
    insert: database.prepare('INSERT INTO log VALUES (?, ?, ?, ?)'),
    point: arrays(
      'SELECT id, key, create_revision, value FROM log WHERE key = ? AND id < ? ORDER BY id DESC LIMIT 1',
    ),
    range: arrays(`
      SELECT id, key, create_revision, value FROM log AS entry INDEXED BY log_by_key
      WHERE key >= ? AND key < ? AND id < ? AND create_revision > 0
        AND id = (SELECT max(id) FROM log WHERE key = entry.key AND id < ?)
      ORDER BY key`),
    // The unary plus keeps the index by key out of it: a page is bounded by revisions, in log order.
    replay: arrays(
      'SELECT id, key, create_revision, value FROM log WHERE id >= ? AND id < ? AND +key >= ? AND +key < ? ORDER BY id',
    ),
    rowsToForget: arrays(
      'SELECT id, key, create_revision FROM log WHERE id > ? AND id <= ? ORDER BY id LIMIT ?',
    ),
    forgetOlder: database.prepare('DELETE FROM log WHERE key = ? AND id < ?'),
    forgetRow: database.prepare('DELETE FROM log WHERE id = ?'),
  };
}

function revisionOf(id: number): number {
  return Math.floor(id / ordinalsPerRevision);
}

function firstIdAfter(revision: number): number {
  return (revision + 1) * ordinalsPerRevision;
}

function logRow([id, key, createRevision, value]: Row): LogRow {
  return { key, revision: revisionOf(id), createRevision, value: value ?? noValue };
}
