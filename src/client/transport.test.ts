/** What every transport must do, for each of them; then what only TLS can get wrong. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ApiRequest, ApiResponse, Handler, Sink } from '../../test/client/contracts.ts';
import { serve, until } from '../../test/hostile/skin.ts';
import { makeTestTls, type TestTls } from '../../test/hostile/tls.ts';
import { systemClock } from '../lib/system.ts';
import { inProcessTransport } from './in-process.ts';
import { tlsTransport } from './tls.ts';
import {
  AbortedError,
  type BodyStream,
  type Transport,
  TransportError,
  type TransportResponse,
} from './transport.ts';

interface Rig {
  readonly transport: Transport;
  close(): Promise<void>;
}

let tls: TestTls;
before(async () => {
  tls = await makeTestTls();
});

const makers: Record<string, (handler: Handler) => Promise<Rig>> = {
  'in process': async (handler) => {
    const transport = inProcessTransport(handler, { user: { name: 'ada', groups: ['system:masters'] } });
    return { transport, close: () => transport.close() };
  },
  'over TLS': async (handler) => {
    const server = await serve(tls, handler);
    const transport = tlsTransport(targetOf(server.port), { clock: systemClock });
    return {
      transport,
      close: async () => {
        await transport.close();
        await server.drain();
      },
    };
  },
};

const targetOf = (port: number) => ({
  server: `https://127.0.0.1:${port}`,
  authority: tls.authority,
  certificate: tls.administrator.certificate,
  key: tls.administrator.key,
});

const text = (response: TransportResponse): string => Buffer.from(response.body as Uint8Array).toString();

/** Reads a stream to its end. */
function read(stream: BodyStream): { chunks: string[]; ended: Promise<Error | undefined> } {
  const chunks: string[] = [];
  const ended = new Promise<Error | undefined>((resolve) =>
    stream.open({ onChunk: (chunk) => chunks.push(Buffer.from(chunk).toString()), onEnd: resolve }),
  );
  return { chunks, ended };
}

/** A handler whose streams the test writes. */
function streaming(): { handler: Handler; sinks: Sink[]; stopped: () => number } {
  const sinks: Sink[] = [];
  let stopped = 0;
  const body = (sink: Sink) => {
    sinks.push(sink);
    return () => {
      stopped++;
    };
  };
  return { handler: async () => ({ status: 200, headers: {}, body }), sinks, stopped: () => stopped };
}

