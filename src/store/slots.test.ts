import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Slots } from './slots.ts';

test('so many at a time, in the order in which they came', async () => {
  const slots = new Slots(2);
  const log: string[] = [];
  const releases: (() => void)[] = [];
  const all = ['a', 'b', 'c', 'd'].map(async (name) => {
    const release = await slots.take();
    log.push(name);
    releases.push(release);
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  assert.deepEqual(log, ['a', 'b']);
  releases.shift()!();
  await turn();
  assert.deepEqual(log, ['a', 'b', 'c']);
  releases.shift()!();
  releases.shift()!();
  await Promise.all(all);
  assert.deepEqual(log, ['a', 'b', 'c', 'd']);
});
