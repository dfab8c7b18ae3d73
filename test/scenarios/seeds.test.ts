/**
 * Random histories under random faults, each from a seed, each judged by the invariants of src/testing/invariants.ts.
 *
 *     node test/scenarios/seeds.test.ts --seeds 1000            the long run
 *     node test/scenarios/seeds.test.ts --seeds 100 --from 500  another range
 *     node test/scenarios/seeds.test.ts --seed 42               one of them again, with what was done in it
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseArgs } from 'node:util';
import { type RunOutcome, runSeed } from './random-run.ts';

/** In the usual run of the tests. */
const seedsByDefault = '20';

const { values } = parseArgs({
  strict: false,
  options: {
    seeds: { type: 'string', default: seedsByDefault },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
  },
});

const replay = (seed: number) => `node test/scenarios/seeds.test.ts --seed ${seed}`;

function judge({ seed, violations, actions }: RunOutcome): void {
  if (violations.length === 0) return;
  const told = [`seed ${seed} violates:`, ...violations, '', 'what was done:', ...actions];
  assert.fail(`${told.join('\n')}\n\nagain: ${replay(seed)}`);
}

describe('random histories', () => {
  if (typeof values.seed === 'string') {
    const seed = Number(values.seed);
    test(`seed ${seed}`, async (context) => {
      const outcome = await runSeed(seed);
      for (const action of outcome.actions) context.diagnostic(action);
      context.diagnostic(`${outcome.revision} revisions, ${outcome.faults} faults, digest ${outcome.digest}`);
      judge(outcome);
    });
    return;
  }
  const from = Number(values.from);
  const count = Number(values.seeds);

  test(`seeds ${from} to ${from + count - 1}`, async (context) => {
    let faults = 0;
    let revisions = 0;
    for (let seed = from; seed < from + count; seed++) {
      try {
        const outcome = await runSeed(seed);
        faults += outcome.faults;
        revisions += outcome.revision;
        judge(outcome);
      } catch (error) {
        context.diagnostic(`failed: ${replay(seed)}`);
        throw error;
      }
    }
    context.diagnostic(`${count} seeds, ${revisions} revisions, ${faults} faults`);
    assert.ok(faults > 0 || count < 5, 'no fault was met: the transports are not faulty');
  });

  test('the same seed makes the same history, commit by commit', async () => {
    const first = await runSeed(from);
    assert.deepEqual(await runSeed(from), first);
  });
});
