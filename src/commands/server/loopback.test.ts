/** The cluster in 127.0.0.0/8 as a person has it: kubectl's requests in, packets through. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { query, shown } from '../../dns/test-kit.ts';
import type { Service } from '../../kinds/generated/types.ts';
import { realPort } from '../../lib/low-ports.ts';
import { startLoopbackCluster } from './test-kit.ts';

/** Until it is so; the test runner's own time limit ends it otherwise. */
async function until<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  for (;;) {
    const value = await look().catch(() => undefined);
    if (value !== undefined) return value;
    await wait(20);
  }
}

test('a Service of simulated pods answers, by address, by name and from outside', {
  timeout: 120_000,
}, async (context) => {
  const { client, stop } = await startLoopbackCluster({
    // Not the range of a cluster that somebody has on this machine.
    services: '127.97.0.0/16',
    nodes: '127.31.0.0/24',
    pods: '127.243.0.0/16',
    nodePorts: '29200-29299',
  });
  context.after(stop);

  const labels = { app: 'hello' };
  await client.of('Deployment').create({
    metadata: { name: 'hello', namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [{ name: 'main', image: 'rxmllc/hostinfo:alpine', ports: [{ containerPort: 9898 }] }],
        },
      },
    },
  });
  const spec = { type: 'LoadBalancer', selector: labels, ports: [{ port: 9898 }] };
  await client.of('Service').create({ metadata: { name: 'hello', namespace: 'default' }, spec });
  const service = await until(async () => {
    const object: Service = await client.of('Service').get({ namespace: 'default', name: 'hello' });
    return object.status?.loadBalancer?.ingress?.[0]?.ip === undefined ? undefined : object;
  });
  const hostname = async (url: string) => {
    // Each request on a connection of its own, which goes to the next pod.
    const response = await fetch(url, { headers: { connection: 'close' } });
    return /^Hostname: (hello-\S+)\n/.exec(await response.text())?.[1];
  };
  const nodePort = service.spec?.ports?.[0]?.nodePort;
  for (const place of [
    `${service.spec?.clusterIP}:9898`,
    `127.31.0.2:${nodePort}`,
    `127.31.0.3:${nodePort}`,
    `${service.status?.loadBalancer?.ingress?.[0]?.ip}:9898`,
  ])
    await until(() => hostname(`http://${place}/`));
  const answered = new Set<string>();
  await until(async () => {
    answered.add((await hostname(`http://${service.spec?.clusterIP}:9898/`)) ?? '');
    return answered.size === 2 ? true : undefined;
  });

  // An unprivileged person has it at 10053.
  const lowPorts = process.getuid?.() === 0;
  const socket = createSocket('udp4');
  context.after(() => socket.close());
  const answer = await until(async () => {
    socket.send(query('hello.default.svc.cluster.local'), realPort(53, { lowPorts }), '127.97.0.10');
    const [message] = (await once(socket, 'message', { signal: AbortSignal.timeout(1000) })) as [Buffer];
    return message;
  });
  assert.deepEqual(shown(answer).slice(1), [
    `answer hello.default.svc.cluster.local 5 A ${service.spec?.clusterIP}`,
  ]);
});
