/** HTTP/2 frame by frame. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { askHttp2, http2Session } from '../../../test/hostile/clients.ts';
import { frame, frameTypes, readFrames, requestHeaders } from '../../../test/hostile/frames.ts';
import { serveImpatiently } from '../../../test/hostile/skin.ts';
import { makeTestTls, rawConnect, type TestTls } from '../../../test/hostile/tls.ts';
import { concurrentStreamsMax, headerBytesMax, streamResetsBurst } from '../limits.ts';
import type { HttpServer } from './server.ts';

let tls: TestTls;
let server: HttpServer;
let handled: string[];
before(async () => {
  tls = await makeTestTls();
  ({ server, handled } = await serveImpatiently(tls));
});
after(() => server.drain());

const target = () => ({ port: server.port, authority: tls.authority, client: tls.administrator });

describe('HTTP/2 floods', () => {
  /** Sends frames and waits for the server to close the connection; true when it did. */
  async function flood(frames: Iterable<Uint8Array>): Promise<boolean> {
    const socket = await rawConnect({ ...target(), protocol: 'h2' });
    let closed = false;
    socket.on('close', () => {
      closed = true;
    });
    socket.resume();
    socket.write(
      Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(frameTypes.settings, 0, 0)]),
    );
    for (const bytes of frames) {
      if (closed) break;
      if (!socket.write(bytes)) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    for (let attempt = 0; !closed && attempt < 3000; attempt++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    socket.destroy();
    return closed;
  }

  function* repeat(count: number, make: (index: number) => Uint8Array): Generator<Uint8Array> {
    for (let index = 0; index < count; index += 100)
      yield Buffer.concat(
        Array.from({ length: Math.min(100, count - index) }, (_, more) => make(index + more)),
      );
  }

  const endHeaders = 0x4;
  const endStream = 0x1;
  const floods: Record<string, () => Iterable<Uint8Array>> = {
    'streams opened and reset (CVE-2023-44487)': () =>
      repeat(streamResetsBurst * 3, (index) =>
        Buffer.concat([
          frame(frameTypes.headers, endHeaders | endStream, index * 2 + 1, requestHeaders('/x')),
          frame(frameTypes.resetStream, 0, index * 2 + 1, Buffer.alloc(4)),
        ]),
      ),
    'headers without an end (CVE-2024-27316)': function* () {
      yield frame(frameTypes.headers, 0, 1, requestHeaders('/x'));
      yield* repeat(20_000, () =>
        frame(frameTypes.continuation, 0, 1, Buffer.from([0x40, 1, 0x61, 1, 0x61])),
      );
    },
    'frames that are not allowed': () =>
      repeat(5000, (index) => frame(frameTypes.data, 0, index * 2 + 1, Buffer.from('x'))),
    'a frame larger than agreed': () => [frame(frameTypes.data, 0, 1, Buffer.alloc(1 << 20))],
    'compressed headers that are rubbish': () => [
      frame(frameTypes.headers, endHeaders | endStream, 1, Buffer.alloc(100, 0xff)),
    ],
  };
  for (const [name, frames] of Object.entries(floods))
    test(`the connection ends: ${name}`, async () => assert.equal(await flood(frames()), true));

  test('no more streams are open at one time than allowed', async () => {
    const socket = await rawConnect({ ...target(), protocol: 'h2' });
    const received = readFrames(socket);
    socket.write(
      Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(frameTypes.settings, 0, 0)]),
    );
    for (let index = 0; index < concurrentStreamsMax + 20; index++)
      socket.write(
        frame(frameTypes.headers, endHeaders | endStream, index * 2 + 1, requestHeaders('/never')),
      );
    const refusedStreams = () => received.filter(({ type }) => type === frameTypes.resetStream).length;
    for (let attempt = 0; refusedStreams() < 20 && attempt < 6000; attempt++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(refusedStreams(), 20);
    assert.ok(server.open().requests <= concurrentStreamsMax);
    socket.destroy();
  });

  test('header fields beyond the limit do not reach the handler', async () => {
    const session = http2Session(target());
    handled.length = 0;
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`x-${index}`, 'a']));
    await assert.rejects(askHttp2(session, { path: '/x', headers: many }));
    await assert.rejects(askHttp2(session, { path: '/x', headers: { a: 'a'.repeat(headerBytesMax + 1) } }));
    assert.deepEqual(handled, []);
    session.destroy();
  });

  test('a connection that never shakes hands is cut', async () => {
    const { connect } = await import('node:net');
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {}).resume();
    const start = performance.now();
    await new Promise((resolve) => socket.once('close', resolve));
    assert.ok(performance.now() - start < 30_000);
  });

  test('after all that, the server answers', async () => {
    const session = http2Session(target());
    assert.equal((await askHttp2(session, { path: '/x' })).status, 200);
    session.close();
  });
});
