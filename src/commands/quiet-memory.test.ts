import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createManualClock } from '../lib/manual-clock.ts';
import { releaseMemoryWhenQuiet } from './quiet-memory.ts';

const megabyte = 2 ** 20;

/** A process of 100 MB that is idle, and that each collection takes back to 100 MB. Counts what V8 is asked for. */
function processOf(context: TestContext, pauseMilliseconds = 0) {
  const clock = createManualClock();
  let pausedMilliseconds = 0;
  const process = { busy: 0, bytes: 100 * megabyte, collections: [] as unknown[], looks: 0 };
  const before = globalThis.gc;
  context.after(() => {
    globalThis.gc = before;
  });
  globalThis.gc = ((options: unknown) => {
    process.collections.push(options);
    process.bytes = 100 * megabyte;
    pausedMilliseconds += pauseMilliseconds;
  }) as typeof globalThis.gc;
  const end = releaseMemoryWhenQuiet(
    { ...clock, monotonic: () => clock.monotonic() + pausedMilliseconds },
    {
      busyShare: () => {
        process.looks++;
        return process.busy;
      },
      residentBytes: () => process.bytes,
    },
  );
  return { clock, process, end };
}

const all = { type: 'major', flavor: 'last-resort' };

describe('memory in a quiet moment', () => {
  test('what the start took is given back once, after control loops have listed', async (context) => {
    const { clock, process } = processOf(context);
    await clock.advance(1499);
    assert.deepEqual(process.collections, []);
    await clock.advance(60_000);
    assert.deepEqual(process.collections, [all]);
  });

  test('what a rush took is given back when it is over', async (context) => {
    const { clock, process } = processOf(context);
    await clock.advance(10_000);
    Object.assign(process, { bytes: 200 * megabyte, busy: 0.06 });
    await clock.advance(60_000);
    assert.equal(process.collections.length, 1);
    process.busy = 0.05;
    await clock.advance(500);
    assert.deepEqual(process.collections, [all, all]);
  });

  test('a little more is kept', async (context) => {
    const { clock, process } = processOf(context);
    await clock.advance(10_000);
    process.bytes = 131 * megabyte;
    await clock.advance(60_000);
    assert.equal(process.collections.length, 1);
    process.bytes = 132 * megabyte;
    await clock.advance(500);
    assert.equal(process.collections.length, 2);
  });

  test('who grows again at once is not held for more than a hundredth of the time', async (context) => {
    const { clock, process } = processOf(context, 100);
    for (let look = 0; look < 400; look++) {
      process.bytes = 200 * megabyte;
      await clock.advance(500);
    }
    assert.equal(process.collections.length, 20);
  });

  test('it ends', async (context) => {
    const { clock, process, end } = processOf(context);
    await clock.advance(1500);
    end();
    const { looks } = process;
    process.bytes = 200 * megabyte;
    await clock.advance(60_000);
    assert.deepEqual([process.looks, process.collections.length], [looks, 1]);
  });

  test('without --expose-gc nothing happens', async (context) => {
    context.after(
      ((before) => () => {
        globalThis.gc = before;
      })(globalThis.gc),
    );
    globalThis.gc = undefined;
    const clock = createManualClock();
    const unasked = () => assert.fail('nobody looks');
    releaseMemoryWhenQuiet(clock, { busyShare: unasked, residentBytes: unasked });
    await clock.advance(60_000);
  });
});
