/** Plays many seeds in as many processes as there are cores, one seed after the other in each. */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { RunOutcome } from './random-run.ts';

/** What a worker answers for a seed: how it went, or why it could not be played to the end. */
export type Answer = { readonly outcome: RunOutcome } | { readonly seed: number; readonly failure: string };

/** A machine with many cores has no need to start one for each: a thousand seeds are few. */
const workersMax = 8;

const workerFile = path.join(import.meta.dirname, 'seed-worker.ts');

/** Calls back for each seed, in the order in which they end. */
export async function playSeeds(
  seeds: Iterable<number>,
  onAnswer: (answer: Answer) => void,
  workers = Math.min(workersMax, availableParallelism()),
): Promise<void> {
  const left = seeds[Symbol.iterator]();
  await Promise.all(Array.from({ length: workers }, () => playInWorker(left, onAnswer)));
}

/** One process, until there are no more seeds. One that dies is told as the failure of its seed, and replaced. */
async function playInWorker(seeds: Iterator<number>, onAnswer: (answer: Answer) => void): Promise<void> {
  let worker: ChildProcess | undefined;
  try {
    for (let next = seeds.next(); next.done !== true; next = seeds.next()) {
      worker ??= fork(workerFile, { execArgv: [] });
      const answer = await ask(worker, next.value);
      if (answer === undefined) worker = undefined;
      onAnswer(answer ?? { seed: next.value, failure: 'its process has died' });
    }
  } finally {
    worker?.kill();
  }
}

/** Undefined when the process has died over it. */
function ask(worker: ChildProcess, seed: number): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const finish = (answer: Answer | undefined) => {
      worker.off('message', onMessage);
      worker.off('exit', onExit);
      resolve(answer);
    };
    const onMessage = (message: unknown) => finish(message as Answer);
    const onExit = () => finish(undefined);
    worker.on('message', onMessage);
    worker.on('exit', onExit);
    worker.send(seed);
  });
}
