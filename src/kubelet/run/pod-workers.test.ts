import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodStatus } from '../../kinds/generated/types.ts';
import { silentLogger } from '../../lib/log.ts';
import { createManualClock } from '../../lib/manual-clock.ts';
import { testPod } from '../test-kit.ts';
import { PodWorkers } from './pod-workers.ts';

/** Turns of the event loop after which whatever needs no time has gone as far as it can. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test('while the server is away a status is tried at one pace, however often the pod is looked at', async (t) => {
  const clock = createManualClock();
  const stopping = new AbortController();
  t.after(() => stopping.abort());
  let isAway = true;
  let attempts = 0;
  const written: PodStatus[] = [];
  let looks = 0;
  const workers = new PodWorkers(
    {
      sync: async () => ({
        status: { phase: 'Running', message: `look ${++looks}` },
        // Never at the moment of an attempt.
        again: 5300,
        hasEnded: false,
      }),
      writeStatus: async (_pod, status) => {
        attempts++;
        if (isAway) throw new Error('connection refused');
        written.push(status);
      },
      letGo: async () => {},
      cleanUp: async () => {},
    },
    { clock, log: silentLogger, signal: stopping.signal },
  );
  workers.update(testPod({}));
  const attemptsIn = async (seconds: number): Promise<number> => {
    const before = attempts;
    for (let tenths = 0; tenths < seconds * 10; tenths++) {
      clock.advance(100);
      await quiet();
    }
    return attempts - before;
  };
  await quiet();
  const early = await attemptsIn(53);
  await attemptsIn(53);
  assert.equal(await attemptsIn(53), early);

  isAway = false;
  await attemptsIn(5);
  assert.deepEqual(written, [{ phase: 'Running', message: `look ${looks}` }]);
});
