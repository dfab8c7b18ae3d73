/** The end of a container's log, for those that fail without last words of their own. */
import { kubeletLimits } from '../limits.ts';
import { openLog } from '../logs/log-file.ts';

/** The runtime writes `<time> <stream> <P|F> <text>`; P is a line that goes on in the next. */
function textOf(line: string): string {
  const match = /^\S+ \S+ ([PF])\S* (.*)$/s.exec(line);
  if (match === null) return '';
  return match[1] === 'P' ? (match[2] as string) : `${match[2]}\n`;
}

/** At most so many lines and bytes as upstream shows. */
export function tailOf(log: string): string {
  const lines = log.split('\n').filter((line) => line !== '');
  const text = lines.slice(-kubeletLimits.terminationMessageLogLinesMax).map(textOf).join('');
  return Buffer.from(text).subarray(-kubeletLimits.terminationMessageLogBytesMax).toString('utf8');
}

/** Enough of the file that its last lines are among it. */
const readBytesMax = 64 * 1024;

/** Empty when there is no such log. */
export async function readLogTail(file: string): Promise<string> {
  const log = await openLog(file).catch(() => undefined);
  if (log === undefined) return '';
  const { handle } = log;
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - readBytesMax);
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
    const text = buffer.subarray(0, bytesRead).toString('utf8');
    return tailOf(start === 0 ? text : text.slice(text.indexOf('\n') + 1));
  } finally {
    await handle.close();
  }
}
