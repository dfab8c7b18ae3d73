import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from '../lib/manual-clock.ts';
import { MetricsRegistry } from '../lib/metrics.ts';
import { seededRandom } from '../lib/random.ts';
import { ControllerMeter } from './controller-meter.ts';
import { QueueMeter } from './queue-meter.ts';
import { RequestMeter } from './request-meter.ts';
import { type Transport, TransportError, type TransportResponse } from './transport.ts';
import { Client } from './typed-client.ts';
import { WorkQueue } from './work-queue.ts';

/** The samples without their buckets. */
const samples = (registry: MetricsRegistry): string[] =>
  registry
    .render()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !line.includes('_bucket'));

test('a work queue is counted under the names of upstream', () => {
  const clock = createManualClock();
  const registry = new MetricsRegistry();
  const meter = new QueueMeter(registry, { name: 'deployment', clock });
  const queue = new WorkQueue({ clock, random: seededRandom(1), meter });
  for (const key of ['a', 'b', 'a', 'c']) queue.add(key);
  clock.advance(1000);
  queue.take();
  clock.advance(2000);
  queue.done('a');
  queue.take();
  // It waits while it is under work, too.
  queue.add('b');
  queue.addRateLimited('a');
  clock.advance(500);
  const shown = samples(registry);
  assert.deepEqual(shown, [
    'workqueue_depth{name="deployment"} 3',
    'workqueue_adds_total{name="deployment"} 5',
    'workqueue_queue_duration_seconds_sum{name="deployment"} 4',
    'workqueue_queue_duration_seconds_count{name="deployment"} 2',
    'workqueue_work_duration_seconds_sum{name="deployment"} 2',
    'workqueue_work_duration_seconds_count{name="deployment"} 1',
    'workqueue_unfinished_work_seconds{name="deployment"} 0.5',
    'workqueue_longest_running_processor_seconds{name="deployment"} 0.5',
    'workqueue_retries_total{name="deployment"} 1',
  ]);
  queue.close();
  assert.equal(samples(registry)[0], 'workqueue_depth{name="deployment"} 0');
});

test('requests are counted by method, code and host; a retry is told', async () => {
  const clock = createManualClock();
  const registry = new MetricsRegistry();
  const answers: Omit<TransportResponse, 'body'>[] = [
    { status: 429, headers: { 'retry-after': '1' } },
    { status: 200, headers: {} },
  ];
  const transport: Transport = {
    async send() {
      clock.advance(250);
      const answer = answers.shift();
      if (answer === undefined) throw new TransportError('nobody is there');
      return { ...answer, body: Buffer.from('{}') };
    },
    async close() {},
  };
  const meter = new RequestMeter(registry, '10.0.0.1:6443');
  const client = new Client({ transport, clock, userAgent: 'test', meter });
  const patient = client.of('Pod').get({ namespace: 'default', name: 'web' });
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(1000);
  await patient;
  await assert.rejects(client.of('Pod').list());
  assert.deepEqual(samples(registry), [
    'rest_client_request_duration_seconds_sum{host="10.0.0.1:6443",verb="GET"} 0.75',
    'rest_client_request_duration_seconds_count{host="10.0.0.1:6443",verb="GET"} 3',
    'rest_client_requests_total{code="429",host="10.0.0.1:6443",method="GET"} 1',
    'rest_client_requests_total{code="200",host="10.0.0.1:6443",method="GET"} 1',
    'rest_client_requests_total{code="<error>",host="10.0.0.1:6443",method="GET"} 1',
    'rest_client_request_retries_total{code="429",host="10.0.0.1:6443",verb="GET"} 1',
  ]);
});

test('reconciles are counted by their result', () => {
  const registry = new MetricsRegistry();
  const meter = new ControllerMeter(registry, { name: 'job', active: () => 2 });
  meter.reconciled('success', 3);
  meter.reconciled('requeue_after', 0);
  meter.reconciled('error', 1);
  meter.conflicted();
  assert.deepEqual(samples(registry), [
    'controller_runtime_reconcile_total{controller="job",result="success"} 1',
    'controller_runtime_reconcile_total{controller="job",result="error"} 1',
    'controller_runtime_reconcile_total{controller="job",result="requeue_after"} 1',
    'controller_runtime_reconcile_errors_total{controller="job"} 1',
    'controller_runtime_active_workers{controller="job"} 2',
    'wherry_controller_conflicts_total{controller="job"} 1',
    'wherry_controller_writes_total{controller="job"} 4',
  ]);
});
