/**
 * Runs the event loop until nothing in this process has work. Everything in a simulation works in promises, microtasks
 * and setImmediate: no sockets, no threads, no timers of the machine. So when no immediate is waiting after a whole turn,
 * what comes next can only be a timer of the simulation's clock.
 */
import { WherryError } from '../lib/errors.ts';
import { settleTurnsMax } from './limits.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Two quiet turns: at the end of the first, microtasks may still stand behind ours, and what they start is seen at the
 * end of the second. Throws NEVER_SETTLES when work feeds itself.
 */
export async function settle(): Promise<void> {
  for (let turn = 0, quiet = 0; quiet < 2; turn++) {
    if (turn > settleTurnsMax)
      throw new WherryError(
        'NEVER_SETTLES',
        `after ${settleTurnsMax} turns of the event loop there is still work`,
      );
    await nextTurn();
    quiet = process.getActiveResourcesInfo().includes('Immediate') ? 0 : quiet + 1;
  }
}
