/** The real `bin/wherry server` as a process of its own, and what its metrics say about its event loop. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askHttp2, http2Session, type Target } from './clients.ts';

const launcher = join(import.meta.dirname, '..', '..', 'bin', 'wherry');

export interface ServerProcess {
  readonly target: Target;
  readonly process: ChildProcess;
  /** Everything written to standard error so far. */
  errors(): string;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

const readyWithinMilliseconds = 15_000;

/** Starts on a fresh directory and a free port; resolves when it says that it is ready. */
export async function startProcess(...options: string[]): Promise<ServerProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'wherry-hostile-'));
  const child = spawn(launcher, ['server', '--data-dir', directory, '--port', '0', ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk;
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', () => {
      if (output.includes('KUBECONFIG')) resolve();
    });
    exited.then((code) => reject(new Error(`the server ended with ${code}: ${errors}`)));
    setTimeout(
      () => reject(new Error(`not ready in time: ${output}${errors}`)),
      readyWithinMilliseconds,
    ).unref();
  });
  try {
    await ready;
  } catch (failure) {
    child.kill('SIGKILL');
    await rm(directory, { recursive: true, force: true });
    throw failure;
  }
  const pki = (name: string) => readFile(join(directory, 'pki', name), 'utf8');
  const [authority, certificate, key] = await Promise.all(['ca.crt', 'admin.crt', 'admin.key'].map(pki));
  return {
    target: {
      port: Number(/:(\d+),/.exec(output)?.[1]),
      authority: authority!,
      client: { certificate: certificate!, key: key! },
    },
    process: child,
    errors: () => errors,
    async stop() {
      child.kill('SIGTERM');
      const code = await exited;
      await rm(directory, { recursive: true, force: true });
      return code;
    },
  };
}

export interface LoopUse {
  /** The longest time in milliseconds that the event loop was held since this was last asked. */
  readonly longest: number;
  /** CPU time in milliseconds that the process has used in all. */
  readonly cpu: number;
}

export async function readLoopUse(target: Target): Promise<LoopUse> {
  const session = http2Session(target);
  try {
    const metrics = (await askHttp2(session, { path: '/metrics' })).body.toString();
    const milliseconds = (name: string) =>
      Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1] ?? 0) * 1000;
    return {
      longest: milliseconds('wherry_event_loop_delay_seconds_max'),
      cpu: milliseconds('process_cpu_seconds_total'),
    };
  } finally {
    session.close();
  }
}

/** The sampler begins anew with every look at it, and sees nothing before its first tick (5 ms). */
const samplingBeginsMilliseconds = 25;

/**
 * How long `use` held the event loop at most. A request cannot hold it longer than it computes; what goes beyond is
 * other work on the machine, and the server had to wait for a processor.
 */
export async function holdOf(target: Target, use: () => Promise<void>): Promise<number> {
  const before = await readLoopUse(target);
  await new Promise((resolve) => setTimeout(resolve, samplingBeginsMilliseconds));
  await use();
  const after = await readLoopUse(target);
  return Math.min(after.longest, after.cpu - before.cpu);
}
