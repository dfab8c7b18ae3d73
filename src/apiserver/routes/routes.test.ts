import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestContext } from '../context.ts';
import { type ApiResponse, anonymous } from '../request.ts';
import { parseRequest } from '../request-info.ts';
import { makeRoutes, type Route } from './routes.ts';

const contextOf = (url: string): RequestContext => ({
  request: {
    method: 'GET',
    url,
    headers: {},
    body: new Uint8Array(),
    user: undefined,
    signal: new AbortController().signal,
  },
  info: parseRequest('GET', url),
  user: anonymous,
  warnings: [],
});
const only =
  (path: string, status: number): Route =>
  ({ info }): ApiResponse | undefined =>
    info.path === path ? { status, headers: {}, body: [] } : undefined;

test('the first that answers does', async () => {
  const asked: string[] = [];
  const late: Route = async ({ info }) => {
    asked.push(info.path);
    return undefined;
  };
  const routes = makeRoutes([only('/a', 200), late, only('/a', 500), only('/b', 202)]);
  assert.equal((await routes.answer(contextOf('/a'))).status, 200);
  assert.equal((await routes.answer(contextOf('/b'))).status, 202);
  assert.deepEqual(asked, ['/b']);
});

test('a path that nobody knows is 404, in upstream’s words', async () => {
  await assert.rejects(makeRoutes([only('/a', 200)]).answer(contextOf('/c')), {
    httpCode: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
  });
});
