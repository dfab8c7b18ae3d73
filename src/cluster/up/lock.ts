/** Only one `up` or `down` of a cluster at a time. */
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { UserError } from '../../lib/errors.ts';
import { removeIfEmpty } from './delete-data.ts';
import { upLimits } from './limits.ts';
import { identify, isRunning, type ProcessIdentity } from './processes.ts';

/** Runs it while nobody else does; waits for one that is under way. Throws BUSY when that takes too long. */
export async function withLock<Value>(dataDirectory: string, run: () => Promise<Value>): Promise<Value> {
  const file = path.join(dataDirectory, 'up.lock');
  // Anew each time: whoever had the lock may have taken the directory away, since nothing was in it.
  const make = () => mkdir(dataDirectory, { recursive: true, mode: 0o711 });
  let made = await make();
  const deadline = performance.now() + upLimits.lockMilliseconds;
  while (!(await takeLock(file))) {
    if (performance.now() > deadline)
      throw new UserError(
        'BUSY',
        `another \`wherry up\` or \`down\` works on ${dataDirectory} (process ${holderOf(await readFile(file, 'utf8').catch(() => ''))?.pid ?? 'unknown'}); wait for it or end it`,
      );
    await wait(upLimits.pollMilliseconds);
    made = (await make()) ?? made;
  }
  try {
    return await run();
  } finally {
    await rm(file, { force: true });
    // Where nothing came of it nothing is left either.
    if (made !== undefined) await removeIfEmpty(dataDirectory);
  }
}

async function takeLock(file: string): Promise<boolean> {
  const own = `${file}.${process.pid}-${process.hrtime.bigint()}`;
  try {
    await writeFile(own, JSON.stringify(await identify(process.pid)), { mode: 0o600 });
    // Whole or not at all, and only one comes first.
    await link(own, file);
    return true;
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    if (code !== 'EEXIST') throw failure;
  } finally {
    await rm(own, { force: true });
  }
  const text = await readFile(file, 'utf8').catch(() => '');
  if (text !== '' && !(await isRunning(holderOf(text)))) await removeStale(file, text);
  return false;
}

/** Somebody else may have removed it first, and have one of their own there now: that is put back. */
async function removeStale(file: string, text: string): Promise<void> {
  const aside = `${file}.${process.pid}-${process.hrtime.bigint()}`;
  try {
    await rename(file, aside);
    if ((await readFile(aside, 'utf8')) !== text) await link(aside, file);
  } catch {
    // It is gone, or there is a new one already.
  } finally {
    await rm(aside, { force: true });
  }
}

function holderOf(text: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(text) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
