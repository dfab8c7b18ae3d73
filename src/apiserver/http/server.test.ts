import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import type { Asked } from '../../../test/hostile/clients.ts';
import { ask, protocols, serve } from '../../../test/hostile/skin.ts';
import { makeTestTls, type TestTls } from '../../../test/hostile/tls.ts';
import { silentLogger } from '../../lib/log.ts';
import { systemClock } from '../../lib/system.ts';
import type { ApiRequest, ApiResponse, Handler } from '../request.ts';
import { type HttpServer, startHttpServer } from './server.ts';

let tls: TestTls;

/** The user of the authority's certificate, and which certificate that is. */
const administrator = () => ({
  name: 'ada',
  groups: ['system:masters', 'system:authenticated'],
  extra: {
    'authentication.kubernetes.io/credential-id': [
      `X509SHA256=${new X509Certificate(tls.administrator.certificate).fingerprint256.replaceAll(':', '').toLowerCase()}`,
    ],
  },
});
before(async () => {
  tls = await makeTestTls();
});

type KeyPair = TestTls['administrator'];

const text = (status: number, body: string): ApiResponse => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body: [Buffer.from(body)],
});

/** Answers with what it was asked. */
const echo: Handler = async (request) =>
  text(
    200,
    JSON.stringify({
      method: request.method,
      url: request.url,
      user: request.user,
      accept: request.headers.accept,
      body: Buffer.from(request.body).toString(),
    }),
  );

const large = Array.from({ length: 5000 }, (_, index) => Buffer.from(`${index} `.repeat(50)));
const largeText = Buffer.concat(large).toString();

