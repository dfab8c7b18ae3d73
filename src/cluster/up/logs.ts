/** The end of a log, for the message when something failed. */
import { open } from 'node:fs/promises';
import { olderLog } from '../../lib/bounded-log.ts';
import { upLimits } from './limits.ts';

/** Its last lines, indented; says so when there are none. */
export async function logEnd(file: string): Promise<string> {
  // It may have begun anew just before.
  const texts = [olderLog(file), file].map((each) => tailOf(each).catch(() => ''));
  // Where in our code it was says nothing to a person; it stands in the file.
  const lines = (await Promise.all(texts))
    .flatMap((text) => text.split('\n'))
    .filter((line) => line !== '' && !/^ +at /.test(line));
  const shown = lines.slice(-upLimits.logLines).map((line) => `    ${line.slice(0, 300)}`);
  return shown.length === 0 ? `nothing is in ${file}` : `the end of ${file}:\n${shown.join('\n')}`;
}

async function tailOf(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, upLimits.logBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead).toString();
  } finally {
    await handle.close();
  }
}