for (const [name, make] of Object.entries(makers))
  describe(`a transport ${name}`, () => {
    async function using(handler: Handler, use: (transport: Transport) => Promise<void>): Promise<void> {
      const rig = await make(handler);
      try {
        await use(rig.transport);
      } finally {
        await rig.close();
      }
    }

    test('carries method, URL, headers, body and who asks, and brings back status, headers and bytes', async () => {
      const asked: ApiRequest[] = [];
      const handler: Handler = async (request) => {
        asked.push(request);
        return { status: 201, headers: { 'x-told': 'yes' }, body: [Buffer.from('{"a":'), Buffer.from('1}')] };
      };
      await using(handler, async (transport) => {
        const response = await transport.send({
          method: 'POST',
          url: '/api/v1/things?x=%C3%A4&y',
          headers: { 'content-type': 'application/json', 'user-agent': 'test/1' },
          body: Buffer.from('{"ä":1}'),
        });
        assert.equal(response.status, 201);
        assert.equal(response.headers['x-told'], 'yes');
        assert.equal(text(response), '{"a":1}');
        const { method, url, headers, body, user } = asked[0]!;
        assert.deepEqual(
          { method, url, type: headers['content-type'], agent: headers['user-agent'], user: user?.name },
          {
            method: 'POST',
            url: '/api/v1/things?x=%C3%A4&y',
            type: 'application/json',
            agent: 'test/1',
            user: 'ada',
          },
        );
        assert.equal(Buffer.from(body).toString(), '{"ä":1}');
      });
    });

    test('an answer of any status is an answer, also to one who asked for a stream', async () => {
      const handler: Handler = async () => ({ status: 410, headers: {}, body: [Buffer.from('gone')] });
      await using(handler, async (transport) => {
        for (const stream of [false, true]) {
          const response = await transport.send({ method: 'GET', url: '/x', stream });
          assert.deepEqual([response.status, text(response)], [410, 'gone']);
        }
      });
    });

    test('many requests at once get each their own answer', async () => {
      const handler: Handler = async ({ url }) => ({ status: 200, headers: {}, body: [Buffer.from(url)] });
      await using(handler, async (transport) => {
        const urls = Array.from({ length: 300 }, (_, index) => `/item/${index}`);
        const answers = await Promise.all(urls.map((url) => transport.send({ method: 'GET', url })));
        assert.deepEqual(answers.map(text), urls);
      });
    });

    test('a stream hands on what is written, and its end', async () => {
      const { handler, sinks } = streaming();
      await using(handler, async (transport) => {
        const response = await transport.send({ method: 'GET', url: '/watch', stream: true });
        const { chunks, ended } = read(response.body as BodyStream);
        await until(() => sinks.length === 1);
        sinks[0]?.write(Buffer.from('one\n'));
        await until(() => chunks.length === 1);
        sinks[0]?.write(Buffer.from('two\n'));
        sinks[0]?.end();
        assert.equal(await ended, undefined);
        assert.equal(chunks.join(''), 'one\ntwo\n');
      });
    });

    test('a stream that is cancelled says nothing more, and the server hears of it', async () => {
      const { handler, sinks, stopped } = streaming();
      await using(handler, async (transport) => {
        const response = await transport.send({ method: 'GET', url: '/watch', stream: true });
        const stream = response.body as BodyStream;
        let said = 0;
        stream.open({ onChunk: () => said++, onEnd: () => said++ });
        await until(() => sinks.length === 1);
        stream.cancel();
        stream.cancel();
        await until(() => stopped() === 1);
        sinks[0]?.write(Buffer.from('late\n'));
        assert.equal(said, 0);
      });
    });

    test('an abort ends a stream with AbortedError', async () => {
      const { handler, sinks, stopped } = streaming();
      await using(handler, async (transport) => {
        const controller = new AbortController();
        const { signal } = controller;
        const response = await transport.send({ method: 'GET', url: '/watch', stream: true, signal });
        const { ended } = read(response.body as BodyStream);
        await until(() => sinks.length === 1);
        controller.abort();
        assert.ok((await ended) instanceof AbortedError);
        await until(() => stopped() === 1);
      });
    });

    test('an abort ends a request that is not answered, and one that has not begun', async () => {
      await using(
        () => new Promise<ApiResponse>(() => {}),
        async (transport) => {
          const controller = new AbortController();
          const { signal } = controller;
          const answer = transport.send({ method: 'GET', url: '/never', signal });
          setTimeout(() => controller.abort(), 20);
          await assert.rejects(answer, AbortedError);
          await assert.rejects(transport.send({ method: 'GET', url: '/never', signal }), AbortedError);
        },
      );
    });

    test('a reader that throws ends its own stream, not the transport', async () => {
      const { handler, sinks } = streaming();
      await using(handler, async (transport) => {
        const response = await transport.send({ method: 'GET', url: '/watch', stream: true });
        const ended = new Promise<Error | undefined>((resolve) =>
          (response.body as BodyStream).open({
            onChunk: () => {
              throw new Error('cannot read');
            },
            onEnd: resolve,
          }),
        );
        await until(() => sinks.length === 1);
        sinks[0]?.write(Buffer.from('x\n'));
        assert.ok((await ended) instanceof TransportError);
        assert.equal((await transport.send({ method: 'GET', url: '/y', stream: true })).status, 200);
      });
    });

    test('closing ends streams with an error and refuses requests', async () => {
      const { handler, sinks } = streaming();
      await using(handler, async (transport) => {
        const response = await transport.send({ method: 'GET', url: '/watch', stream: true });
        const { ended } = read(response.body as BodyStream);
        await until(() => sinks.length === 1);
        await transport.close();
        assert.ok((await ended) instanceof TransportError);
        await assert.rejects(transport.send({ method: 'GET', url: '/x' }), TransportError);
      });
    });
  });

