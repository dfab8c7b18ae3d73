import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../lib/log.ts';
import { createManualClock } from '../lib/manual-clock.ts';
import { at, http, serviceOf, sliceOf } from '../service/resolve-fixture.ts';
import { HealthChecks, type HttpListener, type ListenHttp, listenHttp } from './health-check.ts';
import { healthCheckRetryMilliseconds } from './limits.ts';
import { Planner } from './planner.ts';

const network = { node: 'a', nodeAddresses: ['172.30.0.2'], podCidrs: [], serviceCidrs: [] };

/** A load balancer Service with that many local endpoints, as the planner has it. */
function planned(count: number, spec = {}) {
  const planner = new Planner({ network, families: ['IPv4'] });
  const service = serviceOf({
    type: 'LoadBalancer',
    ports: [http],
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 32_000,
    ...spec,
  });
  const endpoints = Array.from({ length: count }, (_, index) => at(`10.244.0.${index + 2}`, 'a'));
  planner.set('default/web', service, [sliceOf([...endpoints, at('10.244.1.2', 'b')])]);
  return planner.get('default/web');
}

function setUp(listen: ListenHttp = listenHttp) {
  const clock = createManualClock();
  const health = { isHealthy: true };
  const failures: string[] = [];
  const opened: { asked: number; listener: HttpListener }[] = [];
  const lines: string[] = [];
  const log = createLogger({ clock, level: 'debug', write: (line) => lines.push(line) });
  let onOpen = () => {};
  const checks = new HealthChecks({
    ...{ clock, log, isHealthy: () => health.isHealthy },
    onFailure: (key, port, { message }) => failures.push(`${key} ${port} ${message}`),
    listen: async (port, handler) => {
      // Whatever is asked for, a free port: this is about what is answered.
      const listener = await listen(0, handler);
      opened.push({ asked: port, listener });
      setImmediate(() => onOpen());
      return listener;
    },
  });
  const open = () => new Promise<void>((resolve) => (onOpen = resolve));
  return { checks, opened, lines, open, clock, health, failures };
}

async function answer(port: number) {
  const response = await fetch(`http://127.0.0.1:${port}/`);
  return {
    status: response.status,
    weight: response.headers.get('x-load-balancing-endpoint-weight'),
    type: response.headers.get('content-type'),
    body: await response.json(),
  };
}

test('says how many local endpoints are ready, and follows them', async (t) => {
  const { checks, opened, open } = setUp();
  t.after(() => checks.close());
  const isOpen = open();
  checks.set('default/web', planned(2));
  await isOpen;
  assert.equal(opened[0]?.asked, 32_000);
  const port = opened[0]?.listener.port ?? 0;
  const service = { namespace: 'default', name: 'web' };
  const type = 'application/json';
  assert.deepEqual(await answer(port), {
    status: 200,
    weight: '2',
    type,
    body: { service, localEndpoints: 2, serviceProxyHealthy: true },
  });
  checks.set('default/web', planned(0));
  assert.deepEqual(await answer(port), {
    status: 503,
    weight: '0',
    type,
    body: { service, localEndpoints: 0, serviceProxyHealthy: true },
  });
  checks.set('default/web', undefined);
  await assert.rejects(answer(port));
});

test('a node whose rules are not as they should be turns away, whoever is ready', async (t) => {
  const { checks, opened, open, health } = setUp();
  t.after(() => checks.close());
  const isOpen = open();
  checks.set('default/web', planned(2));
  await isOpen;
  health.isHealthy = false;
  const { status, weight, body } = await answer(opened[0]?.listener.port ?? 0);
  const service = { namespace: 'default', name: 'web' };
  assert.deepEqual(
    { status, weight, body },
    { status: 503, weight: '2', body: { service, localEndpoints: 2, serviceProxyHealthy: false } },
  );
});

test('only for load balancers with policy Local', () => {
  const { checks, opened } = setUp();
  checks.set('default/web', planned(1, { externalTrafficPolicy: 'Cluster' }));
  checks.set('default/api', planned(1, { type: 'NodePort' }));
  assert.deepEqual(opened, []);
});

test('a Service that is gone before its port is open', async () => {
  const { checks, opened, open } = setUp();
  const isOpen = open();
  checks.set('default/web', planned(1));
  checks.set('default/web', undefined);
  await isOpen;
  await assert.rejects(answer(opened[0]?.listener.port ?? 0));
});

test('a port that is taken is said and tried again, and nothing else is disturbed', async (t) => {
  let isTaken = true;
  const { checks, opened, open, lines, clock, failures } = setUp((port, handler) =>
    isTaken ? Promise.reject(new Error('EADDRINUSE')) : listenHttp(port, handler),
  );
  t.after(() => checks.close());
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  checks.set('default/web', planned(1));
  await turn();
  assert.match(lines.join(''), /a health check port could not be opened service="default\/web" port=32000/);
  // A change of the Service meanwhile is no reason to ask for it twice.
  checks.set('default/web', planned(2));
  await turn();
  assert.deepEqual(failures, ['default/web 32000 EADDRINUSE']);
  clock.advance(healthCheckRetryMilliseconds);
  await turn();
  assert.equal(failures.length, 2);
  isTaken = false;
  const isOpen = open();
  clock.advance(healthCheckRetryMilliseconds);
  await isOpen;
  assert.equal((await answer(opened[0]?.listener.port ?? 0)).weight, '2');
});

test('a Service that is gone does not ask for its port any more', async () => {
  const { checks, clock, failures } = setUp(() => Promise.reject(new Error('EADDRINUSE')));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  checks.set('default/web', planned(1));
  checks.set('default/api', planned(1, { healthCheckNodePort: 32_001 }));
  await turn();
  checks.set('default/web', undefined);
  checks.close();
  clock.advance(10 * healthCheckRetryMilliseconds);
  await turn();
  assert.deepEqual(failures, ['default/web 32000 EADDRINUSE', 'default/api 32001 EADDRINUSE']);
});
