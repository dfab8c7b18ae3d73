/** Keeps a node's containerd running: finds the one that runs, starts one otherwise, and again when it ends. */
import { boundLog } from '../../lib/bounded-log.ts';
import type { Clock } from '../../lib/clock.ts';
import { sleep } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { type Containerd, type ContainerdOptions, findContainerd, startContainerd } from './containerd.ts';
import { containerdPaths } from './containerd-config.ts';
import { nodeLimits } from './limits.ts';

export interface KeptContainerd {
  readonly socket: string;
  /** The one that runs, or ran last. */
  readonly current: Containerd;
  /** When it is looked after no more: containerd itself runs on. */
  readonly stopped: Promise<void>;
}

/** Rejects when it cannot be started the first time; later that is tried again and again, until the signal. */
export async function keepContainerd(
  options: ContainerdOptions & { clock: Clock; log: Logger; signal: AbortSignal },
): Promise<KeptContainerd> {
  const { clock, log, signal, folder } = options;
  let current = (await findContainerd(folder)) ?? (await startContainerd(options));
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  let failures = 0;
  const rest = (): Promise<void> => {
    const milliseconds = nodeLimits.restartMilliseconds * 2 ** failures++;
    return sleep(clock, Math.min(nodeLimits.restartMillisecondsMax, milliseconds), signal);
  };
  const keep = async () => {
    let since = clock.monotonic();
    while (!signal.aborted) {
      await Promise.race([current.exited, aborted]);
      if (signal.aborted) return;
      log.error('containerd does not run any more, and is started again', { pid: current.pid });
      // One that ends as soon as it has begun is no better than one that cannot be started.
      if (clock.monotonic() - since >= nodeLimits.restartMillisecondsMax) failures = 0;
      else if (failures > 0) await rest();
      else failures = 1;
      try {
        current = await startContainerd(options);
      } catch (error) {
        log.error('containerd could not be started', { error });
      }
      since = clock.monotonic();
    }
  };
  const keepLogSmall = async () => {
    while (!signal.aborted) {
      boundLog(containerdPaths(folder).log);
      await sleep(clock, nodeLimits.logMilliseconds, signal);
    }
  };
  return {
    socket: current.socket,
    get current() {
      return current;
    },
    stopped: Promise.all([keep(), keepLogSmall()]).then(() => {}),
  };
}
