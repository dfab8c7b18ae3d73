/**
 * Asks Services over HTTP until it is told to stop, on kept connections and on new ones, no faster than it is told to.
 * Writes a line of JSON for every request that fails, and one for all in the end. A request is never tried again.
 */
import { Agent, get } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

export interface LoadPlan {
  /** Name to `http://address:port/`. */
  readonly targets: Readonly<Record<string, string>>;
  /** For each target. */
  readonly keptWorkers: number;
  readonly newWorkers: number;
  /** Of one worker. */
  readonly requestsPerSecond: number;
  readonly timeoutMilliseconds: number;
}

export interface LoadFailure {
  /** Milliseconds since the epoch. */
  readonly began: number;
  readonly ended: number;
  readonly target: string;
  readonly mode: 'kept' | 'new';
  /** The request was sent over a connection that had been used before. */
  readonly isReused: boolean;
  /** `10.244.0.5:8080` as the client has it; the pod is behind it. */
  readonly error: string;
  /** Who answered last on this worker. */
  readonly lastPod: string;
}

export interface LoadSummary {
  readonly requests: Readonly<Record<string, number>>;
  readonly connections: number;
  readonly pods: readonly string[];
}

const write = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);

const counts: Record<string, number> = {};
const pods = new Set<string>();
let connections = 0;
let isStopping = false;

interface Answer {
  readonly pod: string;
  readonly isReused: boolean;
}

function ask(url: string, agent: Agent, timeout: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, timeout }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('error', fail);
      response.once('end', () => {
        if (response.statusCode === 200 && text !== '')
          resolve({ pod: text, isReused: request.reusedSocket });
        else fail(new Error(`status ${response.statusCode}, ${JSON.stringify(text.slice(0, 80))}`));
      });
    });
    const fail = (error: NodeJS.ErrnoException) =>
      reject(Object.assign(error, { isReused: request.reusedSocket }));
    request.once('error', fail);
    request.once('timeout', () => request.destroy(new Error(`no answer in ${timeout} ms`)));
  });
}

async function work(plan: LoadPlan, target: string, mode: 'kept' | 'new'): Promise<void> {
  const url = plan.targets[target]!;
  const agent = new Agent({ keepAlive: mode === 'kept', maxSockets: 1 });
  const pause = 1000 / plan.requestsPerSecond;
  let next = performance.now();
  let lastPod = '';
  while (!isStopping) {
    const began = Date.now();
    try {
      const { pod, isReused } = await ask(url, agent, plan.timeoutMilliseconds);
      if (!isReused) connections++;
      pods.add(pod);
      lastPod = pod;
    } catch (error) {
      const { code, message, isReused = false } = error as NodeJS.ErrnoException & { isReused?: boolean };
      const failure: LoadFailure = {
        ...{ began, ended: Date.now(), target, mode, isReused, lastPod },
        error: code === undefined ? message : `${code} ${message}`,
      };
      write({ failure });
    }
    counts[target] = (counts[target] ?? 0) + 1;
    // What a slow machine could not ask in time is not asked all at once.
    next = Math.max(next + pause, performance.now() - pause);
    const early = next - performance.now();
    if (early > 0) await wait(early);
  }
  agent.destroy();
}

if (import.meta.main) {
  const plan = JSON.parse(process.argv[2] ?? '') as LoadPlan;
  process.stdin.resume();
  process.stdin.once('end', () => {
    isStopping = true;
  });
  const told = setInterval(() => write({ requests: counts }), 500);
  const workers = Object.keys(plan.targets).flatMap((target) => [
    ...Array.from({ length: plan.keptWorkers }, () => work(plan, target, 'kept')),
    ...Array.from({ length: plan.newWorkers }, () => work(plan, target, 'new')),
  ]);
  await Promise.all(workers);
  clearInterval(told);
  const summary: LoadSummary = { requests: counts, connections, pods: [...pods] };
  write({ summary });
  process.exit(0);
}
