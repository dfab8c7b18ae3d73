import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { hookRequest } from './hook-request.ts';

async function listen(t: TestContext, handler: http.RequestListener): Promise<string> {
  const server = http.createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a hook is heard, whatever the answer; it is sent elsewhere on the same host only', async (t) => {
  const seen: string[] = [];
  const host = await listen(t, (request, response) => {
    seen.push(`${request.url} ${request.headers['x-why']}`);
    if (request.url === '/moved') response.writeHead(302, { location: '/here' }).end();
    else if (request.url === '/away') response.writeHead(302, { location: 'http://192.0.2.1/' }).end();
    else response.writeHead(500).end('no');
  });
  for (const path of ['/plain', '/moved', '/away'])
    await hookRequest(`http://${host}${path}`, { 'X-Why': 'end' });
  assert.deepEqual(seen, ['/plain end', '/moved end', '/here end', '/away end']);
});

test('a circle of redirects fails', async (t) => {
  const host = await listen(t, (_request, response) => response.writeHead(302, { location: '/x' }).end());
  await assert.rejects(hookRequest(`http://${host}/x`, {}), {
    message: `Get "http://${host}/x": stopped after 10 redirects`,
  });
});

test('HTTPS falls back to HTTP where that is what is spoken, without the authorization', async (t) => {
  const seen: (string | undefined)[] = [];
  const host = await listen(t, (request, response) => {
    seen.push(request.url, request.headers.authorization, request.headers['x-why'] as string);
    response.end();
  });
  await hookRequest(`https://${host}/bye`, { Authorization: 'secret', 'X-Why': 'end' });
  assert.deepEqual(seen, ['/bye', undefined, 'end']);
});

test('a closed port is a failure', async () => {
  await assert.rejects(hookRequest('http://127.0.0.1:1/', {}), {
    message: 'Get "http://127.0.0.1:1/": connect ECONNREFUSED 127.0.0.1:1',
  });
});
