import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { sleep } from '../lib/clock.ts';
import { randomInteger, seededRandom } from '../lib/random.ts';
import { systemClock } from '../lib/system.ts';
import { endOfKeys, text } from './contract-tools.ts';
import { openSqliteStore } from './sqlite.ts';
import type { Store, StoreEvent } from './store.ts';
import { startChild, temporaryDirectory } from './testing.ts';

/** `--rounds=200` after the file name asks for more. */
const rounds = Number(process.argv.find((word) => word.startsWith('--rounds='))?.slice(9) ?? 30);
const writers = 8;

/** All events after a revision, with a history in memory that is too short, so that they come from the file. */
function eventsAfter(store: Store, afterRevision: number, newest: number): Promise<StoreEvent[]> {
  const seen: StoreEvent[] = [];
  return new Promise((resolve, reject) => {
    const stop = store.watch(
      { from: '\0', to: endOfKeys, afterRevision },
      {
        onEvents: (events) => seen.push(...events),
        onProgress: (revision) => {
          if (revision < newest) return;
          stop();
          resolve(seen);
        },
        onEnd: reject,
      },
    );
  });
}

/** Runs a writer, kills it, and returns the commits that it was told of. */
async function writeAndKill(
  context: TestContext,
  options: { directory: string; round: number; milliseconds: number },
) {
  const { directory, round, milliseconds } = options;
  const child = startChild(context, ['write', directory, `${round}`, `${writers}`]);
  const opened = Number((await child.nextLine()).replace('open ', ''));
  await sleep(systemClock, milliseconds);
  child.process.kill('SIGKILL');
  assert.equal(await child.ended, 'SIGKILL', 'the writer went on until it was killed');
  return { opened, acknowledged: child.lines.slice(1) };
}

/** One event of each writer's key per commit, beside one of the shared key; revisions without a gap. */
function checkOrder(events: readonly StoreEvent[], after: number, newest: number): void {
  let revision = after;
  const keys = new Set<string>();
  for (const event of events) {
    if (event.revision !== revision) {
      assert.equal(event.revision, revision + 1, 'revisions grow by one');
      revision = event.revision;
      keys.clear();
    }
    assert.ok(!keys.has(event.key), `${event.key} twice in ${revision}`);
    keys.add(event.key);
  }
  assert.equal(revision, newest);
}

async function checkRound(options: { directory: string; before: number; acknowledged: readonly string[] }) {
  const { directory, before, acknowledged } = options;
  const store = await openSqliteStore({ directory });
  const { revision: newest, entries } = await store.range({ from: '\0', to: endOfKeys });
  const events = await eventsAfter(store, before, newest);
  checkOrder(events, before, newest);
  const written = new Set(
    events
      .filter(({ key }) => key !== 'shared')
      .map(({ key, value, revision }) => `${revision} ${key} ${text(value).replace(/\.+$/, '')}`),
  );
  const lost = acknowledged.filter((line) => !written.has(line));
  assert.deepEqual(lost, [], 'every acknowledged commit is there, with its revision');
  for (const { key, revision } of entries)
    assert.equal(events.findLast((event) => event.key === key)?.revision ?? revision, revision);
  await store.close();
  return newest;
}

test(`${rounds} kills lose no acknowledged commit`, async (context) => {
  const seed = 1;
  const random = seededRandom(seed);
  const directory = temporaryDirectory(context);
  let newest = 1;
  let total = 0;
  for (let round = 0; round < rounds; round++) {
    const milliseconds = randomInteger(random, 60);
    const { opened, acknowledged } = await writeAndKill(context, { directory, round, milliseconds });
    assert.equal(opened, newest, 'a start begins where the last one was found');
    newest = await checkRound({ directory, before: newest, acknowledged });
    total += acknowledged.length;
  }
  assert.ok(total > rounds * 10, `only ${total} commits were made`);
  context.diagnostic(`${total} acknowledged commits, newest revision ${newest}`);
  rmSync(directory, { recursive: true });
});
