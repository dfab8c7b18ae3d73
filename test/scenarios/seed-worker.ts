/** One process of seed-pool.ts: gets seeds, answers with what came of them, ends with its parent. */
import { runSeed } from './random-run.ts';
import type { Answer } from './seed-pool.ts';

async function play(seed: number): Promise<Answer> {
  try {
    return { outcome: await runSeed(seed) };
  } catch (error) {
    return { seed, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.on('message', async (seed: number) => process.send?.(await play(seed)));
process.on('disconnect', () => process.exit());
