import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Pod, PodStatus } from '../../kinds/generated/types.ts';
import { unlessAborted } from '../../lib/interrupt.ts';
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

describe('a look that takes long', () => {
  /** A worker whose looks at a pod last until they are interrupted; what each of them knew. */
  function hanging(t: TestContext) {
    const clock = createManualClock(0);
    const stopping = new AbortController();
    t.after(() => stopping.abort());
    const looks: string[] = [];
    const workers = new PodWorkers(
      {
        sync: ({ pod: { metadata }, evicted, signal }) => {
          const grace = metadata.deletionTimestamp && `deleted ${metadata.deletionGracePeriodSeconds}`;
          looks.push(grace ?? evicted?.reason ?? `runs at ${clock.now()}`);
          return unlessAborted(new Promise<never>(() => {}), signal);
        },
        writeStatus: async () => {},
        letGo: async () => {},
        cleanUp: async () => {},
      },
      { clock, log: silentLogger, signal: stopping.signal },
    );
    return { clock, workers, looks };
  }

  const leaving = (deletionGracePeriodSeconds: number) =>
    testPod({}, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds } });

  const named = (pod: Pod): Pod => ({ ...pod, metadata: { ...testPod({}).metadata, ...pod.metadata } });

  test('ends when the pod is deleted, and when its grace becomes shorter', async (t) => {
    const { workers, looks } = hanging(t);
    for (const pod of [testPod({}), leaving(3600), leaving(3600), leaving(5)]) {
      workers.update(named(pod));
      await quiet();
    }
    assert.deepEqual(looks, ['runs at 0', 'deleted 3600', 'deleted 5']);
  });

  test('ends when the pod is deleted by force', async (t) => {
    const { workers, looks } = hanging(t);
    workers.update(named(leaving(3600)));
    await quiet();
    workers.remove('uid-1', { ...leaving(3600), metadata: { resourceVersion: '9' } });
    await quiet();
    assert.deepEqual(looks, ['deleted 3600', 'deleted 0']);
  });

  test('ends when the pod is gone without a word, which has its grace then', async (t) => {
    const { workers, looks } = hanging(t);
    workers.update(testPod({}));
    await quiet();
    workers.remove('uid-1', testPod({}));
    await quiet();
    assert.deepEqual(looks, ['runs at 0', 'deleted 30']);
  });

  test('ends when the pod is evicted', async (t) => {
    const { workers, looks } = hanging(t);
    workers.update(testPod({}));
    await quiet();
    workers.evict('uid-1', { reason: 'Evicted', message: '' });
    workers.evict('uid-1', { reason: 'Terminated', message: '' });
    await quiet();
    assert.deepEqual(looks, ['runs at 0', 'Evicted']);
  });

  test("ends at the pod's deadline", async (t) => {
    const { clock, workers, looks } = hanging(t);
    const startTime = new Date(clock.now()).toISOString();
    workers.update(testPod({ activeDeadlineSeconds: 60 }, { status: { startTime } }));
    await quiet();
    clock.advance(60_000);
    await quiet();
    assert.deepEqual(looks, ['runs at 0', 'runs at 60000']);
  });
});
