/** Logs for tests: entries as a runtime writes them, and what a reader must be shown of them, computed the plain way. */
import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Clock } from '../../lib/clock.ts';
import { type LogRequest, type LogSource, readLog } from './read-log.ts';

export interface TestEntry {
  /** Seconds after the start. */
  readonly second: number;
  readonly stream: 'stdout' | 'stderr';
  readonly isPartial: boolean;
  readonly content: string;
}

export const logStart = Date.UTC(2026, 0, 1);

const timeText = ({ second }: TestEntry): string => new Date(logStart + second * 1000).toISOString();

/** As containerd writes it: without zeros at the end of the fraction. */
export const entryText = (entry: TestEntry): string =>
  `${timeText(entry).replace('.000Z', 'Z')} ${entry.stream} ${entry.isPartial ? 'P' : 'F'} ${entry.content}\n`;

/** What is shown of these entries. */
export function shown(entries: readonly TestEntry[], request: LogRequest): Buffer {
  const { tailLines, since, stream, timestamps, limitBytes } = request;
  const last = tailLines === undefined ? entries : entries.slice(Math.max(0, entries.length - tailLines));
  let startsLine = true;
  let text = '';
  for (const entry of last) {
    if (since !== undefined && logStart + entry.second * 1000 < since) continue;
    if (stream !== undefined && stream !== entry.stream) continue;
    if (timestamps && startsLine) text += `${timeText(entry).replace('.000Z', '.000000000Z')} `;
    text += entry.isPartial ? entry.content : `${entry.content}\n`;
    startsLine = !entry.isPartial || entry.content === '';
  }
  const bytes = Buffer.from(text);
  return limitBytes === undefined ? bytes : bytes.subarray(0, limitBytes);
}

/** A clock on which every wait takes a turn of the event loop, and as long as it is to take. */
export function eagerClock(): Clock {
  let now = logStart;
  return {
    now: () => now,
    monotonic: () => now - logStart,
    after: (milliseconds, callback) => {
      const turn = setImmediate(() => {
        now += milliseconds;
        callback();
      });
      return () => clearImmediate(turn);
    },
  };
}

export interface TestLog {
  readonly path: string;
  write(text: string | Uint8Array): Promise<void>;
  /** Renames it and begins another one. */
  rotate(): Promise<void>;
  read(request: LogRequest, source?: Partial<LogSource>): Promise<Buffer>;
}

export async function makeTestLog(t: Pick<TestContext, 'after'>): Promise<TestLog> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-log-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, '0.log');
  await writeFile(file, '');
  let rotations = 0;
  return {
    path: file,
    write: (text) => appendFile(file, text),
    rotate: async () => {
      await rename(file, `${file}.20260101-${String(rotations++).padStart(6, '0')}`);
      await writeFile(file, '');
    },
    read: async (request, source = {}) => {
      const pieces: Buffer[] = [];
      await readLog(
        {
          path: file,
          clock: eagerClock(),
          isRunning: async () => false,
          signal: new AbortController().signal,
          write: async (bytes) => {
            pieces.push(bytes);
          },
          ...source,
        },
        request,
      );
      return Buffer.concat(pieces);
    },
  };
}
