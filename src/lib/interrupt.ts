/** Waiting that another may end early: what is waited for goes on alone. */
import { onAbort } from './abort.ts';
import { WherryError } from './errors.ts';

/** Nobody waits any more for what was under way. */
export class Interrupted extends WherryError {
  constructor() {
    super('INTERRUPTED', 'interrupted');
  }
}

/** As the promise; rejects with Interrupted as soon as the signal aborts. */
export function unlessAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const interrupt = () => reject(new Interrupted());
    const takeOff = signal.aborted ? interrupt() : onAbort(signal, interrupt);
    promise.then(resolve, reject).finally(() => takeOff?.());
  });
}
