import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomInteger, seededRandom } from '../lib/random.ts';
import { compareKeys } from './keys.ts';
import { SortedKeys } from './sorted-keys.ts';

test('keys added and deleted at random are walked in order', () => {
  const random = seededRandom(7);
  const keys = new SortedKeys();
  const expected = new Set<string>();
  const anyKey = () => `key-${randomInteger(random, 5000)}`;
  const checkWalk = (from: string, to: string) => {
    const sorted = [...expected].filter((key) => key >= from && key < to).toSorted(compareKeys);
    assert.deepEqual([...keys.range(from, to)], sorted);
  };
  // It grows over several chunks, shrinks to nothing, and grows again.
  for (const [count, deletesOf10] of [
    [8000, 2],
    [40_000, 9],
    [3000, 3],
  ] as const) {
    for (let index = 0; index < count; index++) {
      const key = anyKey();
      const isDelete = randomInteger(random, 10) < deletesOf10;
      if (isDelete) keys.delete(key);
      else keys.add(key);
      if (isDelete) expected.delete(key);
      else expected.add(key);
      if (index % 1000 === 0) checkWalk(anyKey(), anyKey());
    }
    checkWalk('a', 'z');
    for (const key of expected) if (deletesOf10 === 9) keys.delete(key);
    if (deletesOf10 === 9) expected.clear();
    checkWalk('a', 'z');
  }
});
