import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from '../lib/manual-clock.ts';
import { TurnSampler, threadSeconds, tickMilliseconds } from './turn-sampler.ts';

test('the longest turn since the last look', () => {
  const clock = createManualClock();
  let seconds = 100;
  const sampler = new TurnSampler(clock, () => seconds);
  const turn = (length: number) => {
    seconds += length;
    clock.advance(tickMilliseconds);
  };
  const seen = [sampler.takeLongest()];
  for (const length of [1, 3, 2]) turn(length);
  seen.push(sampler.takeLongest());
  turn(1);
  seen.push(sampler.takeLongest());
  // A turn that begins right after a look is seen like any other, and so is the one under way.
  seconds += 5;
  seen.push(sampler.takeLongest(), sampler.takeLongest());
  sampler.close();
  assert.deepEqual(seen, [undefined, 3, 1, 5, 0]);
});

test('CPU time of the thread grows with work', () => {
  const before = threadSeconds();
  for (let sum = 0; threadSeconds() - before < 0.005; sum++) JSON.stringify({ sum });
  assert.ok(threadSeconds() - before < 1);
});