describe('a connection over TLS', () => {
  const answering: Handler = async () => ({ status: 200, headers: {}, body: [Buffer.from('here')] });

  test('is opened anew after the server went and came back; a watch on it ends with an error', async () => {
    const { handler, sinks } = streaming();
    const first = await serve(tls, handler);
    const { port } = first;
    const transport = tlsTransport(targetOf(port), { clock: systemClock });
    after(() => transport.close());
    const response = await transport.send({ method: 'GET', url: '/watch', stream: true });
    const { ended } = read(response.body as BodyStream);
    await until(() => sinks.length === 1);
    await first.drain();
    await ended;
    await assert.rejects(transport.send({ method: 'GET', url: '/x' }), TransportError);
    const second = await serve(tls, answering, {}, port);
    after(() => second.drain());
    assert.equal(text(await transport.send({ method: 'GET', url: '/x' })), 'here');
  });

  test('to a server of an unknown authority is refused', async () => {
    const server = await serve(tls, answering);
    after(() => server.drain());
    const stranger = await makeTestTls();
    const transport = tlsTransport(
      { ...targetOf(server.port), authority: stranger.authority },
      { clock: systemClock },
    );
    after(() => transport.close());
    await assert.rejects(
      transport.send({ method: 'GET', url: '/x' }),
      (error) =>
        error instanceof TransportError && /GET \/x got no answer: .*certificate/.test(error.message),
    );
  });

  test('that is never made is given up', async () => {
    const { createServer } = await import('node:net');
    const { createManualClock } = await import('../lib/manual-clock.ts');
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    after(() => silent.close());
    const clock = createManualClock();
    const { port } = silent.address() as { port: number };
    const transport = tlsTransport(targetOf(port), { clock });
    const answer = transport.send({ method: 'GET', url: '/x' });
    clock.advance(10_000);
    await assert.rejects(answer, /did not answer within 10000 ms/);
    await transport.close();
  });

  test('that is dead is given up when a ping stays without answer, and its watches end', async () => {
    const { connect, createServer } = await import('node:net');
    const { createManualClock } = await import('../lib/manual-clock.ts');
    const { handler, sinks } = streaming();
    const server = await serve(tls, handler);
    after(() => server.drain());
    // A cable between the two, that can be cut without either noticing.
    let isCut = false;
    let carried = 0;
    const cable = createServer((near) => {
      const far = connect(server.port, '127.0.0.1');
      const carry = (from: typeof near, to: typeof near) => {
        from.on('data', (chunk) => {
          carried++;
          if (!isCut) to.write(chunk);
        });
        from.on('error', () => {});
        from.on('close', () => to.destroy());
      };
      carry(near, far);
      carry(far, near);
    });
    await new Promise<void>((resolve) => cable.listen(0, '127.0.0.1', resolve));
    after(() => cable.close());
    const clock = createManualClock();
    const transport = tlsTransport(targetOf((cable.address() as { port: number }).port), { clock });
    after(() => transport.close());
    const response = await transport.send({ method: 'GET', url: '/watch', stream: true });
    const { ended } = read(response.body as BodyStream);
    await until(() => sinks.length === 1);
    // A ping that is answered keeps it.
    let before = carried;
    clock.advance(30_000);
    await until(() => carried >= before + 2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    isCut = true;
    before = carried;
    clock.advance(30_000);
    await until(() => carried > before);
    clock.advance(15_000);
    const error = await ended;
    assert.ok(error instanceof TransportError);
    assert.match(error.message, /does not answer pings/);
  });
});
