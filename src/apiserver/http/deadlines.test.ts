import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../lib/clock.ts';
import { Deadlines, type Timed } from './deadlines.ts';

/** A clock that a test moves by hand. */
function manualClock(): { clock: Clock; advance: (milliseconds: number) => void; timers: () => number } {
  let now = 0;
  const timers = new Set<{ at: number; callback: () => void }>();
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    after: (milliseconds, callback) => {
      const timer = { at: now + milliseconds, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const advance = (milliseconds: number) => {
    const end = now + milliseconds;
    for (;;) {
      const next = [...timers].sort((one, other) => one.at - other.at)[0];
      if (next === undefined || next.at > end) break;
      now = next.at;
      timers.delete(next);
      next.callback();
    }
    now = end;
  };
  return { clock, advance, timers: () => timers.size };
}

function entry(log: string[], name: string, onDeadline: () => void = () => {}): Timed {
  return {
    deadline: 0,
    onDeadline: () => {
      log.push(name);
      onDeadline();
    },
  };
}

test('a deadline fires at most a tick late, a cleared or moved one not', () => {
  const { clock, advance } = manualClock();
  const deadlines = new Deadlines(clock, 100);
  const log: string[] = [];
  const kept = entry(log, 'kept', () => deadlines.clear(kept));
  const cleared = entry(log, 'cleared');
  const moved = entry(log, 'moved', () => deadlines.clear(moved));
  deadlines.set(kept, 250);
  deadlines.set(cleared, 250);
  deadlines.set(moved, 250);
  deadlines.set(entry(log, 'never'), Number.POSITIVE_INFINITY);
  deadlines.clear(cleared);
  advance(200);
  assert.deepEqual(log, []);
  deadlines.set(moved, 500);
  advance(150);
  assert.deepEqual(log, ['kept']);
  advance(10_000);
  assert.deepEqual(log, ['kept', 'moved']);
  assert.equal(deadlines.size, 1);
});

test('without entries there is no timer, and time is right after a pause', () => {
  const { clock, advance, timers } = manualClock();
  const deadlines = new Deadlines(clock, 100);
  const log: string[] = [];
  const first = entry(log, 'first');
  deadlines.set(first, 1000);
  assert.equal(timers(), 1);
  deadlines.clear(first);
  advance(100);
  assert.equal(timers(), 0);
  advance(1_000_000);
  const second = entry(log, 'second', () => deadlines.clear(second));
  deadlines.set(second, 1000);
  advance(900);
  assert.deepEqual(log, []);
  advance(200);
  assert.deepEqual(log, ['second']);
});
