import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { StatusError } from '../../kinds/status.ts';
import { JsonLimitError } from '../../lib/json-scan.ts';
import { StoreBusyError, StoreClosedError, StoreFullError } from '../../store/errors.ts';
import type { RequestContext } from '../context.ts';
import { type ApiResponse, anonymous, type UserInfo } from '../request.ts';
import { parseRequest } from '../request-info.ts';
import { startTestServer, type TestServer } from '../test-server.ts';
import { makeFilters, mutatingInFlightMax, type Next, readingInFlightMax, statusOf } from './chain.ts';

const admin: UserInfo = { name: 'root', groups: ['system:masters'] };
const done: ApiResponse = { status: 200, headers: {}, body: [] };

function contextOf(method: string, url: string, user: UserInfo | undefined, headers = {}): RequestContext {
  const request = {
    method,
    url,
    headers,
    body: new Uint8Array(),
    user,
    signal: new AbortController().signal,
  };
  return { request, info: parseRequest(method, url), user: anonymous, warnings: [] };
}

describe('the filter chain', () => {
  const inFlight = { readOnly: { value: 0 }, mutating: { value: 0 } };
  beforeEach(() => {
    inFlight.readOnly.value = 0;
    inFlight.mutating.value = 0;
  });
  const through = async (context: RequestContext, last: Next = async () => done) =>
    makeFilters(inFlight).reduceRight<Next>((next, filter) => (each) => filter(each, next), last)(context);
  const refused = (context: RequestContext) =>
    through(context, async () => assert.fail('it came through')).then(
      () => assert.fail('it was answered'),
      (error: StatusError) => [error.httpCode, error.reason, error.details?.retryAfterSeconds],
    );

  test('says who asks', async () => {
    const names: string[] = [];
    const last: Next = async ({ user }) => {
      names.push(user.name);
      return done;
    };
    await through(contextOf('GET', '/api/v1/pods', admin), last);
    await through(contextOf('GET', '/version', undefined), last);
    // Another scheme is as good as none.
    await through(contextOf('GET', '/version', undefined, { authorization: 'Basic eDp5' }), last);
    assert.deepEqual(names, ['root', 'system:anonymous', 'system:anonymous']);
  });

  test('a token that is not known is 401, even for what is public', async () => {
    for (const authorization of ['Bearer x', 'bearer x'])
      assert.deepEqual(await refused(contextOf('GET', '/version', undefined, { authorization })), [
        401,
        'Unauthorized',
        undefined,
      ]);
  });

  test('a client certificate goes before a token', async () => {
    const context = contextOf('GET', '/api/v1/pods', admin, { authorization: 'Bearer x' });
    assert.equal((await through(context)).status, 200);
  });

  test('a stranger is 403, also when all places are taken', async () => {
    inFlight.readOnly.value = readingInFlightMax;
    const refusal = await refused(contextOf('GET', '/api/v1/pods', undefined));
    assert.deepEqual(refusal, [403, 'Forbidden', undefined]);
  });

  const lanes: [name: string, lane: 'readOnly' | 'mutating', max: number, method: string, url: string][] = [
    ['a read', 'readOnly', readingInFlightMax, 'GET', '/api/v1/pods'],
    ['a read of a path', 'readOnly', readingInFlightMax, 'GET', '/version'],
    ['a create', 'mutating', mutatingInFlightMax, 'POST', '/api/v1/namespaces/default/pods'],
    ['a delete', 'mutating', mutatingInFlightMax, 'DELETE', '/api/v1/namespaces/default/pods/a'],
  ];
  for (const [name, lane, max, method, url] of lanes)
    test(`${name} has a place while it is answered; beyond ${max} it is 429 with a time to come back`, async () => {
      inFlight[lane].value = max - 1;
      let during = 0;
      await through(contextOf(method, url, admin), async () => {
        during = inFlight[lane].value;
        return done;
      });
      assert.deepEqual([during, inFlight[lane].value], [max, max - 1]);
      inFlight[lane].value = max;
      assert.deepEqual(await refused(contextOf(method, url, admin)), [429, 'TooManyRequests', 1]);
      assert.equal(inFlight[lane].value, max);
    });

  test('reads do not wait for writes, nor writes for reads', async () => {
    inFlight.readOnly.value = readingInFlightMax;
    assert.equal((await through(contextOf('DELETE', '/api/v1/nodes/a', admin))).status, 200);
    inFlight.readOnly.value = 0;
    inFlight.mutating.value = mutatingInFlightMax;
    assert.equal((await through(contextOf('GET', '/api/v1/nodes/a', admin))).status, 200);
  });

  test('a watch takes no place', async () => {
    inFlight.readOnly.value = readingInFlightMax;
    const context = contextOf('GET', '/api/v1/pods?watch=true', admin);
    assert.equal((await through(context)).status, 200);
    assert.equal(inFlight.readOnly.value, readingInFlightMax);
  });

  test('a place is given back when the answer fails', async () => {
    const failing = through(contextOf('GET', '/api/v1/pods', admin), async () => {
      throw new Error('broken');
    });
    await assert.rejects(failing, /broken/);
    assert.equal(inFlight.readOnly.value, 0);
  });
});

describe('what is thrown becomes a Status', () => {
  const cases: [name: string, error: unknown, expected: [number, string]][] = [
    ['a Status as it is', new StatusError(418, 'Teapot', 'short and stout'), [418, 'Teapot']],
    [
      'JSON beyond its limits',
      new JsonLimitError('JSON_TOO_DEEP', 'too deep'),
      [413, 'RequestEntityTooLarge'],
    ],
    ['a full disk', new StoreFullError(new Error('ENOSPC')), [507, 'InsufficientStorage']],
    ['a closed store', new StoreClosedError(), [503, 'ServiceUnavailable']],
    ['a busy store', new StoreBusyError('commits', 8), [429, 'TooManyRequests']],
  ];
  for (const [name, error, expected] of cases)
    test(name, () => {
      const status = statusOf(error, () => assert.fail('it was taken for a fault of ours'));
      assert.deepEqual([status.httpCode, status.reason], expected);
    });

  const insides: [name: string, error: unknown][] = [
    ['an error', new Error('secret at src/x.ts:7')],
    ['a text', 'secret'],
    ['nothing', undefined],
    ['an error of the system', Object.assign(new Error('secret'), { code: 'ENOENT', path: '/secret' })],
  ];
  for (const [name, error] of insides)
    test(`${name} stays inside and goes to the log`, () => {
      const logged: unknown[] = [];
      const status = statusOf(error, (each) => logged.push(each));
      assert.deepEqual(logged, [error]);
      assert.deepEqual([status.httpCode, status.reason], [500, 'InternalError']);
      assert.equal(JSON.stringify(status.toStatus()).includes('secret'), false);
      assert.match(status.message, /^Internal error occurred: /);
    });
});

describe('the limit, through the server', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  test('the answer has the header that clients wait by', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    // All are begun in one turn, so that none is done before the last has come.
    const answers = await Promise.all(
      Array.from({ length: readingInFlightMax + 3 }, () => server.call('GET', pods)),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    assert.equal(refused.length, 3);
    for (const { status, headers, body } of refused)
      assert.deepEqual(
        [status, headers['retry-after'], body.kind, body.message],
        [429, '1', 'Status', 'Too many requests, please try again later.'],
      );
    assert.equal((await server.call('GET', pods)).status, 200);
  });
});
