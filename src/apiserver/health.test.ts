import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerHealth, type HealthCheck, type HealthEndpoints, isHealthPath, ping } from './health.ts';

const failing: HealthCheck = { name: 'store', check: async () => 'the disk is full' };
const throwing: HealthCheck = {
  name: 'cache',
  check: () => {
    throw new Error('not filled');
  },
};
const fine: HealthEndpoints = {
  healthz: [ping],
  livez: [ping, { name: 'store', check: () => undefined }],
  readyz: [ping],
};
const sick: HealthEndpoints = { ...fine, readyz: [ping, failing, throwing] };

const answers: Record<string, { of: HealthEndpoints; url: string; status: number; text: string }> = {
  'all is well': { of: fine, url: '/healthz', status: 200, text: 'ok' },
  'all is well, in detail': {
    of: fine,
    url: '/livez?verbose',
    status: 200,
    text: '[+]ping ok\n[+]store ok\nlivez check passed\n',
  },
  'some are left out': {
    of: fine,
    url: '/livez?verbose&exclude=store&exclude=zebra&exclude=ant',
    status: 200,
    text:
      '[+]ping ok\n[+]store excluded: ok\n' +
      'warn: some health checks cannot be excluded: no matches for "ant","zebra"\nlivez check passed\n',
  },
  'one check': { of: fine, url: '/livez/store', status: 200, text: 'ok' },
  'something is wrong': {
    of: sick,
    url: '/readyz',
    status: 500,
    text: '[+]ping ok\n[-]store failed: reason withheld\n[-]cache failed: reason withheld\nreadyz check failed\n',
  },
  'what is wrong is left out': {
    of: sick,
    url: '/readyz?exclude=store&exclude=cache',
    status: 200,
    text: 'ok',
  },
  'one check that fails tells why': {
    of: sick,
    url: '/readyz/store',
    status: 500,
    text: 'internal server error: the disk is full\n',
  },
  'one check that throws tells why': {
    of: sick,
    url: '/readyz/cache',
    status: 500,
    text: 'internal server error: not filled\n',
  },
};
for (const [name, { of, url, status, text }] of Object.entries(answers))
  test(name, async () => {
    const { pathname, searchParams } = new URL(url, 'https://x');
    const answer = await answerHealth(of, pathname, searchParams);
    assert.equal(answer.status, status);
    assert.equal(Buffer.concat(answer.body as Uint8Array[]).toString(), text);
    assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
  });

for (const path of ['/livez/nothing', '/livez/', '/livez/ping/more', '/livez/__proto__', '/constructor'])
  test(`there is no check at ${path}`, () =>
    assert.rejects(answerHealth(fine, path, new URLSearchParams()), { code: 'NotFound', httpCode: 404 }));

test('health paths are known by their first segment', () => {
  assert.deepEqual(['/healthz', '/livez/ping', '/readyz/', '/readyzz', '/api'].map(isHealthPath), [
    true,
    true,
    true,
    false,
    false,
  ]);
});
