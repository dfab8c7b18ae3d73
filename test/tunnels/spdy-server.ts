/** The answering side of SPDY/3.1, for fake kubelets: reads what Go's spdystream writes, compression and all. */
import type { Duplex } from 'node:stream';
import { constants, inflateSync } from 'node:zlib';
import { controlFrame, dataHead, FrameReader, frameTypes, words } from '../../src/lib/spdy/frames.ts';
import { HeaderWriter, parseHeaderBytes } from '../../src/lib/spdy/header-blocks.ts';

/** SPDY draft 3.1, 2.6.10.1: texts that both sides know; those of the first part each with its length before it. */
const dictionaryWords =
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow ' +
  'authorization cache-control connection content-base content-encoding content-language content-length ' +
  'content-location content-md5 content-range content-type date etag expect expires from host if-match ' +
  'if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma ' +
  'proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade ' +
  'user-agent vary via warning www-authenticate method get status';
const dictionaryTail =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative ' +
  'Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 ' +
  'Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec ' +
  '00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,' +
  'application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=' +
  'iso-8859-1,utf-,*,enq=0.';

const withLength = (text: string): Buffer => Buffer.concat([words(text.length), Buffer.from(text)]);

export const dictionary = Buffer.concat([
  ...[
    ...dictionaryWords.split(' '),
    '200 OK',
    'version',
    'HTTP/1.1',
    'url',
    'public',
    'set-cookie',
    'keep-alive',
    'origin',
  ].map(withLength),
  Buffer.from(dictionaryTail),
]);

/** All blocks of a direction are one compressed stream: the new part is what comes beyond the old. */
export class HeaderReader {
  #compressed = Buffer.alloc(0);
  #plainBytes = 0;

  read(block: Uint8Array): Map<string, string> {
    this.#compressed = Buffer.concat([this.#compressed, block]);
    const plain = inflateSync(this.#compressed, { dictionary, finishFlush: constants.Z_SYNC_FLUSH });
    const fresh = plain.subarray(this.#plainBytes);
    this.#plainBytes = plain.length;
    return parseHeaderBytes(fresh);
  }
}

export interface ServedStream {
  readonly id: number;
  readonly headers: ReadonlyMap<string, string>;
  /** Set by whoever serves. */
  onData: (bytes: Uint8Array) => void;
  onEnd: () => void;
  write(bytes: string | Uint8Array): boolean;
  end(): void;
}

/** Calls back for every stream that the other side opens. */
export function serveSpdy(connection: Duplex, onStream: (stream: ServedStream) => void): void {
  const reader = new HeaderReader();
  const writer = new HeaderWriter();
  const streams = new Map<number, ServedStream>();
  const frames = new FrameReader({
    onData(id, bytes, fin) {
      const stream = streams.get(id);
      if (bytes.length > 0) stream?.onData(bytes);
      if (fin) stream?.onEnd();
    },
    onControl(type, flags, body) {
      const bytes = Buffer.from(body);
      if (type === frameTypes.ping) connection.write(controlFrame(frameTypes.ping, 0, bytes));
      if (type === frameTypes.resetStream) streams.get(bytes.readUInt32BE(0))?.onEnd();
      if (type !== frameTypes.synStream) return;
      const id = bytes.readUInt32BE(0);
      const headers = reader.read(bytes.subarray(10));
      connection.write(controlFrame(frameTypes.synReply, 0, Buffer.concat([words(id), writer.write({})])));
      const stream = served(connection, id, headers);
      streams.set(id, stream);
      onStream(stream);
      if ((flags & 1) !== 0) stream.onEnd();
    },
  });
  connection.on('data', (chunk: Buffer) => frames.push(chunk));
  connection.on('error', () => {});
}

function served(connection: Duplex, id: number, headers: Map<string, string>): ServedStream {
  let ended = false;
  return {
    id,
    headers,
    onData: () => {},
    onEnd: () => {},
    write(data) {
      const bytes = Buffer.from(data);
      if (ended || !connection.writable) return true;
      connection.write(dataHead(id, bytes.length, false));
      return connection.write(bytes);
    },
    end() {
      if (!ended && connection.writable) connection.write(dataHead(id, 0, true));
      ended = true;
    },
  };
}