for (const protocol of protocols) {
  describe(protocol, () => {
    let server: HttpServer;
    let seen: ApiRequest[] = [];
    before(async () => {
      server = await serve(tls, async (request): Promise<ApiResponse> => {
        seen.push(request);
        if (request.url === '/large') return { status: 200, headers: {}, body: large };
        if (request.url === '/nothing') return { status: 204, headers: {}, body: [] };
        if (request.url === '/throws') throw new Error('secret inside');
        if (request.url === '/odd-header') return { status: 200, headers: { warning: 'ключ\n' }, body: [] };
        if (request.url === '/throws-late')
          return {
            status: 200,
            get headers(): never {
              throw new Error('secret inside');
            },
            body: [],
          };
        if (request.url === '/two')
          return {
            status: 200,
            headers: { warning: ['one', 'two'] },
            body: [Buffer.from('a'), Buffer.from('b')],
          };
        return echo(request);
      });
    });
    after(() => server.drain());

    const echoes: Record<string, { asked: Asked; body: unknown }> = {
      'a GET': {
        asked: { path: '/api/v1/pods?limit=1', headers: { accept: 'application/json' } },
        body: { method: 'GET', url: '/api/v1/pods?limit=1', accept: 'application/json', body: '' },
      },
      'a POST with a body': {
        asked: { method: 'POST', path: '/x', body: '{"a":1}' },
        body: { method: 'POST', url: '/x', body: '{"a":1}' },
      },
      'a DELETE without one': {
        asked: { method: 'DELETE', path: '/x' },
        body: { method: 'DELETE', url: '/x', body: '' },
      },
      'a body that comes in many chunks': {
        asked: { method: 'PUT', path: '/x', body: 'y'.repeat(300_000) },
        body: { method: 'PUT', url: '/x', body: 'y'.repeat(300_000) },
      },
      'a body with an expectation': {
        asked: { method: 'PATCH', path: '/x', headers: { expect: '100-continue' }, body: 'z' },
        body: { method: 'PATCH', url: '/x', body: 'z' },
      },
    };
    for (const [name, { asked, body }] of Object.entries(echoes))
      test(`hands over ${name}`, async () => {
        const answer = await ask(protocol, { tls, server, client: tls.administrator }, asked);
        assert.equal(answer.status, 200);
        assert.deepEqual(JSON.parse(answer.body.toString()), {
          ...(body as object),
          user: administrator(),
        });
        assert.equal(answer.headers['content-length'], String(answer.body.length));
      });

    const users: Record<
      string,
      {
        client: () => KeyPair | undefined;
        headers?: Record<string, string>;
        status: number;
        user?: () => unknown;
      }
    > = {
      'no certificate is anonymous': { client: () => undefined, status: 200, user: undefined },
      'the authority’s certificate is its user': {
        client: () => tls.administrator,
        status: 200,
        user: administrator,
      },
      'a stranger’s certificate is refused': { client: () => tls.stranger, status: 401 },
      'a server’s certificate is refused': { client: () => tls.wrongUsage, status: 401 },
      'an expired certificate is refused': { client: () => tls.expired, status: 401 },
      'a token beside a stranger’s certificate decides': {
        client: () => tls.stranger,
        headers: { authorization: 'Bearer token' },
        status: 200,
        user: undefined,
      },
    };
    for (const [name, { client, headers, status, user }] of Object.entries(users))
      test(name, async () => {
        const answer = await ask(protocol, { tls, server, client: client() }, { path: '/x', headers });
        assert.equal(answer.status, status);
        const body = JSON.parse(answer.body.toString());
        if (status === 200) assert.deepEqual(body.user, user?.());
        else
          assert.deepEqual(body, {
            kind: 'Status',
            apiVersion: 'v1',
            metadata: {},
            status: 'Failure',
            message: 'Unauthorized',
            reason: 'Unauthorized',
            code: 401,
          });
      });

    test('a long answer arrives whole', async () => {
      const answer = await ask(protocol, { tls, server }, { path: '/large' });
      assert.equal(answer.headers['content-length'], String(largeText.length));
      assert.ok(answer.body.equals(Buffer.from(largeText)));
    });

    test('a long answer is compressed for those who take it', async () => {
      const answer = await ask(
        protocol,
        { tls, server },
        { path: '/large', headers: { 'accept-encoding': 'br, gzip;q=0.5' } },
      );
      assert.equal(answer.headers['content-encoding'], 'gzip');
      assert.equal(answer.headers.vary, 'Accept-Encoding');
      assert.equal(answer.headers['content-length'], undefined);
      assert.ok(answer.body.length < largeText.length / 2);
      assert.equal(gunzipSync(answer.body).toString(), largeText);
    });

    test('a POST’s long answer is not compressed', async () => {
      const answer = await ask(
        protocol,
        { tls, server },
        { method: 'POST', path: '/large', headers: { 'accept-encoding': 'gzip' } },
      );
      assert.equal(answer.headers['content-encoding'], undefined);
    });

    test('HEAD gets the length and no body', async () => {
      const answer = await ask(protocol, { tls, server }, { method: 'HEAD', path: '/two' });
      assert.deepEqual([answer.status, answer.headers['content-length'], answer.body.length], [200, '2', 0]);
    });

    test('204 has no body and no length', async () => {
      const answer = await ask(protocol, { tls, server }, { path: '/nothing' });
      assert.deepEqual(
        [answer.status, answer.headers['content-length'], answer.body.length],
        [204, undefined, 0],
      );
    });

    test('a header of any characters arrives as UTF-8', async () => {
      const answer = await ask(protocol, { tls, server }, { path: '/odd-header' });
      assert.equal(Buffer.from(String(answer.headers.warning), 'latin1').toString(), 'ключ?');
    });

    test('repeated headers are sent each', async () => {
      const answer = await ask(protocol, { tls, server }, { path: '/two' });
      assert.equal(answer.headers.warning, 'one, two');
      assert.equal(answer.body.toString(), 'ab');
    });

    for (const path of ['/throws', '/throws-late'])
      test(`a failure inside is a Status that tells nothing: ${path}`, async () => {
        const answer = await ask(protocol, { tls, server }, { path });
        assert.equal(answer.status, 500);
        assert.deepEqual(JSON.parse(answer.body.toString()), {
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message: 'Internal error occurred: the request failed inside the server; its log says more',
          reason: 'InternalError',
          details: { causes: [{ message: 'the request failed inside the server; its log says more' }] },
          code: 500,
        });
      });

    const refusals: Record<string, { asked: Asked; status: number; message: string }> = {
      'a body over the limit that says so': {
        asked: { method: 'POST', path: '/x', body: Buffer.alloc(3 * 1024 * 1024 + 1) },
        status: 413,
        message: 'Request entity too large: limit is 3145728',
      },
      'a body over the limit in chunks': {
        asked: {
          method: 'POST',
          path: '/x',
          headers: protocol === 'HTTP/1.1' ? { 'transfer-encoding': 'chunked' } : {},
          body: Buffer.alloc(4 * 1024 * 1024),
        },
        status: 413,
        message: 'Request entity too large: limit is 3145728',
      },
      'a compressed body': {
        asked: { method: 'POST', path: '/x', headers: { 'content-encoding': 'gzip' }, body: 'x' },
        status: 415,
        message:
          'the body of the request was in an unknown format - content encoding "gzip" is not supported',
      },
    };
    for (const [name, { asked, status, message }] of Object.entries(refusals))
      test(`refuses ${name}`, async () => {
        seen = [];
        const answer = await ask(protocol, { tls, server }, asked);
        assert.equal(answer.status, status);
        assert.equal(JSON.parse(answer.body.toString()).message, message);
        assert.deepEqual(seen, []);
      });

    test('nothing is left open', async () => {
      await ask(protocol, { tls, server }, { path: '/x' });
      for (let attempt = 0; server.open().requests > 0 && attempt < 6000; attempt++)
        await new Promise((resolve) => setTimeout(resolve, 5));
      assert.equal(server.open().requests, 0);
    });
  });
}

test('listens at more than one address, on one port, until it drains', async () => {
  const options = {
    handler: echo,
    tls: { ...tls.server, clientAuthority: tls.authority },
    clock: systemClock,
    log: silentLogger,
    bindAddress: '127.0.0.1',
    port: 0,
  };
  const server = await startHttpServer({ ...options, moreAddresses: ['127.0.0.2', '127.0.0.3'] });
  const dial = (host: string) =>
    new Promise<string>((resolve) => {
      const socket = connect({ host, port: server.port, ca: tls.authority, servername: 'localhost' });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'));
      socket.on('secureConnect', () => {
        socket.end();
        resolve('connected');
      });
    });
  const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
  assert.deepEqual(await Promise.all(hosts.map(dial)), ['connected', 'connected', 'connected']);
  const taken = startHttpServer({ ...options, port: server.port, moreAddresses: [] });
  await assert.rejects(taken, { code: 'PORT_TAKEN' });
  await server.drain();
  assert.deepEqual(await Promise.all(hosts.map(dial)), ['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED']);
});
