/**
 * Services in a range that somebody added. Source of what is asked: test/e2e/network/service_cidrs.go of
 * kubernetes/kubernetes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeAddress, startNetworkLab } from './lab.ts';

const ranges = '/apis/networking.k8s.io/v1/servicecidrs';
const services = '/api/v1/namespaces/default/services';

test('the default range is there and ready', async (t) => {
  const lab = await startNetworkLab(t);
  const { spec, status, metadata } = await lab.call('GET', `${ranges}/kubernetes`);
  assert.deepEqual(spec, { cidrs: ['10.96.0.0/16'] });
  assert.deepEqual(
    status.conditions.map(({ type, status: is }: Record<string, string>) => [type, is]),
    [['Ready', 'True']],
  );
  const told = await lab.call('GET', `${ranges}/kubernetes/status`);
  assert.deepEqual([told.kind, told.metadata.uid], ['ServiceCIDR', metadata.uid]);
});

test('Services of another range answer, and hold it until they are gone', async (t) => {
  const lab = await startNetworkLab(t);
  await lab.pod('web-1', { labels: { app: 'web' } });
  await lab.pod('web-2', { labels: { app: 'web' }, node: 'node-b' });
  await lab.pod('client');
  const clusterIP = '203.0.113.10';
  const object = {
    metadata: { name: 'web' },
    spec: { type: 'NodePort', clusterIP, selector: { app: 'web' }, ports: [{ port: 80, targetPort: 9376 }] },
  };
  await assert.rejects(
    lab.call('POST', services, object),
    /failed to allocate IP 203\.0\.113\.10: the provided network does not match the current range/,
  );
  await lab.call('POST', ranges, { metadata: { name: 'other' }, spec: { cidrs: ['203.0.113.0/24'] } });
  await lab.rest();
  const isReady = async () => {
    const { status } = await lab.call('GET', `${ranges}/other`);
    const [{ status: is, reason }] = status.conditions;
    return `${is} ${reason}`;
  };
  assert.equal(await isReady(), 'True ');
  const { spec } = await lab.call('POST', services, object);
  await lab.rest();
  for (const from of ['client', 'node-a', 'node-b'])
    assert.deepEqual(lab.answering(clusterIP, { from, port: 80 }), ['web-1', 'web-2']);
  const port = spec.ports[0].nodePort;
  assert.deepEqual(lab.answering(nodeAddress['node-b'], { from: 'outside', port }), ['web-1', 'web-2']);
  assert.equal(lab.ask('203.0.113.11', { from: 'client', port: 80 }), 'silence');

  await lab.call('DELETE', `${ranges}/other`);
  await lab.rest();
  assert.equal(await isReady(), 'False Terminating');
  assert.deepEqual(lab.answering(clusterIP, { from: 'client', port: 80 }), ['web-1', 'web-2']);
  await lab.call('DELETE', `${services}/web`);
  await lab.rest();
  await assert.rejects(lab.call('GET', `${ranges}/other`), /not found/);
});
