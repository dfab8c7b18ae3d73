import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { configMap } from '../../kinds/config-map.ts';
import type { CachedObject } from './cached-object.ts';
import { Collection } from './collection.ts';
import { cacheEventBytesMax, cacheEventsMax } from './limits.ts';

const object = (key: string, revision: number, bytes = new Uint8Array(8)): CachedObject => ({
  key,
  namespace: 'default',
  name: key,
  revision,
  bytes,
  labels: undefined,
  fields: undefined,
});
const keys = (objects: Iterable<CachedObject>) => [...objects].map((each) => each.key);
const range = { from: '', to: '\uffff' };
const all = (collection: Collection) => collection.snapshot(range.from, range.to);

test('objects stand in the order of their keys, however they came', () => {
  const collection = new Collection(configMap, 0);
  for (const [index, key] of ['d', 'a', 'c', 'b', 'e'].entries()) collection.put(object(key, index + 1));
  collection.remove(object('c', 6));
  assert.deepEqual(keys(all(collection)), ['a', 'b', 'd', 'e']);
  assert.deepEqual(keys(collection.snapshot('b', 'e')), ['b', 'd']);
  assert.deepEqual(keys(collection.between('b', 'e')), ['b', 'd']);
  assert.deepEqual([collection.size, collection.get('c'), collection.get('d')?.revision], [4, undefined, 1]);
});

test('an event knows the state before and after', () => {
  const collection = new Collection(configMap, 0);
  const first = object('a', 1);
  const second = object('a', 2);
  const last = object('a', 3);
  assert.deepEqual(collection.put(first), {
    revision: 1,
    object: first,
    previous: undefined,
    deleted: false,
  });
  assert.deepEqual(collection.put(second), { revision: 2, object: second, previous: first, deleted: false });
  assert.deepEqual(collection.remove(last), { revision: 3, object: last, previous: second, deleted: true });
});

test('loading makes no events, and history begins after it', () => {
  const collection = new Collection(configMap, 40);
  collection.load(object('b', 7));
  collection.load(object('a', 9));
  assert.deepEqual(keys(all(collection)), ['a', 'b']);
  assert.deepEqual([collection.oldestRevision, collection.newestEventRevision], [40, 0]);
  assert.deepEqual(collection.eventsAfter(40), []);
  assert.equal(collection.eventsAfter(39), undefined);
});

test('events after a revision: those of later revisions, several of one too', () => {
  const collection = new Collection(configMap, 10);
  for (const [key, revision] of [
    ['a', 11],
    ['b', 11],
    ['c', 13],
  ] as const)
    collection.put(object(key, revision));
  const after = (revision: number) =>
    collection.eventsAfter(revision)?.map((event) => `${event.object.key}@${event.revision}`);
  assert.deepEqual(after(10), ['a@11', 'b@11', 'c@13']);
  assert.deepEqual(after(11), ['c@13']);
  assert.deepEqual(after(12), ['c@13']);
  assert.deepEqual(after(13), []);
  assert.equal(after(9), undefined);
});

test('keeps so many events, and says from where on they are whole', () => {
  const collection = new Collection(configMap, 0);
  const extra = 5;
  for (let revision = 1; revision <= cacheEventsMax + extra; revision++)
    collection.put(object('a', revision));
  assert.equal(collection.oldestRevision, extra);
  assert.equal(collection.eventsAfter(extra - 1), undefined);
  assert.equal(collection.eventsAfter(extra)?.length, cacheEventsMax);
  assert.equal(collection.eventsAfter(extra)?.[0]?.revision, extra + 1);
});

test('keeps so many bytes of events', () => {
  const collection = new Collection(configMap, 0);
  // One array stands for all: it is its length that counts.
  const bytes = new Uint8Array(cacheEventBytesMax / 8);
  for (let revision = 1; revision <= 20; revision++) collection.put(object('a', revision, bytes));
  assert.equal(collection.oldestRevision, 12);
  assert.equal(collection.eventsAfter(12)?.length, 8);
});

test('an event larger than all that may be kept leaves none, and no gap', () => {
  const collection = new Collection(configMap, 0);
  collection.put(object('a', 1));
  // The present state is kept anyway: it counts once an event alone keeps it.
  collection.put(object('a', 2, new Uint8Array(cacheEventBytesMax + 1)));
  assert.equal(collection.eventsAfter(1)?.length, 1);
  collection.put(object('a', 3));
  assert.equal(collection.eventsAfter(2), undefined);
  assert.deepEqual(collection.eventsAfter(3), []);
  collection.put(object('a', 4));
  assert.equal(collection.eventsAfter(3)?.length, 1);
});

test('is a sorted map with a history, whatever happens to it', () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'aa', 'b', 'ba', 'c', 'ü', 'z/1'),
    gone: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const collection = new Collection(configMap, 0);
      const model = new Map<string, number>();
      const states = [new Map(model)];
      for (const [index, { key, gone }] of steps.entries()) {
        const revision = index + 1;
        if (!gone) {
          collection.put(object(key, revision));
          model.set(key, revision);
        } else if (model.delete(key)) collection.remove(object(key, revision));
        states.push(new Map(model));
      }
      const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
      assert.deepEqual(
        all(collection).map((each) => [each.key, each.revision]),
        sorted,
      );
      // Undoing the events after a revision gives the state at it.
      for (const [revision, state] of states.entries()) {
        const undone = new Map(model);
        for (const event of [...(collection.eventsAfter(revision) ?? [])].reverse())
          if (event.previous === undefined) undone.delete(event.object.key);
          else undone.set(event.object.key, event.previous.revision);
        assert.deepEqual([...undone].sort(), [...state].sort());
      }
    }),
    { numRuns: 100, interruptAfterTimeLimit: 500 },
  );
});
