/** A part of the agent that fails is tried again and again: the rest goes on meanwhile. */
import { backoffMilliseconds } from '../../client/backoff.ts';
import { onAbort } from '../../lib/abort.ts';
import { sleep } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { systemClock, systemRandom } from '../../lib/system.ts';

const retryBackoff = { baseMilliseconds: 250, maxMilliseconds: 30_000, factor: 2, jitter: 0.2 };

export interface RetryOptions {
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Told of each failure, besides the log. */
  readonly onFailure?: (error: Error) => void;
}

/** Resolves when the task has succeeded, with what it resolved to; undefined after the signal. */
export async function untilDone<T>(
  what: string,
  task: () => Promise<T>,
  { log, signal, onFailure }: RetryOptions,
): Promise<T | undefined> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      return await task();
    } catch (error) {
      const milliseconds = Math.round(backoffMilliseconds(retryBackoff, attempt, systemRandom));
      log.error(`${what} failed`, { error, retryMilliseconds: milliseconds });
      onFailure?.(error as Error);
      await sleep(systemClock, milliseconds, signal);
    }
  }
  return undefined;
}

/** Does a task once for any number of calls that come while it is under way or waits, and again after a failure. */
export class Repeating {
  readonly #what: string;
  readonly #task: () => Promise<void>;
  readonly #options: RetryOptions;
  #isDue = false;
  #running: Promise<void> | undefined;

  constructor(what: string, task: () => Promise<void>, options: RetryOptions) {
    this.#what = what;
    this.#task = task;
    this.#options = options;
  }

  /** Resolves when nothing is under way or due. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  trigger(): void {
    this.#isDue = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    while (this.#isDue && !signal.aborted) {
      this.#isDue = false;
      await untilDone(this.#what, this.#task, this.#options);
    }
  }
}

/** Resolves at the abort. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else onAbort(signal, resolve);
  });
}
