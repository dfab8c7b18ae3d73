/** Where the last lines of a file begin, found from its end. Source: FindTailLineStartIndex of pkg/util/tail. */
import type { FileHandle } from 'node:fs/promises';
import { logLimits } from './limits.ts';

const newline = 0x0a;

/**
 * The offset behind which there are `lines` whole lines, and what stands behind the last newline. As upstream, what is
 * counted are lines of the file: one of the container's that is longer than the runtime writes at once is several.
 */
export async function tailStart(file: FileHandle, size: number, lines: number): Promise<number> {
  const block = Buffer.alloc(Math.min(size, logLimits.blockBytes));
  let found = 0;
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - block.length);
    const bytes = await readFully(file, block.subarray(0, end - start), start);
    for (
      let at = bytes.lastIndexOf(newline);
      at >= 0;
      at = at === 0 ? -1 : bytes.lastIndexOf(newline, at - 1)
    )
      if (++found > lines) return start + at + 1;
    end = start;
  }
  return 0;
}

/** As many of them as the file has: it may have been truncated. */
async function readFully(file: FileHandle, into: Buffer, position: number): Promise<Buffer> {
  let filled = 0;
  while (filled < into.length) {
    const { bytesRead } = await file.read(into, filled, into.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return into.subarray(0, filled);
}
