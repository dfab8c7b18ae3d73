import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerCache } from './answer-cache.ts';
import type { ForeignAnswer } from './foreign-answer.ts';

const answer = (seconds: number, bytes = 100): ForeignAnswer => ({
  code: 0,
  isAuthentic: false,
  body: Buffer.alloc(bytes),
  counts: [0, 0, 0],
  ends: [],
  lifetimes: [],
  seconds,
});

test('an answer is there until its time is over', () => {
  const cache = new AnswerCache();
  cache.set('a', answer(10), 1000);
  assert.equal(cache.get('a', 1000)?.age, 0);
  assert.equal(cache.get('a', 10_999)?.age, 9);
  assert.equal(cache.get('a', 11_000), undefined);
  assert.deepEqual([cache.size, cache.bytes], [0, 0]);
});

test('what must not be kept is not, and what was kept goes with it', () => {
  const cache = new AnswerCache();
  cache.set('a', answer(10), 0);
  cache.set('a', answer(0), 0);
  assert.deepEqual([cache.get('a', 0), cache.size, cache.bytes], [undefined, 0, 0]);
});

test('the least lately used goes first, by number', () => {
  const cache = new AnswerCache({ entries: 2, bytes: 1e6 });
  for (const key of ['a', 'b']) cache.set(key, answer(10), 0);
  cache.get('a', 0);
  cache.set('c', answer(10), 0);
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => cache.get(key, 0) !== undefined),
    [true, false, true],
  );
});

test('and by bytes; one too large for all of it is not kept', () => {
  const cache = new AnswerCache({ entries: 100, bytes: 2000 });
  for (let index = 0; index < 50; index++) cache.set(`k${index}`, answer(10, index * 10), 0);
  assert.ok(cache.bytes <= 2000 && cache.size > 0);
  cache.set('large', answer(10, 5000), 0);
  assert.equal(cache.get('large', 0), undefined);
});

test('a clock that went back makes nothing live longer', () => {
  const cache = new AnswerCache();
  cache.set('a', answer(10), 60_000);
  assert.equal(cache.get('a', 0), undefined);
});
