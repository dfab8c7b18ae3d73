import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from './settle.ts';
import { createSimulationClock } from './simulation-clock.ts';

test('timers run in order of time, then of registration, and may set more', () => {
  const clock = createSimulationClock(1000);
  const ran: string[] = [];
  const note = (name: string) => () => ran.push(`${name} at ${clock.now()}`);
  clock.after(30, note('third'));
  clock.after(10, note('first'));
  clock.after(10, () => {
    note('second')();
    clock.after(5, note('set by second'));
  });
  const cancel = clock.after(20, note('cancelled'));
  cancel();
  assert.equal(clock.nextAt, 1010);
  clock.runUntil(1025);
  assert.deepEqual(ran, ['first at 1010', 'second at 1010', 'set by second at 1015']);
  assert.deepEqual([clock.now(), clock.monotonic(), clock.nextAt], [1025, 25, 1030]);
  clock.runUntil(1010);
  assert.equal(clock.now(), 1025);
});

test('settling waits for chains of promises, microtasks and immediates, however long', async () => {
  let left = 200;
  const step = (): void => {
    if (--left === 0) return;
    if (left % 3 === 0) setImmediate(step);
    else if (left % 3 === 1) queueMicrotask(step);
    else Promise.resolve().then(() => setImmediate(step));
  };
  step();
  await settle();
  assert.equal(left, 0);
});
