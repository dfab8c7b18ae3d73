import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kind } from '../kinds/kind.ts';
import { namespace } from '../kinds/namespace.ts';
import { pod } from '../kinds/pod.ts';
import { createManualClock } from '../lib/manual-clock.ts';
import { ApiServerMetrics } from './metrics.ts';
import { parseRequest } from './request-info.ts';
import { recordRequest } from './request-metrics.ts';

function counted(
  requests: [
    method: string,
    url: string,
    more?: { status?: number; kind?: Kind | undefined; isApply?: boolean },
  ][],
): string[] {
  const metrics = new ApiServerMetrics(createManualClock());
  for (const [method, url, more = {}] of requests) {
    const kind = 'kind' in more ? more.kind : pod;
    const { status = 200, isApply = false } = more;
    recordRequest(metrics, { info: parseRequest(method, url), kind, status, seconds: 0.01, isApply });
  }
  const lines = metrics.render().split('\n');
  metrics.close();
  return lines
    .filter((line) => line.startsWith('apiserver_request_total{'))
    .map((line) => {
      const labels = Object.fromEntries(
        [...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
      );
      const { code, dry_run: dryRun, resource, scope, subresource, verb, version } = labels;
      const count = line.split(' ').at(-1);
      return `${verb} ${resource}/${subresource} ${version} scope=${scope} dry=${dryRun} code=${code}: ${count}`;
    });
}

const pods = '/api/v1/namespaces/default/pods';

test('requests are counted under upstream’s verbs and scopes', () => {
  assert.deepEqual(
    counted([
      ['GET', `${pods}/a`],
      ['GET', `${pods}/b`],
      ['GET', pods],
      ['GET', '/api/v1/pods'],
      ['GET', '/api/v1/pods?watch=true'],
      ['POST', pods, { status: 201 }],
      ['PUT', `${pods}/a/status`],
      ['PATCH', `${pods}/a`],
      ['PATCH', `${pods}/a`, { isApply: true }],
      ['DELETE', `${pods}/a`],
      ['DELETE', pods],
      ['GET', '/api/v1/namespaces/default', { kind: namespace }],
      ['GET', '/api/v1/namespaces', { kind: namespace }],
    ]).sort(),
    [
      'APPLY pods/ v1 scope=resource dry= code=200: 1',
      'DELETE pods/ v1 scope=resource dry= code=200: 1',
      'DELETECOLLECTION pods/ v1 scope=namespace dry= code=200: 1',
      'GET namespaces/ v1 scope=resource dry= code=200: 1',
      'GET pods/ v1 scope=resource dry= code=200: 2',
      'LIST namespaces/ v1 scope=cluster dry= code=200: 1',
      'LIST pods/ v1 scope=cluster dry= code=200: 1',
      'LIST pods/ v1 scope=namespace dry= code=200: 1',
      'PATCH pods/ v1 scope=resource dry= code=200: 1',
      'POST pods/ v1 scope=resource dry= code=201: 1',
      'PUT pods/status v1 scope=resource dry= code=200: 1',
      'WATCH pods/ v1 scope=cluster dry= code=200: 1',
    ],
  );
});

test('a dry run is counted apart, another word is not', () => {
  assert.deepEqual(
    counted([
      ['POST', `${pods}?dryRun=All`, { status: 201 }],
      ['POST', `${pods}?dryRun=junk`, { status: 422 }],
    ]),
    ['POST pods/ v1 scope=resource dry=All code=201: 1', 'POST pods/ v1 scope=resource dry= code=422: 1'],
  );
});

test('no word that a client made up becomes a label', () => {
  const lines = counted([
    ['GET', '/apis/made.up/v9/things/x', { status: 404, kind: undefined }],
    ['GET', `${pods}/a/madeup`, { status: 404 }],
    ['MADEUP', `${pods}/a`, { status: 405 }],
    ['GET', '/made/up', { status: 404, kind: undefined }],
  ]);
  assert.equal(
    lines.some((line) => /made/i.test(line)),
    false,
    lines.join('\n'),
  );
  assert.equal(
    lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0),
    4,
  );
});

test('a request whose path could not be read is counted too', () => {
  const metrics = new ApiServerMetrics(createManualClock());
  recordRequest(metrics, { info: undefined, kind: undefined, status: 400, seconds: 0, isApply: false });
  assert.match(metrics.render(), /apiserver_request_total\{code="400",/);
  metrics.close();
});
