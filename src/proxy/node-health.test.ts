import assert from 'node:assert/strict';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { Node } from '../kinds/generated/types.ts';
import { createLogger } from '../lib/log.ts';
import { createManualClock } from '../lib/manual-clock.ts';
import { MetricsRegistry } from '../lib/metrics.ts';
import { healthzPort, statusPort } from './limits.ts';
import { type ProxyHealth, serveNodeHealth } from './node-health.ts';

const plain: Node = { metadata: { name: 'a' } };

function start({ refusals = 0 } = {}) {
  const clock = createManualClock();
  const stopping = new AbortController();
  const open = new Map<string, RequestListener>();
  const state: { health: ProxyHealth; node: Node | undefined; refusals: number } = {
    health: { isHealthy: true, families: ['IPv4'], lastUpdated: undefined },
    node: plain,
    refusals,
  };
  const metrics = new MetricsRegistry();
  const lines: string[] = [];
  const log = createLogger({ clock, level: 'warn', write: (line) => lines.push(line) });
  metrics.counter({ name: 'seen_total', help: 'Seen' }).add();
  serveNodeHealth({
    mode: 'nftables',
    health: () => state.health,
    node: () => state.node,
    ...{ metrics, clock, log, signal: stopping.signal },
    listen: async (port, handler, host = '*') => {
      if (state.refusals-- > 0) throw new Error('listen EADDRINUSE');
      const name = `${host}:${port}`;
      open.set(name, handler);
      return { port, close: () => void open.delete(name) };
    },
  });
  const ask = (name: string, url: string): string => {
    let answer = '';
    const response = {
      writeHead: (status: number) => {
        answer = `${status} `;
      },
      end: (body: string) => {
        answer += body;
      },
    };
    open.get(name)?.({ url } as IncomingMessage, response as unknown as ServerResponse);
    return answer;
  };
  return { clock, stopping, open, state, lines, ask };
}

const everywhere = `*:${healthzPort}`;
const here = `127.0.0.1:${statusPort}`;
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a node whose rules are programmed, cannot be, or that goes', async () => {
  const { clock, state, ask } = start();
  await turn();
  const begun = clock.now();
  const time = (milliseconds: number) => new Date(milliseconds).toISOString();
  assert.equal(
    ask(everywhere, '/healthz'),
    `200 {"lastUpdated":"${time(begun)}","currentTime":"${time(begun)}","nodeEligible":true,"healthy":true}`,
  );
  state.health = { ...state.health, lastUpdated: begun };
  clock.advance(5000);
  const now = time(begun + 5000);
  const each = (healthy: boolean) => `{"IPv4":{"lastUpdated":"${time(begun)}","healthy":${healthy}}}`;
  assert.equal(
    ask(everywhere, '/livez?verbose'),
    `200 {"lastUpdated":"${now}","currentTime":"${now}","healthy":true,"status":${each(true)}}`,
  );
  state.health = { ...state.health, isHealthy: false };
  for (const [path, eligible] of [
    ['/healthz', '"nodeEligible":true,'],
    ['/livez', ''],
  ] as const)
    assert.equal(
      ask(everywhere, path),
      `503 {"lastUpdated":"${time(begun)}","currentTime":"${now}",${eligible}"healthy":false,"status":${each(false)}}`,
    );
  state.health = { ...state.health, isHealthy: true };
  const going: (Node | undefined)[] = [
    undefined,
    { metadata: { name: 'a', deletionTimestamp: now } },
    { ...plain, spec: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] } },
  ];
  for (const node of going) {
    state.node = node;
    assert.match(ask(everywhere, '/healthz'), /^503 .*"nodeEligible":false,"healthy":true/);
    assert.match(ask(everywhere, '/livez'), /^200 /);
  }
});

test('what only the node itself may ask', async () => {
  const { ask } = start();
  await turn();
  assert.equal(ask(here, '/proxyMode'), '200 nftables');
  assert.equal(ask(here, '/healthz'), '200 ok');
  assert.match(
    ask(here, '/metrics'),
    /^200 # HELP seen_total Seen\n# TYPE seen_total counter\nseen_total 1\n/,
  );
  assert.equal(ask(here, '/'), '404 404 page not found\n');
  assert.equal(ask(everywhere, '/proxyMode'), '404 404 page not found\n');
});

test('a port that is taken is tried again, and all are closed in the end', async () => {
  const { stopping, open } = start();
  await turn();
  assert.deepEqual([...open.keys()], [everywhere, here]);
  stopping.abort();
  assert.equal(open.size, 0);

  const other = start({ refusals: 4 });
  await turn();
  assert.equal(other.open.size, 0);
  for (const wanted of [0, 2]) {
    other.clock.advance(5000);
    await turn();
    assert.equal(other.open.size, wanted);
  }
  assert.equal(other.lines.length, 2);
  other.stopping.abort();
});
