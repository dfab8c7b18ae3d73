/**
 * The durable store, each number beside its floor: what bare node:sqlite does on the same disk in the same run.
 * `npm run bench -- store`; `node bench/store.bench.ts` prints one round as JSON lines.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StoreCore } from '../src/store/core.ts';
import { createMemoryStore } from '../src/store/memory.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import type { Bench, Measurement } from './bench.ts';

interface Sample {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly floor?: { readonly name: string; readonly value: number };
  readonly wanted?: Measurement['wanted'];
}

/** One measurement of one round. `ratio` is `value` to `floor`. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly floor?: number;
  readonly ratio?: number;
}

const rounds = 3;
const entryCount = 10_000;
const inFlight = 64;
const warmUpCommits = 2000;
const value = new Uint8Array(1000).fill(120);
const prefix = { from: '/registry/core/pods/', to: '/registry/core/pods0' };

const podKey = (index: number): string =>
  `/registry/core/pods/default/pod-${String(index % entryCount).padStart(6, '0')}`;

async function milliseconds(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function perSecond(count: number, work: () => unknown): Promise<number> {
  return count / ((await milliseconds(work)) / 1000);
}

/** The least of a few: the machine has other work too. */
async function bestMilliseconds(work: () => unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) best = Math.min(best, await milliseconds(work));
  return best;
}

/** Runs `work` for 0 to count - 1 with so many at a time. */
async function concurrently(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

/** A bare loop of single-row commits with the same durability, and bare reads of the same rows. */
async function benchBare(file: string) {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec('CREATE TABLE pods (key TEXT PRIMARY KEY, value BLOB)');
  const insert = database.prepare('INSERT INTO pods VALUES (?, ?)');
  const get = database.prepare('SELECT * FROM pods WHERE key = ?');
  const range = database.prepare('SELECT * FROM pods WHERE key >= ? AND key < ? ORDER BY key');
  const singles = 2000;
  const commits = await perSecond(singles, () => {
    for (let index = 0; index < singles; index++) insert.run(podKey(index), value);
  });
  database.exec('BEGIN');
  for (let index = singles; index < entryCount; index++) insert.run(podKey(index), value);
  database.exec('COMMIT');
  const reads = await perSecond(entryCount, () => {
    for (let index = 0; index < entryCount; index++) get.get(podKey(index));
  });
  const rangeMilliseconds = await bestMilliseconds(() => range.all(prefix.from, prefix.to));
  database.close();
  return { commits, reads, rangeMilliseconds };
}

/** Commits with one watcher on all of it. */
async function benchCommits(store: StoreCore, count: number) {
  let delivered = 0;
  const onEvents = (events: readonly unknown[]) => {
    delivered += events.length;
  };
  const stop = store.watch(
    { ...prefix, afterRevision: store.stats().revision },
    { onEvents, onEnd: () => {} },
  );
  const commits = await perSecond(count, () =>
    concurrently(count, (index) => store.commit([{ type: 'put', key: podKey(index), value }])),
  );
  stop();
  if (delivered !== count) throw new Error(`${delivered} of ${count} events were delivered`);
  return commits;
}

/** A watcher that begins at the beginning, most of which is only on the disk. */
function benchReplay(store: StoreCore, count: number): Promise<number> {
  let delivered = 0;
  return perSecond(
    count,
    () =>
      new Promise<void>((resolve, reject) => {
        const onEvents = (events: readonly unknown[]) => {
          delivered += events.length;
          if (delivered === count) resolve();
        };
        store.watch({ ...prefix, afterRevision: 1 }, { onEvents, onEnd: reject });
      }),
  );
}

async function benchSqlite(directory: string): Promise<Sample[]> {
  const bare = await benchBare(join(directory, 'bare.db'));
  const memoryBefore = process.memoryUsage.rss();
  const start = performance.now();
  const store = await openSqliteStore({ directory: join(directory, 'data') });
  const openMilliseconds = performance.now() - start;
  const threadMegabytes = (process.memoryUsage.rss() - memoryBefore) / 1e6;
  const count = 2 * entryCount;
  // So that compiling is not part of what is measured; with keys that nothing below looks at.
  await concurrently(warmUpCommits, (index) => store.commit([{ type: 'put', key: `/warm/${index}`, value }]));
  const commits = await benchCommits(store, count);
  const reads = await perSecond(count, () =>
    concurrently(count, (index) => store.range({ from: podKey(index) })),
  );
  const rangeMilliseconds = await bestMilliseconds(() => store.range(prefix));
  const replay = await benchReplay(store, count);
  const compactMilliseconds = await milliseconds(() => store.compact(store.stats().revision));
  await store.close();
  return [
    { name: 'open an empty store', value: openMilliseconds, unit: 'ms', wanted: { atMost: 200 } },
    { name: 'memory that the store takes', value: threadMegabytes, unit: 'MB', wanted: { atMost: 40 } },
    {
      name: `durable commits, ${inFlight} in flight`,
      value: commits,
      unit: '/s',
      floor: { name: 'bare single-row FULL commits', value: bare.commits },
      wanted: { ratioAtLeast: 3 },
    },
    {
      name: `point reads, ${inFlight} in flight`,
      value: reads,
      unit: '/s',
      floor: { name: 'bare reads in a loop', value: bare.reads },
    },
    {
      name: `range of ${entryCount} entries`,
      value: rangeMilliseconds,
      unit: 'ms',
      floor: { name: 'bare SELECT', value: bare.rangeMilliseconds },
    },
    { name: 'replay from the disk to one watcher', value: replay, unit: 'events/s' },
    { name: `compaction of ${entryCount} of ${count} versions`, value: compactMilliseconds, unit: 'ms' },
  ];
}

async function benchMemory(): Promise<Sample[]> {
  const openMilliseconds = await milliseconds(() => createMemoryStore());
  const store = createMemoryStore();
  const count = 10 * entryCount;
  // Without a disk to wait for, this is what a commit and the delivery of its event cost the main thread.
  const commits = await benchCommits(store, count);
  const rangeMilliseconds = await bestMilliseconds(() => store.range(prefix));
  await store.close();
  return [
    { name: 'open a store in memory', value: openMilliseconds, unit: 'ms', wanted: { atMost: 5 } },
    { name: 'commits in memory, each delivered to one watcher', value: commits, unit: 'events/s' },
    { name: `range of ${entryCount} entries in memory`, value: rangeMilliseconds, unit: 'ms' },
  ];
}

async function round(): Promise<Sample[]> {
  const directory = mkdtempSync(join(tmpdir(), 'wherry-bench-store-'));
  try {
    return [...(await benchSqlite(directory)), ...(await benchMemory())];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** One round, as rows. */
export async function benchStore(): Promise<BenchRow[]> {
  return (await round()).map(({ name, value: found, unit, floor }) => ({
    name,
    value: rounded(found),
    unit,
    ...(floor && { floor: rounded(floor.value), ratio: rounded(found / floor.value) }),
  }));
}

export const bench: Bench = {
  async run() {
    const all: Sample[][] = [];
    for (let index = 0; index < rounds; index++) all.push(await round());
    return all[0]!.map(({ name, unit, floor, wanted }, index): Measurement => {
      const samples = all.map((found) => found[index]!);
      return {
        name,
        unit,
        samples: samples.map((sample) => sample.value),
        floor: floor && { name: floor.name, samples: samples.map((sample) => sample.floor!.value) },
        wanted,
      };
    });
  },
};

function rounded(found: number): number {
  return found >= 100 ? Math.round(found) : Math.round(found * 100) / 100;
}

if (import.meta.main) for (const found of await benchStore()) console.log(JSON.stringify(found));
