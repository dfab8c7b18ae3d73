/** Waiting for somebody to call, for a while at most. A call while nobody waits is not lost. */
import { onAbort } from '../../lib/abort.ts';
import type { Clock } from '../../lib/clock.ts';

export class WakeUp {
  #isCalled = false;
  #waiting: (() => void) | undefined;

  call(): void {
    this.#isCalled = true;
    this.#waiting?.();
  }

  /** Resolves at the call, after the time, or when the signal aborts; true when it was called. */
  wait(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = () => {
        cancel();
        takeOff();
        this.#waiting = undefined;
        const wasCalled = this.#isCalled;
        this.#isCalled = false;
        resolve(wasCalled);
      };
      const cancel = clock.after(milliseconds, finish);
      const takeOff = onAbort(signal, finish);
      if (this.#isCalled || signal.aborted) finish();
      else this.#waiting = finish;
    });
  }
}
