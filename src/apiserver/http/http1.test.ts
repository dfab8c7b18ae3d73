/** Byte by byte: what no honest client sends, and clients that are slow. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { askHttp2, http2Session } from '../../../test/hostile/clients.ts';
import { answersOf, post, rawCases } from '../../../test/hostile/raw-cases.ts';
import { serve, serveImpatiently } from '../../../test/hostile/skin.ts';
import { makeTestTls, rawConnect, rawExchange, readAll, type TestTls } from '../../../test/hostile/tls.ts';
import type { Sink } from '../request.ts';
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

describe('HTTP/1.1 that is not well-formed', () => {
  for (const [name, { bytes, code, message }] of Object.entries(rawCases))
    test(`${name} is answered with ${code}`, async () => {
      handled.length = 0;
      const reply = answersOf(await rawExchange(target(), bytes, 3000));
      assert.deepEqual(
        reply.map((each) => ({ code: each.code, message: each.message })),
        [{ code, message }],
      );
      assert.deepEqual(handled, []);
    });

  test('nothing follows an answer that stands already', async () => {
    const reply = await rawExchange(target(), 'GET /a HTTP/1.1\r\nHost: x\r\n\r\nrubbish\r\n\r\n', 3000);
    assert.ok(answersOf(reply).length <= 2);
    assert.doesNotMatch(reply, /at .*\.ts/);
  });

  test('nothing is put into an answer that is being streamed, whatever waits behind it', async () => {
    const streaming = await serve(tls, async ({ url }) => {
      if (url === '/waits') return new Promise(() => {});
      const body = (sink: Sink) => {
        sink.write(Buffer.from('first'));
        return () => {};
      };
      return { status: 200, headers: {}, body };
    });
    const socket = await rawConnect({ ...target(), port: streaming.port });
    socket.write('GET /stream HTTP/1.1\r\nHost: x\r\n\r\nGET /waits HTTP/1.1\r\nHost: x\r\n\r\n');
    const first = String((await once(socket, 'data'))[0]);
    const rest = readAll(socket, 60_000);
    socket.write('rubbish\r\n\r\n');
    const reply = first + (await rest);
    await streaming.drain();
    assert.deepEqual(reply.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200']);
  });

  test('requests behind each other are answered in order', async () => {
    const one = 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab';
    const last = 'GET https://elsewhere/b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const reply = answersOf(await rawExchange(target(), one + one + last));
    assert.deepEqual(
      reply.map(({ code, message }) => [code, message]),
      [
        [200, 'POST 2'],
        [200, 'POST 2'],
        [200, 'GET 0'],
      ],
    );
  });

  test('an upgrade is not taken up', async () => {
    const reply = await rawExchange(
      target(),
      'GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n',
      3000,
    );
    assert.equal(answersOf(reply)[0]?.code, 200);
  });
});

describe('clients that are slow', () => {
  const slow: Record<string, { bytes: string; code: number | undefined }> = {
    'headers that do not end': { bytes: 'GET / HTTP/1.1\r\nHost: x\r\nA: ', code: 408 },
    'a body that does not end': { bytes: post('Content-Length: 100\r\n', 'abc'), code: 408 },
    'chunks that do not end': { bytes: post('Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n'), code: 408 },
    'a handler that does not answer': {
      bytes: 'GET /never HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      code: 504,
    },
  };
  for (const [name, { bytes, code }] of Object.entries(slow))
    test(`${name}: ${code}, and the connection ends`, async () => {
      const start = performance.now();
      const reply = answersOf(await rawExchange(target(), bytes, 60_000));
      assert.deepEqual(
        reply.map((each) => each.code),
        code === undefined ? [] : [code],
      );
      assert.ok(performance.now() - start < 30_000, 'the connection stayed open');
    });

  test('over HTTP/2 only the stream ends', async () => {
    const session = http2Session(target());
    const stream = session.request({ ':method': 'POST', ':path': '/x' });
    stream.write('abc');
    const status = await new Promise((resolve) => stream.on('response', (head) => resolve(head[':status'])));
    assert.equal(status, 408);
    stream.on('error', () => {});
    assert.equal((await askHttp2(session, { path: '/never' })).status, 504);
    assert.equal((await askHttp2(session, { path: '/x' })).status, 200);
    session.close();
  });

  test('a body dropped half-way is let go', async () => {
    const socket = await rawConnect(target());
    socket.write(post('Content-Length: 100\r\n', 'abc'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    for (let attempt = 0; server.open().requests > 0 && attempt < 6000; attempt++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(server.open().requests, 0);
  });

  for (const protocol of ['http/1.1', 'h2'] as const)
    test(`an answer that is not read is cut off over ${protocol}`, async () => {
      const session = protocol === 'h2' ? http2Session(target()) : undefined;
      const stream = session?.request({ ':path': '/endless' });
      stream?.on('error', () => {}).pause();
      const socket = session === undefined ? await rawConnect(target()) : undefined;
      socket?.pause();
      socket?.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n');
      const start = performance.now();
      while (server.open().requests === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      while (server.open().requests > 0 && performance.now() - start < 30_000)
        await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(server.open().requests, 0);
      session?.destroy();
      socket?.destroy();
    });

  test('an idle connection is closed', async () => {
    const idle = await rawConnect(target());
    const session = http2Session(target());
    await askHttp2(session, { path: '/x' });
    const start = performance.now();
    await Promise.all([readAll(idle, 60_000), new Promise((resolve) => session.once('close', resolve))]);
    assert.ok(performance.now() - start < 30_000);
  });
});
