import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestServer } from '../../apiserver/test-server.ts';
import { silentLogger } from '../../lib/log.ts';
import { MetricsRegistry } from '../../lib/metrics.ts';
import { checkControllers, runControlLoops } from './control-loops.ts';
import { parseSelection } from './selection.ts';

const turnsMax = 20_000;

test('the chosen loops work, and all of them end', async () => {
  const server = await startTestServer();
  const stop = await runControlLoops(server.server.handle, {
    rootAuthority: 'PEM',
    selection: parseSelection('serviceaccount'),
    simulatedNodes: 1,
    log: silentLogger,
  });
  const isThere = async (url: string) => (await server.call('GET', url)).status === 200;
  const wanted = ['/api/v1/nodes/node-1', '/api/v1/namespaces/default/serviceaccounts/default'];
  for (const url of wanted)
    for (let turn = 0; !(await isThere(url)); turn++) {
      assert.ok(turn < turnsMax, `${url} did not come`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  // The publisher was not chosen.
  assert.equal(await isThere('/api/v1/namespaces/default/configmaps/kube-root-ca.crt'), false);
  await stop();
  assert.equal(server.server.backend.hub.watchers, 0);
  await server.close();
});

test('all loops count what they do in one registry, each family once', async () => {
  const server = await startTestServer();
  const metrics = new MetricsRegistry();
  const stop = await runControlLoops(server.server.handle, {
    rootAuthority: 'PEM',
    selection: parseSelection('*'),
    simulatedNodes: 1,
    log: silentLogger,
    metrics,
  });
  const wanted = [
    'controller_runtime_reconcile_total{controller="serviceaccount",result="success"} ',
    'controller_runtime_reconcile_total{controller="simulated-nodes",result="success"} ',
    'endpoint_slice_controller_num_endpoint_slices 0',
    'rest_client_requests_total{code="200",host="in-process",method="GET"} ',
    'scheduler_pending_pods{queue="active"} 0',
    'scheduler_scheduler_cache_size{type="nodes"} 1',
    'workqueue_adds_total{name="deployment"} 0',
    'workqueue_retries_total{name="replicaset"} 0',
  ];
  const missing = () => {
    const lines = metrics.render().split('\n');
    return wanted.filter((start) => !lines.some((line) => line.startsWith(start)));
  };
  for (let turn = 0; missing().length > 0; turn++) {
    assert.ok(turn < turnsMax, missing().join());
    await new Promise((resolve) => setImmediate(resolve));
  }
  const families = [...metrics.render().matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  assert.deepEqual(families, [...new Set(families)]);
  await stop();
  await server.close();
});

test('a controller that does not exist is told before anything starts', () => {
  checkControllers(parseSelection('*,-scheduler,root-ca-certificate-publisher'));
  assert.throws(() => checkControllers(parseSelection('deploymint')), { code: 'UNKNOWN_CONTROLLER' });
});
