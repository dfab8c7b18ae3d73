/**
 * Reads a container's log, and follows it: across rotations and truncations, until the container has ended and all of it
 * was read. Source: ReadLogs of kubelet/kuberuntime/logs.
 */
import { type FSWatcher, watch } from 'node:fs';
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { type Clock, sleep } from '../../lib/clock.ts';
import { EntryParser } from './entry.ts';
import { logLimits } from './limits.ts';
import {
  errorCode,
  identityOf,
  isCompressed,
  isTemporary,
  type OpenLog,
  openLog,
  rotatedNames,
} from './log-file.ts';
import { LogOutput, type LogSelection } from './output.ts';
import { tailStart } from './tail.ts';
import { WakeUp } from './wake-up.ts';

export interface LogRequest extends LogSelection {
  /** Of the file: without, all of them. */
  readonly tailLines?: number;
  readonly follow?: boolean;
}

export interface LogSource {
  /** Absolute. */
  readonly path: string;
  readonly clock: Clock;
  /** Whether the container may still write: asked while the log is followed. */
  isRunning(): Promise<boolean>;
  /** Ends it at once. */
  readonly signal: AbortSignal;
  /** Resolves when there is room for more. A rejection ends the reading with it. */
  write(bytes: Buffer): Promise<void>;
}

/** Rejects with the system's error when the log cannot be read. */
export async function readLog(source: LogSource, request: LogRequest): Promise<void> {
  const log = await openLog(source.path);
  const { tailLines, follow = false } = request;
  const reader = new LogReader(source, log, {
    output: new LogOutput(request, follow || tailLines === undefined ? undefined : tailLines),
  });
  try {
    if (tailLines !== undefined) await reader.skipTo(tailLines);
    await (follow ? followLog(reader, source) : reader.readToEnd());
  } finally {
    await reader.close();
  }
}

class LogReader {
  readonly output: LogOutput;
  readonly #source: LogSource;
  readonly #parser: EntryParser;
  readonly #block = Buffer.alloc(logLimits.blockBytes);
  #log: OpenLog;
  #position = 0;

  constructor(source: LogSource, log: OpenLog, { output }: { output: LogOutput }) {
    this.#source = source;
    this.#log = log;
    this.output = output;
    this.#parser = new EntryParser(output);
  }

  get isOver(): boolean {
    return this.output.isComplete || this.#source.signal.aborted;
  }

  get identity(): string {
    return this.#log.identity;
  }

  get position(): number {
    return this.#position;
  }

  async skipTo(tailLines: number): Promise<void> {
    const { handle } = this.#log;
    this.#position = await tailStart(handle, (await handle.stat()).size, tailLines);
  }

  async readToEnd(): Promise<void> {
    while (!this.isOver) {
      const { bytesRead } = await this.#log.handle.read(this.#block, 0, this.#block.length, this.#position);
      if (bytesRead === 0) {
        const { size } = await this.#log.handle.stat();
        if (size >= this.#position) return;
        // Truncated: what is written now is new.
        this.#position = 0;
        this.#parser.reset();
        continue;
      }
      this.#position += bytesRead;
      this.#parser.push(this.#block.subarray(0, bytesRead));
      const bytes = this.output.take();
      if (bytes.length > 0) await this.#source.write(bytes);
    }
  }

  /** Goes on at the beginning of another file. */
  async turnTo(next: OpenLog): Promise<void> {
    const before = this.#log;
    this.#log = next;
    this.#position = 0;
    this.#parser.reset();
    await before.handle.close();
  }

  async close(): Promise<void> {
    await this.#log.handle.close();
  }
}

async function followLog(reader: LogReader, source: LogSource): Promise<void> {
  const { clock, signal } = source;
  const wakeUp = new WakeUp();
  const watcher = watchLog(source.path, () => wakeUp.call());
  let hasEnded = false;
  let nextCheck = clock.monotonic();
  try {
    await reader.readToEnd();
    while (!reader.isOver) {
      if (await turnToNext(reader, source, hasEnded)) continue;
      if (hasEnded) return;
      if (clock.monotonic() >= nextCheck) {
        hasEnded = !(await source.isRunning());
        nextCheck = clock.monotonic() + logLimits.followCheckMilliseconds;
      }
      if (!hasEnded) await wakeUp.wait(clock, nextCheck - clock.monotonic(), signal);
      await reader.readToEnd();
    }
  } finally {
    watcher?.close();
  }
}

/** Undefined where the machine has no watch to give: then it is looked at now and then. */
function watchLog(file: string, onChange: () => void): FSWatcher | undefined {
  const name = path.basename(file);
  try {
    // The folder, since the file is another one after it was rotated.
    const watcher = watch(path.dirname(file), (_, changed) => {
      if (changed === null || changed.startsWith(name)) onChange();
    });
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

/** When the log has another file by now: reads the rest of the old one and turns to the one after it. */
async function turnToNext(reader: LogReader, source: LogSource, hasEnded: boolean): Promise<boolean> {
  const current = await identityAt(source.path);
  if (current === undefined || current === reader.identity) return false;
  // The runtime opens the next file before it has written all of its last lines to the old one.
  let before: number;
  do {
    before = reader.position;
    if (!hasEnded) await sleep(source.clock, logLimits.rotationSettleMilliseconds, source.signal);
    await reader.readToEnd();
  } while (reader.position !== before && !reader.isOver);
  const next = await openNext(source.path, reader.identity);
  if (next === undefined) return false;
  await reader.turnTo(next);
  await reader.readToEnd();
  return true;
}

async function identityAt(file: string): Promise<string | undefined> {
  try {
    return identityOf(await lstat(file, { bigint: true }));
  } catch (failure) {
    if (errorCode(failure) === 'ENOENT') return undefined;
    throw failure;
  }
}

/** The file that was written after that one; a reader who is slow may be more than one behind. */
async function openNext(file: string, identity: string): Promise<OpenLog | undefined> {
  for (;;) {
    const names = await rotatedNames(file);
    const next = await openAfter(file, names, identity);
    // While it was opened, the current file may have become a rotated one, and another the current.
    const namesAfter = await rotatedNames(file);
    if (names.join() === namesAfter.join()) return next;
    await next?.handle.close();
  }
}

/** `names`: of the rotated files, the oldest first. */
async function openAfter(
  file: string,
  names: readonly string[],
  identity: string,
): Promise<OpenLog | undefined> {
  const folder = path.dirname(file);
  const readable = names.filter((name) => !isCompressed(name) && !isTemporary(name));
  const candidates = [...readable.map((name) => path.join(folder, name)), file];
  const identities = await Promise.all(candidates.map(identityAt));
  // When it is not among them it was compressed or removed by now: then it was older than all of these.
  const index = identities.indexOf(identity) + 1;
  const nextIndex = identities.findIndex((found, at) => at >= index && found !== undefined);
  if (nextIndex < 0) return undefined;
  try {
    return await openLog(candidates[nextIndex]!);
  } catch (failure) {
    if (errorCode(failure) === 'ENOENT') return undefined;
    throw failure;
  }
}
