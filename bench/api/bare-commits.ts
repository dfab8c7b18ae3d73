/** The bare loop: one row, one FULL commit. In a process of its own, so that its disk can be limited. Run by `Workshop.startBare`. */
import { DatabaseSync } from 'node:sqlite';
import type { BareOrder } from './wire.ts';

const [, , file = ''] = process.argv;
const database = new DatabaseSync(file);
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
database.exec('CREATE TABLE rows (key TEXT PRIMARY KEY, value BLOB)');
const insert = database.prepare('INSERT INTO rows VALUES (?, ?)');
let rows = 0;

/** Commits a second. */
function run({ count, bytes }: BareOrder): number {
  const value = new Uint8Array(bytes).fill(120);
  const start = performance.now();
  for (let index = 0; index < count; index++) insert.run(`/registry/core/pods/default/${rows++}`, value);
  return (count / (performance.now() - start)) * 1000;
}

process.on('message', (order: BareOrder) => process.send?.(run(order)));
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
