/**
 * JavaScript cannot be interrupted, so a request with a large body does its work in several turns of the event loop:
 * reading, field management, rules and writing each take up to 30 ms for the largest body that is let in, and others get
 * their turn in between. What may change meanwhile is checked when the write is committed (see persist.ts).
 */
import { bytesPerTurn } from './limits.ts';

/** Lets other requests go on, if what is worked on is large. */
export function nextTurn(bytes: number): Promise<void> | undefined {
  if (bytes <= bytesPerTurn) return undefined;
  return new Promise((resolve) => setImmediate(resolve));
}

/** Takes each step of a piece of work in a turn of its own, if what is worked on is large. */
export async function inTurns<Result>(
  bytes: number,
  steps: Generator<undefined, Result, undefined>,
): Promise<Result> {
  for (;;) {
    const state = steps.next();
    if (state.done) return state.value;
    await nextTurn(bytes);
  }
}
