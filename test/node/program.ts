/** A program in a network namespace, its output in a file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { namespacePath } from '../../src/cluster/node/network-namespace.ts';

/** An agent that removes its pods takes longest. */
const stopMilliseconds = 40_000;

export class Program {
  readonly #command: readonly string[];
  readonly logFile: string;
  child: ChildProcess | undefined;

  constructor(namespace: string, command: readonly string[], logFile: string) {
    this.#command = [`--net=${namespacePath(namespace)}`, ...command];
    this.logFile = logFile;
  }

  /** `more`: arguments for this time. */
  start(more: readonly string[] = []): void {
    const child = spawn('nsenter', [...this.#command, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(this.logFile, { flags: 'a' });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    child.once('close', () => log.end());
    this.child = child;
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    const { child } = this;
    this.child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill(signal);
    const killed = setTimeout(() => child.kill('SIGKILL'), stopMilliseconds);
    await exited;
    clearTimeout(killed);
    return child.exitCode;
  }

  get hasEnded(): boolean {
    return this.child?.exitCode !== null || this.child.signalCode !== null;
  }

  async said(): Promise<string> {
    return readFile(this.logFile, 'utf8').catch(() => '');
  }
}
