import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../lib/clock.ts';
import { systemClock } from '../lib/system.ts';
import { ApiServerMetrics, type RequestLabels } from './metrics.ts';

const clock: Clock = { ...systemClock, now: () => 1_000_000 };
const getPod: RequestLabels = {
  verb: 'GET',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  scope: 'resource',
  dryRun: false,
};

function linesOf(metrics: ApiServerMetrics, name: string): string[] {
  return metrics
    .render()
    .split('\n')
    .filter((line) => line.startsWith(name));
}

test('requests are counted under upstream’s names', (context) => {
  const metrics = new ApiServerMetrics(clock);
  context.after(() => metrics.close());
  metrics.recordRequest(getPod, 200, 0.004);
  metrics.recordRequest(getPod, 404, 0.03);
  metrics.recordRequest({ ...getPod, verb: 'WATCH', scope: 'cluster' }, 200, 1800);
  metrics.recordRequest({ ...getPod, verb: 'POST', scope: 'namespace', dryRun: true }, 201, 0.1);
  assert.deepEqual(linesOf(metrics, 'apiserver_request_total'), [
    'apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="pods",scope="resource",subresource="",verb="GET",version="v1"} 1',
    'apiserver_request_total{code="404",component="apiserver",dry_run="",group="",resource="pods",scope="resource",subresource="",verb="GET",version="v1"} 1',
    'apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="pods",scope="cluster",subresource="",verb="WATCH",version="v1"} 1',
    'apiserver_request_total{code="201",component="apiserver",dry_run="All",group="",resource="pods",scope="namespace",subresource="",verb="POST",version="v1"} 1',
  ]);
  const labels =
    'component="apiserver",dry_run="",group="",resource="pods",scope="resource",subresource="",verb="GET",version="v1"';
  const durations = linesOf(metrics, 'apiserver_request_duration_seconds').filter((line) =>
    line.includes(labels),
  );
  assert.equal(durations[0], `apiserver_request_duration_seconds_bucket{${labels},le="0.005"} 1`);
  assert.equal(durations[2], `apiserver_request_duration_seconds_bucket{${labels},le="0.05"} 2`);
  assert.equal(durations.at(-2), `apiserver_request_duration_seconds_sum{${labels}} 0.034`);
  assert.equal(durations.at(-1), `apiserver_request_duration_seconds_count{${labels}} 2`);
});

test('gauges and events', (context) => {
  const metrics = new ApiServerMetrics(clock);
  context.after(() => metrics.close());
  metrics.inflight.mutating.add(1);
  metrics.longRunning({ ...getPod, verb: 'WATCH' }).add(1);
  const watch = metrics.watch({ group: 'apps', version: 'v1', resource: 'deployments' });
  watch.watchers.add(1);
  watch.events.add(5);
  metrics.addStore({ revision: () => 42, sizeBytes: () => undefined });
  metrics.storeCommitSeconds.observe(0.003);
  assert.deepEqual(
    [
      'apiserver_current_inflight_requests',
      'apiserver_longrunning_requests',
      'apiserver_watch_events_total',
      'apiserver_registered_watchers',
      'wherry_store_revision',
      'apiserver_storage_size_bytes',
      'wherry_store_commit_duration_seconds_count',
    ].flatMap((name) => linesOf(metrics, name)),
    [
      'apiserver_current_inflight_requests{request_kind="readOnly"} 0',
      'apiserver_current_inflight_requests{request_kind="mutating"} 1',
      'apiserver_longrunning_requests{component="apiserver",group="",resource="pods",scope="resource",subresource="",verb="WATCH",version="v1"} 1',
      'apiserver_watch_events_total{group="apps",resource="deployments",version="v1"} 5',
      'apiserver_registered_watchers{group="apps",resource="deployments",version="v1"} 1',
      'wherry_store_revision 42',
      'wherry_store_commit_duration_seconds_count 1',
    ],
  );
});

test('the longest delay of the event loop is told once, less the sampler’s own interval', () => {
  const calls: string[] = [];
  const sampled = { max: 0 };
  const metrics = new ApiServerMetrics(clock, ({ resolution }) => ({
    enable: () => calls.push(`every ${resolution} ms`),
    disable: () => calls.push('end'),
    reset: () => {
      sampled.max = 0;
    },
    get max() {
      return sampled.max;
    },
  }));
  const longest = () => linesOf(metrics, 'wherry_event_loop_delay_seconds_max');
  // Nobody has scraped yet: nothing is sampled.
  assert.deepEqual(calls, []);
  assert.deepEqual([longest(), calls], [[], ['every 5 ms']]);
  sampled.max = 125e6;
  assert.deepEqual(longest(), ['wherry_event_loop_delay_seconds_max 0.12']);
  assert.deepEqual(longest(), ['wherry_event_loop_delay_seconds_max 0']);
  metrics.close();
  assert.deepEqual(calls, ['every 5 ms', 'end']);
});

test('the real event loop has a delay', (context) => {
  const metrics = new ApiServerMetrics(clock);
  context.after(() => metrics.close());
  metrics.render();
  const [line = ''] = linesOf(metrics, 'wherry_event_loop_delay_seconds_max');
  assert.match(line, /^wherry_event_loop_delay_seconds_max [\d.e-]+$/);
});
