import type { Writable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { responseBlockBytes } from '../limits.ts';

/** Upstream: defaultGzipContentEncodingLevel. Higher levels cost more time than they save. */
const gzipLevel = 1;

/**
 * Writes many or large chunks as blocks of about one size, the next one when the last is taken, so that a long LIST
 * neither stands in memory twice nor holds the event loop while it is encrypted.
 */
export function writeBlocks(
  chunks: readonly Uint8Array[],
  target: Writable,
  onProgress: () => void = () => {},
): void {
  const blocks = blocksOf(chunks);
  const writeOn = () => {
    onProgress();
    while (!target.destroyed) {
      const block = blocks.next();
      if (block.done) {
        target.end();
        return;
      }
      if (!target.write(block.value)) {
        target.once('drain', writeOn);
        return;
      }
    }
  };
  writeOn();
}

/** The same, compressed on zlib's threads. */
export function writeCompressed(
  chunks: readonly Uint8Array[],
  target: Writable,
  onProgress: () => void,
): void {
  const gzip = createGzip({ level: gzipLevel });
  target.once('close', () => gzip.destroy());
  gzip.on('error', () => target.destroy());
  gzip.pipe(target);
  writeBlocks(chunks, gzip, onProgress);
}

function* blocksOf(chunks: readonly Uint8Array[]): Generator<Uint8Array, void> {
  let gathered: Uint8Array[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    if (chunk.length >= responseBlockBytes) {
      if (bytes > 0) yield Buffer.concat(gathered, bytes);
      gathered = [];
      bytes = 0;
      for (let start = 0; start < chunk.length; start += responseBlockBytes)
        yield chunk.subarray(start, start + responseBlockBytes);
      continue;
    }
    gathered.push(chunk);
    bytes += chunk.length;
    if (bytes >= responseBlockBytes) {
      yield Buffer.concat(gathered, bytes);
      gathered = [];
      bytes = 0;
    }
  }
  if (bytes > 0) yield Buffer.concat(gathered, bytes);
}

/** Whether `accept-encoding` names gzip. Quality values are not weighed, as upstream does not. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  if (acceptEncoding === undefined) return false;
  return acceptEncoding.split(',').some((encoding) => encoding.split(';')[0]!.trim() === 'gzip');
}
