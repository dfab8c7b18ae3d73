import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { startTestWorld } from '../../test/client/world.ts';
import type { Pod } from '../kinds/generated/types.ts';
import { silentLogger } from '../lib/log.ts';
import { listeningPorts, PodListeners } from './pod-listeners.ts';

const pod = (image: string, ports: [number, string?][] = [], status: Pod['status'] = {}): Pod => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    containers: [
      {
        name: 'main',
        image,
        ports: ports.map(([containerPort, protocol = 'TCP']) => ({ containerPort, protocol })),
      },
    ],
  },
  status: {
    phase: 'Running',
    podIP: '127.244.77.5',
    containerStatuses: [
      {
        name: 'main',
        image,
        imageID: '',
        ready: true,
        restartCount: 0,
        state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
      },
    ],
    ...status,
  },
});

const cases: [string, Pod, string[]][] = [
  ['declared ports', pod('x', [[8080], [53, 'UDP'], [9, 'SCTP']]), ['TCP 8080', 'UDP 53']],
  ['a known image', pod('docker.io/library/nginx:1.27'), ['TCP 80']],
  ['a known image that says so', pod('nginx', [[80]]), ['TCP 80']],
  ['an image that only sounds like it', pod('nginx-exporter'), []],
  ['not running', pod('nginx', [], { phase: 'Pending' }), []],
  ['without an address', pod('nginx', [], { podIP: undefined }), []],
  ['its container waits', pod('nginx', [], { containerStatuses: [] }), []],
];
for (const [name, object, ports] of cases)
  test(name, () =>
    assert.deepEqual(
      listeningPorts(object).map(({ protocol, port }) => `${protocol} ${port}`),
      ports,
    ),
  );

test('a pod answers with who it is while it runs', async (context) => {
  const world = await startTestWorld({ loopback: true });
  const stopping = new AbortController();
  const listeners = new PodListeners({
    informers: world.informers,
    log: silentLogger,
    signal: stopping.signal,
  });
  context.after(async () => {
    stopping.abort();
    await listeners.stopped;
    await world.close();
  });
  const settle = async () => {
    await world.settle();
    await listeners.settled();
  };
  const pods = world.client.of('Pod');
  const running = pod('rxmllc/hostinfo:alpine', [[9898], [5353, 'UDP']]);
  const made = await pods.create({ ...running, spec: { ...running.spec!, nodeName: 'node-1' } });
  await pods.updateStatus({ ...made, status: running.status! });
  await settle();
  const answer = await fetch('http://127.244.77.5:9898/who');
  assert.equal(
    await answer.text(),
    'Hostname: web\nNamespace: default\nPod IP: 127.244.77.5\nNode: node-1\nImage: rxmllc/hostinfo:alpine\nClient: 127.0.0.1\nGET /who\n',
  );
  const client = createSocket('udp4');
  client.send('hello', 5353, '127.244.77.5');
  const [echo] = await once(client, 'message');
  client.close();
  assert.equal(String(echo), 'web 127.244.77.5: hello');
  await pods.delete({ namespace: 'default', name: 'web' }, { gracePeriodSeconds: 0 });
  await settle();
  await assert.rejects(fetch('http://127.244.77.5:9898/'), /fetch failed/);
});
