import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from '../lib/manual-clock.ts';
import { releaseStartMemory } from './start-memory.ts';

test('the memory of a start is given back once, after control loops have listed', async (context) => {
  const collections: unknown[] = [];
  const before = globalThis.gc;
  context.after(() => {
    globalThis.gc = before;
  });
  globalThis.gc = ((options: unknown) => {
    collections.push(options);
  }) as typeof globalThis.gc;
  const clock = createManualClock();
  releaseStartMemory(clock);
  assert.deepEqual(collections, []);
  await clock.advance(60_000);
  assert.deepEqual(collections, [{ type: 'major', flavor: 'last-resort' }]);
});

test('without --expose-gc nothing happens', async (context) => {
  const before = globalThis.gc;
  context.after(() => {
    globalThis.gc = before;
  });
  globalThis.gc = undefined;
  const clock = createManualClock();
  releaseStartMemory(clock);
  await clock.advance(60_000);
});
