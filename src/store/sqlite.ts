import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type {
  Backend,
  CommitOutcome,
  LogState,
  Page,
  PageRequest,
  ReplayPage,
  ReplayRequest,
} from './backend.ts';
import { StoreCore } from './core.ts';
import { StoreClosedError, StoreFullError, StoreLockedError, StoreOpenError } from './errors.ts';
import { type StoreLimits, storeLimits } from './limits.ts';
import {
  eventsOf,
  packGroup,
  pageOf,
  type RefusalReason,
  replayPageOf,
  type WorkerOptions,
  type WorkerReply,
  type WorkerRequest,
} from './sqlite-protocol.ts';
import type { Operation } from './store.ts';

export interface SqliteStoreOptions {
  /** Made when it is not there, for its owner alone. The database in it is `store.db`. */
  readonly directory: string;
  /** For tests that want to reach a bound. */
  readonly limits?: Partial<StoreLimits>;
  /** Bounds the database as a full disk would: for tests. */
  readonly databasePagesMax?: number;
}

/** The worker's own heap; pages and values are outside of it. */
const workerHeapMebibytes = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 8 };

/**
 * Opens the durable store: an acknowledged commit survives kill -9 and power loss.
 * Throws StoreLockedError when another process has the directory, StoreOpenError when it cannot be used.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<StoreCore> {
  const { directory, databasePagesMax } = options;
  const limits = { ...storeLimits, ...options.limits };
  const file = join(directory, 'store.db');
  prepareFile(directory, file);
  const workerData: WorkerOptions = { file, limits, databasePagesMax };
  const worker = new Worker(threadStart(), {
    eval: true,
    // Node 24 calls node:sqlite experimental.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    workerData,
    resourceLimits: workerHeapMebibytes,
    name: 'store',
  });
  const state = await opened(worker, directory);
  const backend = new SqliteBackend(worker);
  const core = new StoreCore(backend, state, limits);
  backend.onFailure = (cause) => core.fail(cause);
  return core;
}

/**
 * The script that starts the thread, with the compile cache of the process if it has one: a thread does not inherit
 * it, and without it strips the types again, which takes 15 MB and 30 ms. `enableCompileCache` wants the parent of
 * what `getCompileCacheDir` tells.
 */
function threadStart(): string {
  const cache = getCompileCacheDir();
  const script = JSON.stringify(new URL('./sqlite-worker.ts', import.meta.url));
  const enable = `require('node:module').enableCompileCache(${JSON.stringify(cache && dirname(cache))});`;
  return `${cache ? enable : ''} import(${script});`;
}

/**
 * The file exists with mode 0600 before SQLite opens it (the WAL inherits the mode), and their names are on the disk.
 * An existing file is not opened here: closing any descriptor of it would drop the lock of a store in this very
 * process (POSIX advisory locks, see sqlite.org/howtocorrupt.html section 2.2).
 */
function prepareFile(directory: string, file: string): void {
  try {
    const firstMade = mkdirSync(directory, { recursive: true, mode: 0o700 });
    closeSync(openSync(file, 'wx', 0o600));
    // From the file's own directory up to the one that has the name of the first that was made.
    const top = firstMade === undefined ? resolve(directory) : dirname(resolve(firstMade));
    for (let made = resolve(directory); made !== top; made = dirname(made)) flushDirectory(made);
    flushDirectory(top);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST' && 'syscall' in error)
      if (error.syscall === 'open') return;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreOpenError(
      `the data directory ${directory} cannot be used: ${reason}; give another --data-dir`,
      error,
    );
  }
}

function flushDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

const refusals: Record<Exclude<RefusalReason, 'locked'>, string> = {
  foreign: 'give another --data-dir',
  corrupt: 'it is damaged; restore it from a copy or give another --data-dir',
  newer: 'use a newer wherry or give another --data-dir',
  unusable: 'check the directory and its disk',
};

/** The worker's first message says whether the database is open. */
function opened(worker: Worker, directory: string): Promise<LogState> {
  return new Promise((settle, reject) => {
    const onError = (error: Error) => reject(error);
    worker.once('error', onError);
    worker.once('message', (reply: WorkerReply) => {
      if (reply.type === 'open') {
        worker.off('error', onError);
        settle(reply.state);
      } else {
        // Only when the thread is gone are its descriptors closed.
        worker.once('exit', () => reject(openError(reply, directory)));
      }
    });
  });
}

