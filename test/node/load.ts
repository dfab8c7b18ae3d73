/** Runs `load-client.ts` in a network namespace, and counts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { LoadFailure, LoadPlan, LoadSummary } from './load-client.ts';

const stopMilliseconds = 60_000;

export class Load {
  readonly failures: LoadFailure[] = [];
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #requests: Readonly<Record<string, number>> = {};
  #summary: LoadSummary | undefined;
  #errors = '';

  /** `network`: path of the namespace. */
  constructor(network: string, plan: LoadPlan) {
    const script = path.join(import.meta.dirname, 'load-client.ts');
    this.#child = spawn(
      'nsenter',
      [`--net=${network}`, '--', process.execPath, script, JSON.stringify(plan)],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    this.#closed = once(this.#child, 'close');
    this.#closed.catch(() => {});
    this.#child.stdin?.on('error', () => {});
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString('utf8');
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#hear(line));
  }

  #hear(line: string): void {
    const said = JSON.parse(line) as {
      failure?: LoadFailure;
      requests?: Readonly<Record<string, number>>;
      summary?: LoadSummary;
    };
    if (said.failure !== undefined) this.failures.push(said.failure);
    if (said.requests !== undefined) this.#requests = said.requests;
    if (said.summary !== undefined) this.#summary = said.summary;
  }

  get total(): number {
    return Object.values(this.#requests).reduce((sum, count) => sum + count, 0);
  }

  /** Throws when it has ended by itself. */
  check(): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null)
      throw new Error(`the load ended by itself: ${this.#errors}`);
  }

  /** After what was under way has been answered. */
  async stop(): Promise<LoadSummary> {
    this.#child.stdin?.end();
    const killed = setTimeout(() => this.#child.kill('SIGKILL'), stopMilliseconds);
    await this.#closed;
    clearTimeout(killed);
    if (this.#summary === undefined) throw new Error(`the load did not end well: ${this.#errors}`);
    return this.#summary;
  }

  /** At once; for a test that has failed. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await this.#closed;
  }
}
