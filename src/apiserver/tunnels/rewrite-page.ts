/** A whole page with its links rewritten, in the encoding that it came in. */
import type { IncomingMessage } from 'node:http';
import { deflateRawSync, gunzipSync, gzipSync, inflateRawSync } from 'node:zlib';
import { rewrittenPageBytesMax } from './limits.ts';
import { type Rewriting, rewriteHtml } from './rewrite.ts';

interface Coding {
  readonly decode: (bytes: Buffer) => Buffer;
  readonly encode: (bytes: Buffer) => Buffer;
}

const bounds = { maxOutputLength: rewrittenPageBytesMax };

const codings: Readonly<Record<string, Coding>> = {
  '': { decode: (bytes) => bytes, encode: (bytes) => bytes },
  gzip: { decode: (bytes) => gunzipSync(bytes, bounds), encode: (bytes) => gzipSync(bytes) },
  deflate: { decode: (bytes) => inflateRawSync(bytes, bounds), encode: (bytes) => deflateRawSync(bytes) },
};

/**
 * Undefined: the page is to go out as it comes, being too long, or in an encoding that is not understood; nothing of
 * `message` is lost then. Rejects when it ends too early.
 */
export async function rewritePage(
  message: IncomingMessage,
  rewriting: Rewriting,
): Promise<Buffer | undefined> {
  const name = message.headers['content-encoding'] ?? '';
  const coding = Object.hasOwn(codings, name) ? codings[name] : undefined;
  if (coding === undefined) return undefined;
  const bytes = await gather(message);
  if (bytes === undefined) return undefined;
  try {
    const page = coding.decode(bytes).toString('latin1');
    return coding.encode(Buffer.from(rewriteHtml(page, rewriting), 'latin1'));
  } catch {
    // Not what its header says, or longer than it seemed: the client may make of it what it can.
    return bytes;
  }
}

/** Everything, or undefined with all of it put back when it is too much. */
function gather(message: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = () => {
      message.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
    };
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes <= rewrittenPageBytesMax) return;
      finish();
      message.pause();
      message.unshift(Buffer.concat(chunks));
      resolve(undefined);
    };
    const onEnd = () => {
      finish();
      resolve(Buffer.concat(chunks));
    };
    const onError = (error: Error) => {
      finish();
      reject(error);
    };
    const onClose = () => onError(new Error('the page ended too early'));
    message.on('data', onData).once('end', onEnd).once('error', onError).once('close', onClose);
    if (message.destroyed && !message.readableEnded) onClose();
  });
}
