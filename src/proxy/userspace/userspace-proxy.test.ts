import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { startTestWorld } from '../../../test/client/world.ts';
import type { EndpointSlice, Service } from '../../kinds/generated/types.ts';
import type { Clock } from '../../lib/clock.ts';
import { silentLogger } from '../../lib/log.ts';
import { retryMilliseconds } from './limits.ts';
import { isInRanges, UserspaceProxy } from './userspace-proxy.ts';

const slice = (addresses: string[]): EndpointSlice => ({
  metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  ports: [{ name: '', port: 8080, protocol: 'TCP' }],
});

const service = (port: number): Service => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: { ports: [{ port, targetPort: 8080 }] },
});

/** Services get addresses of this machine. */
async function startWorld(context: TestContext) {
  const world = await startTestWorld({ loopback: true });
  const stopping = new AbortController();
  const { informers, recorder } = world;
  let tries = 0;
  const clock: Clock = {
    now: () => world.clock.now(),
    monotonic: () => world.clock.monotonic(),
    after: (milliseconds, callback) => {
      if (milliseconds === retryMilliseconds) tries++;
      return world.clock.after(milliseconds, callback);
    },
  };
  const proxy = new UserspaceProxy({
    informers,
    clock,
    recorder,
    log: silentLogger,
    signal: stopping.signal,
  });
  context.after(async () => {
    stopping.abort();
    await proxy.stopped;
    await world.close();
  });
  const settle = async () => {
    await world.settle();
    await proxy.settled();
    await world.settle();
    // Service kubernetes is there from the beginning.
    return proxy.places.filter((place) => !place.includes(' 127.96.0.1 '));
  };
  return { world, settle, proxy, retries: () => tries };
}

test('it listens while there are endpoints', async (context) => {
  const { world, settle } = await startWorld(context);
  const services = world.client.of('Service');
  const slices = world.client.of('EndpointSlice');
  const made = await services.create(service(8080));
  const address = made.spec?.clusterIP ?? '';
  assert.deepEqual(await settle(), []);
  const first = await slices.create(slice(['127.244.1.5']));
  assert.deepEqual(await settle(), [`TCP ${address} 8080 -> 127.244.1.5:8080`]);
  await slices.update({ ...first, endpoints: slice(['127.244.1.6']).endpoints! });
  assert.deepEqual(await settle(), [`TCP ${address} 8080 -> 127.244.1.6:8080`]);
  const renumbered = { ...made, spec: { ...made.spec, ports: [{ port: 8081, targetPort: 8080 }] } };
  await services.update(renumbered);
  assert.deepEqual(await settle(), [`TCP ${address} 8081 -> 127.244.1.6:8080`]);
  await services.delete({ namespace: 'default', name: 'web' });
  assert.deepEqual(await settle(), []);
});

test('a port that somebody has is said, tried again, and had when it is free', async (context) => {
  const { world, settle } = await startWorld(context);
  const made = await world.client.of('Service').create(service(8080));
  const address = made.spec?.clusterIP ?? '';
  const squatter = createServer().listen(8080, address);
  await once(squatter, 'listening');
  context.after(() => squatter.close());
  await world.client.of('EndpointSlice').create(slice(['127.244.1.5']));
  assert.deepEqual(await settle(), []);
  const { items } = await world.client.of('Event').list();
  const complaint = items.find(({ reason }) => reason === 'PortUnavailable');
  assert.equal(
    complaint?.message,
    `Cannot listen on TCP ${address}:8080: listen EADDRINUSE: address already in use ${address}:8080`,
  );
  await new Promise((resolve) => squatter.close(resolve));
  await world.advance(retryMilliseconds);
  assert.deepEqual(await settle(), [`TCP ${address} 8080 -> 127.244.1.5:8080`]);
});

test('a Service is tried again once, however many of its ports are taken', async (context) => {
  const { world, settle, retries } = await startWorld(context);
  const spec = { ports: [8080, 8081, 8082].map((port) => ({ name: `p${port}`, port, targetPort: 8080 })) };
  const made = await world.client.of('Service').create({ ...service(8080), spec });
  const squatters = [8080, 8081, 8082].map((port) => createServer().listen(port, made.spec?.clusterIP));
  context.after(() => {
    for (const squatter of squatters) squatter.close();
  });
  await Promise.all(squatters.map((squatter) => once(squatter, 'listening')));
  const ports = spec.ports.map(({ name }) => ({ name, port: 8080, protocol: 'TCP' }));
  await world.client.of('EndpointSlice').create({ ...slice(['127.244.1.5']), ports });
  assert.deepEqual(await settle(), []);
  assert.equal(retries(), 1);
  await world.advance(retryMilliseconds);
  assert.deepEqual(await settle(), []);
  assert.equal(retries(), 2);
});

test('an address that two Services have leads to the first by name, then to the other', async (context) => {
  const { world, settle } = await startWorld(context);
  const address = '127.96.200.7';
  const balance = async (name: string, endpoint: string) => {
    const labels = { 'kubernetes.io/service-name': name };
    const metadata = { name, namespace: 'default' };
    const spec = { type: 'LoadBalancer', ports: [{ port: 8080, targetPort: 8080 }] };
    const made = await world.client.of('Service').create({ metadata, spec });
    const status = { loadBalancer: { ingress: [{ ip: address }] } };
    await world.client.of('Service').update({ ...made, status }, { subresource: 'status' });
    await world.client
      .of('EndpointSlice')
      .create({ ...slice([endpoint]), metadata: { ...metadata, labels } });
  };
  const shared = async () => (await settle()).filter((place) => place.includes(` ${address} `));
  await balance('second', '127.244.1.2');
  assert.deepEqual(await shared(), [`TCP ${address} 8080 -> 127.244.1.2:8080`]);
  await balance('first', '127.244.1.1');
  assert.deepEqual(await shared(), [`TCP ${address} 8080 -> 127.244.1.1:8080`]);
  const changed = await world.client.of('Service').get({ namespace: 'default', name: 'second' });
  await world.client
    .of('Service')
    .update({ ...changed, metadata: { ...changed.metadata, labels: { a: 'b' } } });
  assert.deepEqual(await shared(), [`TCP ${address} 8080 -> 127.244.1.1:8080`]);
  await world.client.of('Service').delete({ namespace: 'default', name: 'first' });
  assert.deepEqual(await shared(), [`TCP ${address} 8080 -> 127.244.1.2:8080`]);
});

const ranges: [string, string[] | undefined, boolean][] = [
  ['10.0.0.7', undefined, true],
  ['10.0.0.7', ['10.0.0.0/8'], true],
  ['10.0.0.7', ['192.168.0.0/16', ' 10.0.0.7/32 '], true],
  ['10.0.0.7', ['10.0.0.8/32', 'nonsense', 'fd00::/8'], false],
  ['fd00::1', ['fd00::/8'], true],
  ['nonsense', ['0.0.0.0/0'], false],
];
for (const [client, list, isIn] of ranges)
  test(`${client} is ${isIn ? '' : 'not '}in ${list ?? 'anything'}`, () =>
    assert.equal(isInRanges(list, client), isIn));
