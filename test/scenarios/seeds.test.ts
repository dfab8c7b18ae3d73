/**
 * A thousand random histories under random faults, always the same ones, each judged by the invariants of
 * src/testing/invariants.ts. A failure names its seed and the command that plays it again; seeds.ts has more.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunOutcome } from './random-run.ts';
import { playSeeds } from './seed-pool.ts';
import { failureText } from './seeds.ts';

const seedCount = 1000;
/** Everything is told in the end; of many failures the first ones are enough. */
const failuresToldMax = 5;
/** A short history and a long one. */
const seedsPlayedTwice = [3, 10];

describe('random histories', () => {
  const digests = new Map<number, string>();

  test(`seeds 1 to ${seedCount}`, async (context) => {
    const failures: string[] = [];
    const played: RunOutcome[] = [];
    const seeds = Array.from({ length: seedCount }, (_, index) => index + 1);
    await playSeeds(seeds, (answer) => {
      const text = failureText(answer);
      if (text !== undefined) failures.push(text);
      if (!('outcome' in answer)) return;
      played.push(answer.outcome);
      digests.set(answer.outcome.seed, answer.outcome.digest);
    });
    const sum = (of: (outcome: RunOutcome) => number) => played.reduce((total, each) => total + of(each), 0);
    const [revisions, faults] = [sum(({ revision }) => revision), sum((each) => each.faults)];
    context.diagnostic(`${played.length} seeds, ${revisions} revisions, ${faults} faults`);
    assert.equal(
      failures.length,
      0,
      `${failures.length} seeds fail\n\n${failures.slice(0, failuresToldMax).join('\n')}`,
    );
    assert.ok(faults > seedCount, 'hardly a fault was met: the transports are not faulty');
  });

  test('the same seed makes the same history, commit by commit, in another process', async () => {
    const again = new Map<number, string>();
    await playSeeds(seedsPlayedTwice, (answer) => {
      if ('outcome' in answer) again.set(answer.outcome.seed, answer.outcome.digest);
    });
    for (const seed of seedsPlayedTwice) assert.equal(again.get(seed), digests.get(seed), `seed ${seed}`);
    assert.ok(seedsPlayedTwice.every((seed) => digests.has(seed)));
  });
});
