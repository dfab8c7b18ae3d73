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

/**
 * The most CPU time in milliseconds that one turn of the server's event loop took since this was last asked: what every
 * other client had to wait because of this server. Not the time on the wall, which on a machine that has other work
 * tells how long the server waited for a processor. The reading of the metrics itself counts too.
 */
export async function readLongestTurn(target: Target): Promise<number> {
  const session = http2Session(target);
  try {
    const metrics = (await askHttp2(session, { path: '/metrics' })).body.toString();
    const value = /^wherry_event_loop_turn_cpu_seconds_max (\S+)$/m.exec(metrics)?.[1];
    return Number(value ?? Number.NaN) * 1000;
  } finally {
    session.close();
  }
}

export async function longestTurnOf(target: Target, use: () => Promise<void>): Promise<number> {
  await readLongestTurn(target);
  await use();
  const longest = await readLongestTurn(target);
  if (!(longest > 0)) throw new Error('the server does not say how long its turns are');
  return longest;
}
