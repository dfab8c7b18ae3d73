/**
 * The least that a durable write behind a server costs: rows in an SQLite database that a thread of its own commits,
 * all that wait together in one FULL commit. Run as that thread too.
 */
import { DatabaseSync } from 'node:sqlite';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** Rows of one size, one after the other. */
interface Group {
  readonly first: number;
  readonly rows: number;
  readonly values: ArrayBuffer;
}

export class CommitFloor {
  readonly #worker: Worker;
  readonly #rowBytes: number;
  #waiting: { readonly chunks: readonly Uint8Array[]; readonly onDone: () => void }[] = [];
  #underWay: readonly { readonly onDone: () => void }[] = [];
  #rows = 0;

  /** Each row is as long as an object that the server stores, however long the request was. */
  constructor(file: string, rowBytes: number) {
    this.#rowBytes = rowBytes;
    this.#worker = new Worker(new URL(import.meta.url), { workerData: file });
    this.#worker.on('message', () => {
      for (const { onDone } of this.#underWay) onDone();
      this.#underWay = [];
      this.#start();
    });
  }

  push(chunks: readonly Uint8Array[], onDone: () => void): void {
    this.#waiting.push({ chunks, onDone });
    queueMicrotask(() => this.#start());
  }

  close(): void {
    void this.#worker.terminate();
  }

  #start(): void {
    if (this.#underWay.length > 0 || this.#waiting.length === 0) return;
    this.#underWay = this.#waiting;
    const values = new Uint8Array(this.#rowBytes * this.#waiting.length);
    for (const [index, { chunks }] of this.#waiting.entries()) {
      let at = index * this.#rowBytes;
      for (const chunk of chunks) {
        values.set(chunk.subarray(0, (index + 1) * this.#rowBytes - at), at);
        at += chunk.length;
      }
    }
    const group: Group = { first: this.#rows, rows: this.#waiting.length, values: values.buffer };
    this.#rows += this.#waiting.length;
    this.#waiting = [];
    this.#worker.postMessage(group, [group.values]);
  }
}

function serve(file: string): void {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA locking_mode = EXCLUSIVE');
  database.exec('CREATE TABLE rows (key TEXT PRIMARY KEY, value BLOB)');
  const insert = database.prepare('INSERT INTO rows VALUES (?, ?)');
  parentPort?.on('message', ({ first, rows, values }: Group) => {
    const rowBytes = values.byteLength / rows;
    database.exec('BEGIN');
    for (let row = 0; row < rows; row++)
      insert.run(
        `/registry/core/pods/default/${first + row}`,
        new Uint8Array(values, row * rowBytes, rowBytes),
      );
    database.exec('COMMIT');
    parentPort?.postMessage(rows);
  });
}

if (!isMainThread) serve(workerData as string);
