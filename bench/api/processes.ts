/** Starts and ends the processes of the benchmark, and reads what they take. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  Answer,
  AskJob,
  BareOrder,
  ClientJob,
  FanOutJob,
  FanOutResult,
  FloorOrder,
  LoadJob,
  LoadResult,
  Target,
} from './wire.ts';

const wherry = join(import.meta.dirname, '../../bin/wherry');

/** A job that takes longer has failed. */
const jobMillisecondsMax = 60_000;

export interface Server {
  readonly process: ChildProcess;
  readonly target: Target;
  /** From spawn to the line that says so. */
  readonly readyMilliseconds: number;
  stop(): Promise<void>;
}

export interface ServerShape {
  /** The API server alone: no controllers and no scheduler beside it in the process. */
  readonly bare?: boolean;
  /** More of the command line. */
  readonly args?: readonly string[];
  readonly environment?: Record<string, string>;
}

/** Everything that was started and made, ended and removed in reverse. */
export class Workshop {
  readonly directory = mkdtempSync(join(tmpdir(), 'wherry-bench-api-'));
  readonly #ends: (() => Promise<unknown>)[] = [];

  /** `wherry server`, on a directory below the workshop's. */
  async startServer(name: string, shape: ServerShape = {}): Promise<Server> {
    const { bare = false, args: more = [], environment = {} } = shape;
    const dataDirectory = join(this.directory, name);
    const start = performance.now();
    // Pods are made before any control loop has made an account for them.
    const admission = ['--disable-admission-plugins', 'ServiceAccount'];
    const args = ['server', '--data-dir', dataDirectory, '--port', '0', ...admission, ...more];
    const child = spawn(wherry, bare ? [...args, '--controllers', 'none'] : args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    const stop = () => endOf(child);
    this.#ends.push(stop);
    const log: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => log.push(chunk));
    const line = await Promise.race([
      once(child.stdout, 'data').then(String),
      once(child, 'exit').then(() => {
        throw new Error(`the server did not start: ${Buffer.concat(log)}`);
      }),
    ]);
    const readyMilliseconds = performance.now() - start;
    const port = Number(/:(\d+),/.exec(line)?.[1]);
    return { process: child, target: targetOf(dataDirectory, port), readyMilliseconds, stop };
  }

  /** The bare server, with the certificates of `like`. */
  async startFloor(dataDirectory: string): Promise<Floor> {
    const file = (name: string) => readFileSync(join(this.directory, dataDirectory, 'pki', name), 'utf8');
    const child = this.#fork('floor-server.ts', [
      file('apiserver.crt'),
      file('apiserver.key'),
      file('ca.crt'),
    ]);
    const [port] = (await once(child, 'message')) as [number];
    return {
      process: child,
      target: targetOf(join(this.directory, dataDirectory), port),
      async order(order) {
        child.send(order);
        await once(child, 'message');
      },
    };
  }

  async startClient(): Promise<Client> {
    const child = this.#fork('client.ts', []);
    await once(child, 'message');
    return { run: ((job: ClientJob) => runJob(child, job)) as Client['run'] };
  }

  /** The bare loop, on a database of its own. */
  async startBare(name: string): Promise<Bare> {
    const child = this.#fork('bare-commits.ts', [join(this.directory, `${name}.db`)]);
    await once(child, 'message');
    return {
      process: child,
      async run(order) {
        child.send(order);
        const [rate] = (await once(child, 'message')) as [number];
        return rate;
      },
    };
  }

  /** Something else to undo, after all that is started from now on has ended. */
  onClose(undo: () => void): void {
    this.#ends.push(async () => undo());
  }

  /** From spawn to the first line of a Node that does nothing else, in milliseconds. */
  async bareStart(): Promise<number> {
    const start = performance.now();
    const child = spawn(process.execPath, ['--eval', 'process.stdout.write("ready")'], { stdio: 'pipe' });
    this.#ends.push(() => endOf(child));
    await once(child.stdout, 'data');
    return performance.now() - start;
  }

  /** Runs a script of this folder to its one message. */
  async ask<Reply>(script: string, args: readonly string[]): Promise<Reply> {
    const child = this.#fork(script, args);
    const [reply] = (await once(child, 'message')) as [Reply];
    await endOf(child);
    return reply;
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (let end = this.#ends.pop(); end !== undefined; end = this.#ends.pop())
      await end().catch((failure) => failures.push(failure));
    rmSync(this.directory, { recursive: true, force: true });
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be ended');
  }

  #fork(script: string, args: readonly string[]): ChildProcess {
    const child = fork(join(import.meta.dirname, script), [...args], { serialization: 'advanced' });
    this.#ends.push(() => endOf(child));
    return child;
  }
}

export interface Floor {
  readonly process: ChildProcess;
  readonly target: Target;
  order(order: FloorOrder): Promise<void>;
}

export interface Bare {
  readonly process: ChildProcess;
  /** Commits a second. */
  run(order: BareOrder): Promise<number>;
}

export interface Client {
  run(job: AskJob): Promise<Answer>;
  run(job: LoadJob): Promise<LoadResult>;
  run(job: FanOutJob): Promise<FanOutResult>;
}

function targetOf(dataDirectory: string, port: number): Target {
  const file = (name: string) => readFileSync(join(dataDirectory, 'pki', name), 'utf8');
  return { port, authority: file('ca.crt'), certificate: file('admin.crt'), key: file('admin.key') };
}

async function runJob(child: ChildProcess, job: ClientJob): Promise<unknown> {
  const signal = AbortSignal.timeout(jobMillisecondsMax);
  child.send(job);
  const [reply] = (await once(child, 'message', { signal })) as [{ result?: unknown; failure?: string }];
  if (reply.failure !== undefined) throw new Error(`the client failed: ${reply.failure}`);
  return reply.result;
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  const tooLong = setTimeout(() => child.kill('SIGKILL'), 15_000);
  child.kill('SIGTERM');
  await exit;
  clearTimeout(tooLong);
}

const statusOf = (pid: number | undefined): string => readFileSync(`/proc/${pid}/status`, 'utf8');

/** Resident memory in MB of 10^6 bytes: the larger way to count, so that a promise kept here is kept in MiB too. */
export function residentMegabytes(server: Server): number {
  const kibibytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(statusOf(server.process.pid))?.[1]);
  return (kibibytes * 1024) / 1e6;
}

/** Linux counts CPU time in ticks of 10 ms. */
const tickMilliseconds = 10;

/** CPU time that a process has taken, all its threads together. */
export function cpuMilliseconds(child: ChildProcess): number {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
  // The second field is a name in parentheses that may hold spaces; user and system time are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMilliseconds;
}
