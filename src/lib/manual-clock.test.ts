import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep } from './clock.ts';
import { createManualClock } from './manual-clock.ts';

test('timers run in order of time, then of registration, and see the time they were due', () => {
  const clock = createManualClock(1000);
  const seen: string[] = [];
  const note = (name: string) => () => seen.push(`${name}@${clock.now()}`);
  clock.after(20, note('late'));
  clock.after(10, note('first'));
  clock.after(10, note('second'));
  const cancel = clock.after(15, note('cancelled'));
  clock.after(10, () => clock.after(5, note('nested')));
  cancel();
  clock.advance(19);
  assert.deepEqual(seen, ['first@1010', 'second@1010', 'nested@1015']);
  clock.advance(1);
  assert.deepEqual(seen.at(-1), 'late@1020');
  assert.equal(clock.monotonic(), 20);
});

test('a wait shorter than the clock can say still ends', () => {
  const clock = createManualClock();
  let rang = false;
  clock.after(1e-9, () => {
    rang = true;
  });
  clock.advance(1);
  assert.equal(rang, true);
  assert.equal(clock.monotonic(), 1);
});

test('sleep ends with its time or its signal', async () => {
  const clock = createManualClock();
  const slept = sleep(clock, 100);
  clock.advance(100);
  await slept;
  const controller = new AbortController();
  const aborted = sleep(clock, 1_000_000, controller.signal);
  controller.abort();
  await aborted;
});