function openError(reply: WorkerReply, directory: string): Error {
  const { reason, message } = expectType(reply, 'refused');
  if (reason === 'locked') return new StoreLockedError(directory);
  const file = join(directory, 'store.db');
  return new StoreOpenError(`the database ${file} cannot be opened: ${message}; ${refusals[reason]}`);
}

interface Pending {
  resolve(reply: WorkerReply): void;
  reject(error: Error): void;
}

class SqliteBackend implements Backend {
  readonly gathersTurn = true;
  /** Called once when the database or its thread has failed for good. */
  onFailure: (cause: Error) => void = () => {};
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #exited: Promise<void>;
  #failure: Error | undefined;
  #closed = false;
  #nextId = 1;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (reply: WorkerReply) => this.#receive(reply));
    worker.on('error', (error: Error) => this.#fail(error));
    this.#exited = new Promise((resolve) => {
      worker.once('exit', (code) => {
        if (!this.#closed) this.#fail(new Error(`the thread of the store has ended with code ${code}`));
        resolve();
      });
    });
  }

  commit(
    group: readonly (readonly Operation[])[],
    done: (outcomes: readonly CommitOutcome[] | Error) => void,
  ): void {
    const packed = packGroup(group);
    const id = this.#nextId++;
    // Not a promise: watchers are to see the commits before any later answer of the worker is looked at.
    this.#pending.set(id, {
      resolve: (reply) => done(outcomesOf(group, reply)),
      reject: done,
    });
    this.#post({ id, type: 'commit', group: packed }, [packed.values]);
  }

  async range(request: PageRequest): Promise<Page> {
    const reply = await this.#call((id) => ({ id, type: 'range', request }));
    return pageOf(expectType(reply, 'range'));
  }

  async replay(request: ReplayRequest): Promise<ReplayPage> {
    const reply = await this.#call((id) => ({ id, type: 'replay', request }));
    return replayPageOf(expectType(reply, 'replay'));
  }

  async compact(revision: number): Promise<boolean> {
    const reply = await this.#call((id) => ({ id, type: 'compact', revision }));
    return expectType(reply, 'compact').done;
  }

  async close(): Promise<void> {
    if (!this.#failure) {
      await this.#call((id) => ({ id, type: 'close' })).catch(() => {});
      this.#closed = true;
    }
    await this.#exited;
  }

  #call(make: (id: number) => WorkerRequest): Promise<WorkerReply> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(new StoreClosedError(this.#failure));
      const id = this.#nextId++;
      this.#pending.set(id, { resolve, reject });
      this.#post(make(id));
    });
  }

  #post(request: WorkerRequest, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(request, transfer);
  }

  #receive(reply: WorkerReply): void {
    if (reply.type === 'failed') this.#fail(new Error(reply.message));
    if (!('id' in reply)) return;
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.type === 'full') pending?.reject(new StoreFullError(new Error(reply.message)));
    else pending?.resolve(reply);
  }

  #fail(cause: Error): void {
    if (this.#failure) return;
    this.#failure = cause;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    this.onFailure(cause);
    for (const { reject } of pending) reject(new StoreClosedError(cause));
    void this.#worker.terminate();
  }
}

function expectType<T extends WorkerReply['type']>(
  reply: WorkerReply,
  type: T,
): Extract<WorkerReply, { type: T }> {
  if (reply.type !== type) throw new Error(`the thread of the store answered ${reply.type}, not ${type}`);
  return reply as Extract<WorkerReply, { type: T }>;
}

function outcomesOf(group: readonly (readonly Operation[])[], reply: WorkerReply): CommitOutcome[] {
  return expectType(reply, 'commit').outcomes.map((outcome, index) => {
    if ('full' in outcome) return { committed: false, error: new StoreFullError(new Error(outcome.full)) };
    if (!outcome.committed) return outcome;
    return { committed: true, revision: outcome.revision, events: eventsOf(group[index]!, outcome) };
  });
}
