/** Against Node's own HTTP/2, without TLS. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { FrameParser, preface, requestFrames } from '../bench/api/frames.ts';
import type { WireRequest } from '../bench/api/wire.ts';

const isBodyless = (status: number): boolean => status === 204 || status === 304;

/** Answers with the status that the path names, and the method, path, type and body of the request. */
async function echo(stream: ServerHttp2Stream, headers: Record<string, unknown>): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const seen = [headers[':method'], headers[':path'], headers['content-type'], Buffer.concat(chunks)];
  const status = Number(String(headers[':path']).split('/').pop());
  stream.respond({ ':status': status }, { endStream: isBodyless(status) });
  if (!isBodyless(status)) stream.end(seen.join(' '));
}

/** What the server answers, read in pieces of `pieceBytes`. */
async function answersTo(requests: readonly WireRequest[], pieceBytes: number) {
  const server = createServer().listen(0, '127.0.0.1');
  server.on('stream', (stream, headers) => void echo(stream as ServerHttp2Stream, headers));
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const statuses = new Map<number, number>();
  const texts = new Map<number, string>();
  let open = requests.length;
  const parser = new FrameParser({
    onStatus: (stream, status) => statuses.set(stream, status),
    onData: (stream, payload) => texts.set(stream, (texts.get(stream) ?? '') + payload.toString()),
    onEnd: () => {
      if (--open === 0) socket.end();
    },
    onWindow: () => {},
    onReply: (frames) => socket.write(frames),
  });
  try {
    socket.write(
      Buffer.concat([preface, ...requests.map((each, index) => requestFrames(each, 2 * index + 1))]),
    );
    for await (const chunk of socket as AsyncIterable<Buffer>)
      for (let at = 0; at < chunk.length; at += pieceBytes) parser.push(chunk.subarray(at, at + pieceBytes));
    return requests.map((_, index) => [statuses.get(2 * index + 1), texts.get(2 * index + 1)]);
  } finally {
    socket.destroy();
    server.close();
  }
}

const statuses = [200, 201, 202, 204, 226, 304, 400, 403, 404, 409, 422, 429, 456, 500, 503, 599, 378];
const long = 'x'.repeat(300);

const requests: WireRequest[] = statuses.flatMap((status) => [
  { method: 'GET', path: `/${status}` },
  {
    method: 'POST',
    path: `/${long}/${status}`,
    contentType: 'application/json',
    body: `{"of":"${status}ä"}`,
  },
]);

for (const pieceBytes of [1, 10, 65_536])
  test(`requests arrive and answers are read, in pieces of ${pieceBytes}`, async () => {
    const wanted = requests.map(({ method, path, contentType = '', body = '' }) => {
      const status = Number(path.split('/').pop());
      return [status, isBodyless(status) ? undefined : [method, path, contentType, body].join(' ')];
    });
    assert.deepEqual(await answersTo(requests, pieceBytes), wanted);
  });

test('a body that does not go into one frame is refused', () => {
  const request = { method: 'POST', path: '/', body: 'x'.repeat(16_385) };
  assert.throws(() => requestFrames(request, 1), RangeError);
});

test('the server may go on sending before it has sent all it may', () => {
  const replies: string[] = [];
  let bytes = 0;
  const ignored = () => {};
  const parser = new FrameParser({
    ...{ onStatus: ignored, onEnd: ignored, onWindow: ignored },
    onData: (_, payload) => {
      bytes += payload.length;
    },
    onReply: (frames) => replies.push(frames.toString('hex')),
  });
  const data = Buffer.alloc(9 + 16_384);
  data.set([0, 0x40, 0, 0, 0, 0, 0, 0, 1]);
  for (let sent = 0; sent < 2 ** 30 - 16_384; sent += 16_384) parser.push(data);
  assert.deepEqual(replies, []);
  parser.push(data);
  assert.equal(bytes, 2 ** 30);
  // A WINDOW_UPDATE of so many bytes for the connection.
  assert.deepEqual(replies, ['0000040800000000' + '00' + '40000000']);
});
