/**
 * A process with a store of its own, for tests that kill it or take its disk away. It says a line when the store is
 * open, and one for each acknowledged commit: written synchronously, so a line that was said survives kill -9.
 *
 * hold DIRECTORY                      opens the store and waits
 * write DIRECTORY ROUND WRITERS       commits without end, and compacts what was before: `revision key value`
 * fill DIRECTORY                      commits until one fails, then says what the store does from there on
 */
import { writeSync } from 'node:fs';
import { openSqliteStore } from './sqlite.ts';
import type { Store } from './store.ts';

const [command, directory, ...rest] = process.argv.slice(2);

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

/** Each writer has a key of its own that it replaces with compare-and-set, and all have one that they share. */
async function write(store: Store, round: string, writer: number): Promise<never> {
  const own = `own-${writer}`;
  let expect = (await store.range({ from: own })).entries[0]?.revision ?? 0;
  for (let count = 0; ; count++) {
    const value = `${round}-${writer}-${count}`;
    const bytes = new TextEncoder().encode(value.padEnd(200 + ((count * 37) % 3000), '.'));
    const result = await store.commit([
      { type: 'put', key: own, value: bytes, expect },
      count % 3 === 0 ? { type: 'delete', key: 'shared' } : { type: 'put', key: 'shared', value: bytes },
    ]);
    if (!result.committed) throw new Error(`${own} was changed by somebody else: ${JSON.stringify(result)}`);
    expect = result.revision;
    say(`${result.revision} ${own} ${value}`);
  }
}

async function fill(store: Store): Promise<void> {
  const ended = new Promise<Error>((resolve) => {
    store.watch({ from: 'a', to: 'z', afterRevision: 1 }, { onEvents: () => {}, onEnd: resolve });
  });
  try {
    for (let count = 0; ; count++) {
      const value = new Uint8Array(3000).fill(65);
      const result = await store.commit([{ type: 'put', key: `key-${count}`, value }]);
      if (result.committed) say(`${result.revision} key-${count}`);
    }
  } catch (error) {
    say(`commit: ${nameOf(error)}`);
  }
  say(`read: ${await store.range({ from: 'key-0' }).then(() => 'works', nameOf)}`);
  const again = store.commit([{ type: 'put', key: 'later', value: new Uint8Array(1) }]);
  say(`commit again: ${await again.then(() => 'works', nameOf)}`);
  say(`watch: ${nameOf(await ended)}`);
  await store.close();
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error);
}

const store = await openSqliteStore({ directory: directory! });
say(`open ${store.stats().revision}`);
if (command === 'write') {
  const [round, writers] = rest;
  const compaction = store.compact(store.stats().revision);
  const writing = Array.from({ length: Number(writers) }, (_, writer) => write(store, round!, writer));
  await Promise.all([compaction, ...writing]);
} else if (command === 'fill') {
  await fill(store);
}
