/** Keeps the logs of a node's containers from growing without end. Source: kubelet/logs/container_log_manager.go. */
import { lstat } from 'node:fs/promises';
import type { Containers } from '../../cri/runtime.ts';
import { type Clock, sleep } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { podLabels } from '../labels.ts';
import { logLimits } from './limits.ts';
import { errorCode } from './log-file.ts';
import { sweepPodLogs } from './remove-logs.ts';
import { rotateLog } from './rotate.ts';

export interface LogRotatorOptions {
  readonly containers: Pick<Containers, 'list' | 'status' | 'reopenLog'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** containerLogMaxSize; longer logs are rotated. */
  readonly bytesMax?: number;
  /** containerLogMaxFiles, at least 2. */
  readonly filesMax?: number;
  readonly checkMilliseconds?: number;
  /** Folders of pods in here that are not wanted, and of which the runtime has no container, are removed. */
  readonly sweep?: { readonly folder: string; isWanted(uid: string): boolean };
}

export class LogRotator {
  readonly #options: LogRotatorOptions;

  constructor(options: LogRotatorOptions) {
    this.#options = options;
  }

  /** Looks after the logs until the signal aborts; resolves then. */
  async start(signal: AbortSignal): Promise<void> {
    const { clock, checkMilliseconds = logLimits.rotateCheckMilliseconds } = this.#options;
    while (!signal.aborted) {
      await this.check();
      await sleep(clock, checkMilliseconds, signal);
    }
  }

  /** One look at all of them. What fails is logged, and tried again at the next look. */
  async check(): Promise<void> {
    const { containers, log, sweep } = this.#options;
    let all: Awaited<ReturnType<Containers['list']>>;
    try {
      all = await containers.list();
    } catch (failure) {
      log.warn('the container runtime does not say whose logs to rotate', { error: String(failure) });
      return;
    }
    // Whatever the agent knows: where there is a container there is a log that somebody may want to read.
    const uids = new Set(all.map(({ labels }) => labels[podLabels.uid]));
    await this.#unlessFails('the logs of pods that are gone could not be removed', {}, async () => {
      if (sweep !== undefined)
        await sweepPodLogs(sweep.folder, (uid) => uids.has(uid) || sweep.isWanted(uid));
    });
    for (const { id, state } of all)
      if (state === 'Running')
        await this.#unlessFails("a container's log could not be rotated", { container: id }, () =>
          this.#checkContainer(id),
        );
  }

  async #checkContainer(id: string): Promise<void> {
    const { containers, clock, log } = this.#options;
    const { bytesMax = logLimits.rotateBytes, filesMax = logLimits.filesMax } = this.#options;
    const { logPath: file } = await containers.status(id);
    if (file === '') return;
    const size = await sizeOf(file);
    // Somebody removed it, or a rotation was interrupted: the runtime is to write where it is looked for.
    if (size === undefined) await containers.reopenLog(id);
    else if (size >= bytesMax)
      await rotateLog({ file, filesMax, clock, log, reopen: () => containers.reopenLog(id) });
  }

  async #unlessFails(what: string, fields: object, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (failure) {
      this.#options.log.warn(what, { ...fields, error: String(failure) });
    }
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await lstat(file)).size;
  } catch (failure) {
    if (errorCode(failure) === 'ENOENT') return undefined;
    throw failure;
  }
}
