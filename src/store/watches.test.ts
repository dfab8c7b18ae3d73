import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplayPage } from './backend.ts';
import { History } from './history.ts';
import { storeLimits } from './limits.ts';
import type { StoreEvent } from './store.ts';
import { Watches } from './watches.ts';

const event = (revision: number): StoreEvent => ({
  type: 'put',
  key: 'a',
  value: new Uint8Array(1),
  revision,
  createRevision: revision,
});
const events = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => event(from + index));
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A log at revision 10 whose history in memory begins at 10 and is two events long; replays are answered by hand. */
function setUp() {
  const limits = { ...storeLimits, replaysMax: 2, historyEventsMax: 2 };
  const history = new History(10, limits);
  const state = { revision: 10, compacted: 0 };
  const replays: {
    afterRevision: number;
    answer: (page: ReplayPage) => void;
    reject: (error: Error) => void;
  }[] = [];
  const failures: Error[] = [];
  const watches = new Watches({
    limits,
    history,
    state,
    replay: ({ afterRevision }) =>
      new Promise((answer, reject) => replays.push({ afterRevision, answer, reject })),
    fail: (error) => failures.push(error),
  });
  const commit = (revision: number) => {
    state.revision = revision;
    history.push(revision, [event(revision)]);
    watches.dispatch([event(revision)], revision);
  };
  const watch = (afterRevision: number) => {
    const seen: number[] = [];
    const ends: string[] = [];
    const stop = watches.add(
      { from: 'a', to: 'b', afterRevision },
      {
        onEvents: (found) => seen.push(...found.map(({ revision }) => revision)),
        onEnd: (error) => ends.push(error.name),
      },
    );
    return { seen, ends, stop };
  };
  return { state, replays, failures, watches, commit, watch };
}

test('a watch that commits outrun goes back to the log, and joins without a gap', async () => {
  const { replays, commit, watch } = setUp();
  const { seen } = watch(5);
  await turn();
  for (let revision = 11; revision <= 15; revision++) commit(revision);
  replays[0]!.answer({ events: events(6, 10), through: 10 });
  await turn();
  assert.deepEqual(seen, [6, 7, 8, 9, 10]);
  commit(16);
  // This page has what was committed after it was asked for; the history gives the rest.
  replays[1]!.answer({ events: events(11, 15), through: 15 });
  await turn();
  commit(17);
  assert.deepEqual(seen, [6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
  assert.deepEqual(
    replays.map(({ afterRevision }) => afterRevision),
    [5, 10],
  );
});

test('so many replays read at a time; one that was stopped meanwhile reads nothing', async () => {
  const { replays, watch } = setUp();
  const all = [1, 2, 3, 4].map(watch);
  await turn();
  assert.equal(replays.length, 2);
  all[2]!.stop();
  replays[0]!.answer({ events: events(2, 10), through: 10 });
  await turn();
  assert.deepEqual(
    replays.map(({ afterRevision }) => afterRevision),
    [1, 2, 4],
  );
});

test('a page that comes after the watch was stopped is not delivered', async () => {
  const { replays, watch } = setUp();
  const { seen, ends, stop } = watch(1);
  await turn();
  stop();
  replays[0]!.answer({ events: events(2, 10), through: 10 });
  await turn();
  assert.deepEqual([seen, ends], [[], []]);
});

test('a compaction overtakes a watch: it has heard all up to a point, and then its end', async () => {
  const { state, replays, watch } = setUp();
  const { seen, ends } = watch(1);
  await turn();
  state.compacted = 8;
  replays[0]!.answer({ events: events(2, 5), through: 5 });
  await turn();
  assert.deepEqual([seen, ends], [[2, 3, 4, 5], ['CompactedError']]);
});

test('a replay that fails fails the store', async () => {
  const { replays, failures, watch } = setUp();
  watch(1);
  await turn();
  const broken = new Error('broken');
  replays[0]!.reject(broken);
  await turn();
  assert.deepEqual(failures, [broken]);
});

test('endAll ends each once, also when a handler throws', async () => {
  const { watches, watch } = setUp();
  const first = watch(10);
  watches.add(
    { from: 'a', to: 'b', afterRevision: 10 },
    {
      onEvents: () => {},
      onEnd: () => {
        throw new Error('a mistake');
      },
    },
  );
  const last = watch(1);
  await turn();
  watches.endAll(new Error('over'));
  watches.endAll(new Error('over'));
  assert.deepEqual([first.ends, last.ends, watches.count], [['Error'], ['Error'], 0]);
});
