import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History } from './history.ts';
import { storeLimits } from './limits.ts';
import type { StoreEvent } from './store.ts';

const all = () => true;
const event = (revision: number, length = 1): StoreEvent => ({
  type: 'put',
  key: `k${revision % 3}`,
  value: new Uint8Array(length),
  revision,
  createRevision: revision,
});
const revisions = (events: StoreEvent[]) => events.map(({ revision }) => revision);

test('gives what is after a revision, of the keys that match', () => {
  const history = new History(4, storeLimits);
  for (let revision = 5; revision <= 10; revision++) history.push(revision, [event(revision)]);
  assert.deepEqual(revisions(history.since(4, all)), [5, 6, 7, 8, 9, 10]);
  assert.deepEqual(revisions(history.since(8, all)), [9, 10]);
  assert.deepEqual(revisions(history.since(10, all)), []);
  assert.deepEqual(revisions(history.since(4, (key) => key === 'k0')), [6, 9]);
  assert.equal(history.after, 4);
});

test('forgets the oldest whole commits beyond the number of events', () => {
  const history = new History(1, { ...storeLimits, historyEventsMax: 5 });
  for (let revision = 2; revision <= 1000; revision++) {
    history.push(revision, [event(revision), event(revision)]);
    assert.equal(history.after, Math.max(1, revision - 2));
    assert.deepEqual(
      revisions(history.since(history.after, all)),
      revision === 2 ? [2, 2] : [revision - 1, revision - 1, revision, revision],
    );
  }
});

test('forgets beyond the number of bytes, even the newest', () => {
  const history = new History(1, { ...storeLimits, historyBytesMax: 25 });
  history.push(2, [event(2, 10)]);
  history.push(3, [event(3, 10)]);
  assert.deepEqual([history.after, revisions(history.since(1, all))], [1, [2, 3]]);
  history.push(4, [event(4, 10)]);
  assert.deepEqual([history.after, revisions(history.since(2, all))], [2, [3, 4]]);
  history.push(5, [event(5, 100)]);
  assert.deepEqual([history.after, history.since(5, all)], [5, []]);
});
