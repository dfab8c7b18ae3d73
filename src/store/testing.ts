/** Tools of the tests that need files and processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { StoreCore } from './core.ts';
import { openSqliteStore, type SqliteStoreOptions } from './sqlite.ts';

/** A directory that goes away after the test. */
export function temporaryDirectory(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'wherry-store-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Opens a store that is closed after the test. */
export async function openFor(context: TestContext, options: SqliteStoreOptions): Promise<StoreCore> {
  const store = await openSqliteStore(options);
  context.after(() => store.close());
  return store;
}

export interface ChildStore {
  readonly process: ChildProcess;
  /** Whole lines only: what a kill cut short was not said. */
  readonly lines: string[];
  nextLine(): Promise<string>;
  /** Resolves to the exit code or the signal when the process is gone and all its lines are here. */
  readonly ended: Promise<number | string>;
}

/** Runs `testing-child.ts` with a command; see there. */
export function startChild(
  context: TestContext,
  command: string[],
  { fileBlocksMax }: { fileBlocksMax?: number } = {},
): ChildStore {
  const script = new URL('./testing-child.ts', import.meta.url).pathname;
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', script, ...command];
  const limited = ['-c', `ulimit -f ${fileBlocksMax}; exec "$@"`, 'sh', ...node];
  const child =
    fileBlocksMax === undefined
      ? spawn(node[0]!, node.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] })
      : spawn('/bin/sh', limited, { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  let unread = 0;
  let unfinished = '';
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (unfinished + chunk).split('\n');
    unfinished = parts.pop()!;
    lines.push(...parts);
    while (waiting.length > 0 && unread < lines.length) waiting.shift()!(lines[unread++]!);
  });
  return {
    process: child,
    lines,
    nextLine: () =>
      unread < lines.length
        ? Promise.resolve(lines[unread++]!)
        : new Promise((resolve) => waiting.push(resolve)),
    ended: once(child, 'close').then(([code, signal]) => signal ?? code),
  };
}
