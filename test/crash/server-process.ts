/** The real `bin/wherry server` on a given directory, so that it can end in any way and be started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Target } from '../hostile/clients.ts';

const launcher = join(import.meta.dirname, '..', '..', 'bin', 'wherry');
export const readyMillisecondsMax = 20_000;
/** What a server has said is kept up to here, for the message of a failed test. */
const outputLengthMax = 20_000;

export interface StartOptions {
  readonly directory: string;
  readonly port?: number;
  /** More options of `wherry server`. */
  readonly options?: readonly string[];
  /** What runs the launcher: `nsenter` and its arguments. */
  readonly wrapper?: readonly string[];
  /** Where this process finds the directory, if elsewhere than the server. */
  readonly seenAt?: string;
}

export interface ServerProcess {
  readonly child: ChildProcess;
  /** Resolves once it says that it is ready; rejects when it ends first. The target is what its kubeconfig says. */
  readonly ready: Promise<Target>;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  errors(): string;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export function startServer(start: StartOptions): ServerProcess {
  const { directory, port = 0, options = [], wrapper = [], seenAt = directory } = start;
  const where = ['--data-dir', directory, '--port', `${port}`];
  // The ledger knows every write: nobody but the test's writers may write.
  const command = [...wrapper, launcher, 'server', ...where, '--controllers', 'none', ...options];
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  let errors = '';
  const said = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
      if (output.includes('KUBECONFIG=')) resolve();
    });
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk).slice(-outputLengthMax);
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve(signal ?? code ?? -1);
    });
  });
  const ready = Promise.race([
    said,
    ended.then((end) => {
      throw new Error(`the server ended with ${end} before it was ready: ${errors}`);
    }),
    new Promise<never>((_, reject) => {
      const timer = setTimeout(
        () =>
          reject(new Error(`the server is not ready after ${readyMillisecondsMax} ms: ${output}${errors}`)),
        readyMillisecondsMax,
      );
      void ended.then(() => clearTimeout(timer));
      void said.then(() => clearTimeout(timer));
    }),
  ]).then(() => readTarget(join(seenAt, 'kubeconfig')));
  // Who kills a server that is not ready has no use for the rejection.
  ready.catch(() => {});
  return { child, ready, ended, errors: () => errors };
}

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { user: { 'client-certificate-data': string; 'client-key-data': string } }[];
}

/** Where a kubeconfig points, and with which certificate. */
export async function readTarget(file: string): Promise<Target> {
  const { clusters, users } = parse(await readFile(file, 'utf8')) as Kubeconfig;
  const decode = (text: string) => Buffer.from(text, 'base64').toString();
  const { cluster } = clusters[0]!;
  const { user } = users[0]!;
  return {
    port: Number(new URL(cluster.server).port),
    authority: decode(cluster['certificate-authority-data']),
    client: {
      certificate: decode(user['client-certificate-data']),
      key: decode(user['client-key-data']),
    },
  };
}

/** Ends a server that a test leaves behind. */
export async function endServer(server: ServerProcess | undefined): Promise<void> {
  if (server === undefined) return;
  server.child.kill('SIGKILL');
  await server.ended;
}
