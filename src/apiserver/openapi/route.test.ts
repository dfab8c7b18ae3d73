import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kinds } from '../../kinds/registry.ts';
import type { RequestContext } from '../context.ts';
import { anonymous } from '../request.ts';
import { parseRequest } from '../request-info.ts';
import { noDescriptions } from './descriptions.ts';
import { openApiRoute } from './route.ts';

const route = openApiRoute(kinds, noDescriptions);

async function ask(method: string, url: string, headers: Record<string, string> = {}) {
  const request = {
    method,
    url,
    headers,
    body: new Uint8Array(),
    user: anonymous,
    signal: new AbortController().signal,
  };
  const context: RequestContext = { request, info: parseRequest(method, url), user: anonymous, warnings: [] };
  const answer = await route(context);
  return (
    answer && [
      answer.status,
      answer.headers['content-type'],
      Array.isArray(answer.body) && answer.body[0]?.length > 0,
    ]
  );
}

test('what the route answers and what it leaves to others', async () => {
  const json = 'application/json';
  const cases: [string, string, Record<string, string>, unknown][] = [
    ['GET', '/openapi/v3', {}, [200, json, true]],
    ['GET', '/openapi/v3/apis/apps/v1?timeout=32s', { accept: json }, [200, json, true]],
    ['GET', '/openapi/v2', { accept: 'text/html' }, [406, undefined, false]],
    ['GET', '/openapi/v3/apis/nothing', {}, undefined],
    ['POST', '/openapi/v3', {}, undefined],
    ['GET', '/version', {}, undefined],
  ];
  for (const [method, url, headers, expected] of cases)
    assert.deepEqual(await ask(method, url, headers), expected, `${method} ${url}`);
});
