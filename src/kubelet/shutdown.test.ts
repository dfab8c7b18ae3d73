import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../kinds/generated/types.ts';
import { createManualClock } from '../lib/manual-clock.ts';
import { NodeShutdown, type ShutdownWorkers, shutdownPeriods } from './shutdown.ts';
import { testPod } from './test-kit.ts';

/** Pods that take so many seconds to end; what happened when, in seconds. */
async function run(
  pods: Record<string, { priority?: number; takes: number }>,
  periods = shutdownPeriods(30, 10),
) {
  const clock = createManualClock();
  const told: string[] = [];
  const active = new Map<string, Pod>();
  for (const [name, { priority = 0 }] of Object.entries(pods))
    active.set(name, testPod({ priority }, { metadata: { name, uid: name } }));
  const start = clock.monotonic();
  const at = () => `${Math.round((clock.monotonic() - start) / 1000)} s`;
  const shutdown = new NodeShutdown({ clock });
  const workers: ShutdownWorkers = {
    active: () => [...active.values()],
    evict: (uid, { reason, message, graceSeconds }) => {
      told.push(`${at()}: ${uid} ${reason} within ${graceSeconds} s: ${message}`);
      clock.after((pods[uid]?.takes ?? 0) * 1000, () => active.delete(uid));
      return true;
    },
    settled: async () => void told.push(`${at()}: told`),
  };
  shutdown.follow(workers, { wake: () => void told.push(`${at()}: the node`) });
  assert.equal(shutdown.admit(), undefined);
  let isOver = false;
  const done = shutdown.shutdownNode(periods).then(() => {
    isOver = true;
  });
  assert.deepEqual(shutdown.admit(), {
    reason: 'NodeShutdown',
    message: 'Pod was rejected as the node is shutting down.',
  });
  while (!isOver) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(100);
  }
  await done;
  return told;
}

const message = 'Pod was terminated in response to imminent node shutdown.';

test('those that the cluster can do without end first, the critical ones as soon as they have ended', async () => {
  const told = await run({
    web: { takes: 3 },
    dns: { priority: 2_000_000_000, takes: 1 },
    low: { priority: -5, takes: 1 },
  });
  assert.deepEqual(told, [
    '0 s: the node',
    `0 s: web Terminated within 20 s: ${message}`,
    `0 s: low Terminated within 20 s: ${message}`,
    `3 s: dns Terminated within 10 s: ${message}`,
    '4 s: told',
  ]);
});

test('nobody is waited for longer than its period', async () => {
  const told = await run({ web: { takes: 3600 }, dns: { priority: 2_000_001_000, takes: 3600 } });
  assert.deepEqual(
    told.map((line) => line.slice(0, line.indexOf(':'))),
    ['0 s', '0 s', '20 s', '30 s'],
  );
});
