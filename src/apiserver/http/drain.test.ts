/** Streams over the wire, clients that leave them, and the end of a server. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { http2Session } from '../../../test/hostile/clients.ts';
import { ask, protocols, serve, until } from '../../../test/hostile/skin.ts';
import { makeTestTls, rawConnect, type TestTls } from '../../../test/hostile/tls.ts';
import type { ApiRequest, ApiResponse, Handler, Sink } from '../request.ts';

let tls: TestTls;
before(async () => {
  tls = await makeTestTls();
});

const text = (status: number, body: string): ApiResponse => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body: [Buffer.from(body)],
});

interface Stream {
  sink: Sink;
  stopped: number;
  request: ApiRequest;
}

/** A handler that streams, and what it has been asked for. */
function streaming(): { handler: Handler; streams: Stream[] } {
  const streams: Stream[] = [];
  const handler: Handler = async (request) => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: (sink) => {
      const stream: Stream = { sink, stopped: 0, request };
      streams.push(stream);
      sink.write(Buffer.from('first\n'));
      return () => {
        stream.stopped++;
      };
    },
  });
  return { handler, streams };
}

for (const protocol of protocols) {
  describe(`${protocol} streams`, () => {
    test('what is written arrives in order, and the end ends it', async () => {
      const { handler, streams } = streaming();
      const server = await serve(tls, handler);
      const answer = ask(protocol, { tls, server }, { path: '/watch' });
      await until(() => streams.length === 1);
      for (let index = 0; index < 1000; index++) streams[0]!.sink.write(Buffer.from(`${index}\n`));
      streams[0]!.sink.end();
      streams[0]!.sink.write(Buffer.from('too late'));
      const expected = `first\n${Array.from({ length: 1000 }, (_, index) => `${index}\n`).join('')}`;
      assert.equal((await answer).body.toString(), expected);
      await until(() => streams[0]!.stopped === 1);
      await server.drain();
      assert.equal(streams[0]!.stopped, 1);
    });

    test('a client that goes stops the stream and aborts the signal', async () => {
      const { handler, streams } = streaming();
      const server = await serve(tls, handler);
      const target = { port: server.port, authority: tls.authority };
      const leave =
        protocol === 'HTTP/2'
          ? (() => {
              const session = http2Session(target);
              session.request({ ':path': '/watch' }).on('error', () => {});
              return () => session.destroy();
            })()
          : await (async () => {
              const socket = await rawConnect(target);
              socket.write('GET /watch HTTP/1.1\r\nHost: x\r\n\r\n');
              return () => socket.destroy();
            })();
      await until(() => streams.length === 1);
      const { signal } = streams[0]!.request;
      assert.equal(signal.aborted, false);
      leave();
      await until(() => streams[0]!.stopped === 1);
      assert.equal(signal.aborted, true);
      await until(() => server.open().connections === 0);
      await server.drain();
      assert.equal(streams[0]!.stopped, 1);
    });

    test('draining ends streams, and lets requests finish', async () => {
      const { handler, streams } = streaming();
      let finish = () => {};
      const slow = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const server = await serve(tls, async (request) => {
        if (request.url !== '/slow') return handler(request);
        await slow;
        return text(200, 'done');
      });
      const watch = ask(protocol, { tls, server }, { path: '/watch' });
      const request = ask(protocol, { tls, server }, { path: '/slow' });
      await until(() => streams.length === 1 && server.open().requests === 2);
      const drained = server.drain();
      assert.equal((await watch).body.toString(), 'first\n');
      assert.equal(streams[0]!.stopped, 1);
      finish();
      assert.equal((await request).body.toString(), 'done');
      await drained;
      await assert.rejects(ask(protocol, { tls, server }, { path: '/x' }));
    });

    test('draining cuts what does not finish in time', async () => {
      const server = await serve(tls, () => new Promise<ApiResponse>(() => {}), { drainMilliseconds: 50 });
      const request = ask(protocol, { tls, server }, { path: '/never' });
      request.catch(() => {});
      await until(() => server.open().requests === 1);
      await server.drain();
      await assert.rejects(request);
      assert.deepEqual(server.open(), { connections: 0, requests: 0 });
    });

    test('a client that reads nothing is seen in pendingBytes', async () => {
      const { handler, streams } = streaming();
      const server = await serve(tls, handler);

      const target = { port: server.port, authority: tls.authority };
      const session = protocol === 'HTTP/2' ? http2Session(target) : undefined;
      const stream = session?.request({ ':path': '/watch' });
      stream?.on('error', () => {}).pause();
      const socket = session === undefined ? await rawConnect(target) : undefined;
      socket?.pause();
      socket?.write('GET /watch HTTP/1.1\r\nHost: x\r\n\r\n');
      await until(() => streams.length === 1);
      const chunk = Buffer.alloc(64 * 1024);
      for (let index = 0; index < 256; index++) {
        streams[0]!.sink.write(chunk);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
      // 16 MiB were written; what sockets and windows hold is far less than half of it.
      assert.ok(streams[0]!.sink.pendingBytes() > 8 * 1024 * 1024, String(streams[0]!.sink.pendingBytes()));
      session?.destroy();
      socket?.destroy();
      await until(() => streams[0]!.stopped === 1);
      assert.equal(streams[0]!.sink.pendingBytes(), 0);
      await server.drain();
    });
  });
}
