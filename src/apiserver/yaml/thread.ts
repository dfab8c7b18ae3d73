/** A thread for YAML: started when it is needed, ended when it takes too long, or has nothing to do. */
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { tooManyRequestsError } from '../../kinds/status.ts';
import type { Clock } from '../../lib/clock.ts';
import { yamlHeapMebibytes, yamlIdleMilliseconds, yamlJobsMax } from './limits.ts';
import type { YamlReply, YamlRequest } from './protocol.ts';

interface Job {
  readonly request: YamlRequest;
  readonly resolve: (reply: YamlReply | undefined) => void;
}

/** A thread does not inherit the compile cache of the process; see store/sqlite.ts. */
function threadStart(): string {
  const cache = getCompileCacheDir();
  const script = JSON.stringify(new URL('./worker.ts', import.meta.url));
  const enable = `require('node:module').enableCompileCache(${JSON.stringify(cache && dirname(cache))});`;
  return `${cache ? enable : ''} import(${script});`;
}

export class YamlThread {
  readonly #clock: Clock;
  readonly #millisecondsMax: number;
  readonly #waiting: Job[] = [];
  #worker: Worker | undefined;
  #current: Job | undefined;
  #cancelTimer: () => void = () => {};

  /** `millisecondsMax` is how long one piece may take. */
  constructor(options: { clock: Clock; millisecondsMax: number }) {
    this.#clock = options.clock;
    this.#millisecondsMax = options.millisecondsMax;
  }

  /** Undefined when it took too long or too much memory. Throws 429 when too many wait. */
  run(request: YamlRequest): Promise<YamlReply | undefined> {
    if (this.#waiting.length >= yamlJobsMax)
      throw tooManyRequestsError('too much YAML is waiting, please try again later', 1);
    return new Promise((resolve) => {
      this.#waiting.push({ request, resolve });
      if (this.#current === undefined) this.#next();
    });
  }

  /** What waits is given up. */
  async close(): Promise<void> {
    for (const { resolve } of this.#waiting.splice(0)) resolve(undefined);
    await this.#end();
  }

  #next(): void {
    this.#cancelTimer();
    this.#current = this.#waiting.shift();
    if (this.#current === undefined) {
      this.#worker?.unref();
      this.#cancelTimer = this.#clock.after(yamlIdleMilliseconds, () => this.#end());
      return;
    }
    this.#worker ??= this.#start();
    this.#worker.ref();
    this.#worker.postMessage(this.#current.request);
    this.#cancelTimer = this.#clock.after(this.#millisecondsMax, () => this.#end());
  }

  #start(): Worker {
    const worker = new Worker(threadStart(), { eval: true, resourceLimits: yamlHeapMebibytes, name: 'yaml' });
    // What comes from a thread that has been given up is no news.
    worker.on('message', (reply: YamlReply) => {
      if (this.#worker === worker) this.#finish(reply);
    });
    // Out of memory: its end follows.
    worker.on('error', () => {});
    worker.on('exit', () => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#finish(undefined);
    });
    return worker;
  }

  #finish(reply: YamlReply | undefined): void {
    this.#current?.resolve(reply);
    this.#next();
  }

  async #end(): Promise<void> {
    this.#cancelTimer();
    const worker = this.#worker;
    this.#worker = undefined;
    const given = this.#current;
    this.#current = undefined;
    await worker?.terminate();
    given?.resolve(undefined);
    if (this.#current === undefined && this.#waiting.length > 0) this.#next();
  }
}
