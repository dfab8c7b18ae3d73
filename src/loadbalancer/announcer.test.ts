import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestWorld } from '../../test/client/world.ts';
import { silentLogger } from '../lib/log.ts';
import { type Announcer, startAnnouncer } from './announcer.ts';
import { ensureDefaultPool } from './default-pool.ts';
import { type FakeLinks, fakeLinks } from './fake-links.ts';
import {
  announceResyncMilliseconds,
  handoverMilliseconds,
  tellMilliseconds,
  tellTimesMax,
  toldAtOnceMax,
} from './limits.ts';
import { loadBalancer } from './load-balancer.ts';

const nodeAddress = { a: '172.30.0.2', b: '172.30.0.3' } as const;
type NodeName = keyof typeof nodeAddress;

/** By hash of name and address; see elect.test.ts. */
const ofA = '10.0.0.7';
const ofB = '10.0.0.2';

interface Context {
  after(end: () => Promise<void>): void;
}

async function startWorld(t: Context) {
  const world = await startTestWorld({ controllers: [loadBalancer()] });
  t.after(() => world.close());
  const { client, informers, recorder, clock } = world;
  const common = { clock, log: silentLogger, signal: new AbortController().signal };
  await ensureDefaultPool({ ...common, client, addresses: ['10.0.0.0/24'] });
  const ready = (status: string) => ({ conditions: [{ type: 'Ready', status }] });
  for (const name of Object.keys(nodeAddress))
    await client.of('Node').create({ metadata: { name }, status: ready('True') });
  const nodes: Record<NodeName, FakeLinks> = {
    a: fakeLinks({ eth0: [nodeAddress.a], eth1: [] }),
    b: fakeLinks({ eth0: [nodeAddress.b], eth1: [] }),
  };
  const start = (name: NodeName, signal = common.signal): Announcer =>
    startAnnouncer({
      ...{ ...common, signal, informers, recorder },
      ...{ nodeName: name, nodeAddresses: [nodeAddress[name]], links: nodes[name] },
    });
  const announced = async (): Promise<Record<string, string[]>> => {
    await world.settle();
    const of = async (links: FakeLinks) =>
      (await links.read()).flatMap(({ name, announced: own }) => own.map((each) => `${name} ${each}`));
    return { a: await of(nodes.a), b: await of(nodes.b) };
  };
  return {
    ...{ world, client, nodes, start, announced },
    service: (name: string, loadBalancerIP: string, spec = {}) =>
      client.of('Service').create({
        metadata: { name, namespace: 'default' },
        spec: { type: 'LoadBalancer', ports: [{ port: 80 }], loadBalancerIP, ...spec },
      }),
    setReady: async (name: NodeName, status: string) => {
      const node = await client.of('Node').get({ name });
      await client.of('Node').updateStatus({ ...node, status: ready(status) });
    },
    events: async () => {
      await world.settle();
      const { items } = await client.of('Event').list();
      return items
        .filter(({ source }) => source?.component === 'metallb-speaker')
        .map(({ involvedObject, reason, message }) => `${involvedObject.name} ${reason} ${message}`);
    },
  };
}

test('each address is on one node, and goes with its Service', async (t) => {
  const { world, client, start, announced, service, events } = await startWorld(t);
  start('a');
  start('b');
  await service('one', ofA);
  await service('two', ofB);
  await world.advance(1000);
  assert.deepEqual(await announced(), { a: [`eth0 ${ofA}`], b: [`eth0 ${ofB}`] });
  assert.deepEqual((await events()).sort(), [
    'one nodeAssigned announcing from node "a" with protocol "layer2"',
    'two nodeAssigned announcing from node "b" with protocol "layer2"',
  ]);
  await client.of('Service').delete({ namespace: 'default', name: 'one' });
  await world.advance(1000);
  assert.deepEqual(await announced(), { a: [], b: [`eth0 ${ofB}`] });
});

test('a node that is down loses its addresses to another, and has them again when it is back', async (t) => {
  const { world, nodes, start, announced, service, setReady } = await startWorld(t);
  start('a');
  start('b');
  await service('one', ofA);
  await world.advance(1000);
  await setReady('a', 'Unknown');
  await world.advance(100);
  // Until b surely has it, a keeps it.
  assert.deepEqual(await announced(), { a: [`eth0 ${ofA}`], b: [`eth0 ${ofA}`] });
  await world.advance(handoverMilliseconds);
  assert.deepEqual(await announced(), { a: [], b: [`eth0 ${ofA}`] });
  await setReady('a', 'True');
  await world.advance(100);
  await world.advance(handoverMilliseconds);
  assert.deepEqual(await announced(), { a: [`eth0 ${ofA}`], b: [] });
  await world.advance(tellTimesMax * tellMilliseconds);
  const twice = Array.from({ length: 2 * tellTimesMax }, () => `eth0 ${ofA}`);
  assert.ok(nodes.b.told.length >= 1 && nodes.b.told.length <= tellTimesMax);
  assert.deepEqual(nodes.a.told, twice.slice(0, nodes.a.told.length));
  assert.ok(nodes.a.told.length > tellTimesMax);
});

test('the network is told of very many addresses, too, each as often', async (t) => {
  const { world, nodes, start, service, setReady } = await startWorld(t);
  await setReady('b', 'False');
  const addresses = Array.from({ length: toldAtOnceMax + 10 }, (_, index) => `10.0.0.${index + 1}`);
  for (const [index, address] of addresses.entries()) await service(`service-${index}`, address);
  start('a');
  for (let second = 0; second < 4 * tellTimesMax; second++) await world.advance(tellMilliseconds);
  const often = Map.groupBy(nodes.a.told, (each) => each);
  assert.deepEqual(
    addresses.map((address) => often.get(`eth0 ${address}`)?.length),
    addresses.map(() => tellTimesMax),
  );
});

test('a restart of the agent changes nothing; what nobody wants any more goes', async (t) => {
  const { world, nodes, start, announced, service } = await startWorld(t);
  await service('one', ofA);
  await nodes.a.change({
    add: [
      { link: 'eth0', address: ofA },
      { link: 'eth0', address: '10.0.0.99' },
    ],
    remove: [],
  });
  const stopping = new AbortController();
  const announcer = start('a', stopping.signal);
  await world.advance(1000);
  assert.deepEqual(await announced(), { a: [`eth0 ${ofA}`], b: [] });
  assert.deepEqual(nodes.a.told, []);
  stopping.abort();
  await announcer.stopped;
  assert.deepEqual(await announced(), { a: [`eth0 ${ofA}`], b: [] });
});

test('interfaces by advertisement; one that is not there is told', async (t) => {
  const { world, client, start, announced, service, events } = await startWorld(t);
  start('a');
  await service('one', ofA);
  const at = { namespace: 'metallb-system', name: 'default' };
  const onInterfaces = (interfaces: string[]) =>
    client.of('L2Advertisement').patch(at, { type: 'merge', patch: { spec: { interfaces } } });
  await onInterfaces(['eth1']);
  await world.advance(1000);
  assert.deepEqual(await announced(), { a: [`eth1 ${ofA}`], b: [] });
  await onInterfaces(['bond0']);
  await world.advance(1000);
  assert.deepEqual(await announced(), { a: [], b: [] });
  assert.ok(
    (await events()).includes(
      `one announceFailed the interfaces specified by LB IP "${ofA}" doesn't exist in assigned node "a" with protocol "layer2"`,
    ),
  );
});

test('an address that somebody took away comes back', async (t) => {
  const { world, nodes, start, announced, service } = await startWorld(t);
  start('a');
  await service('one', ofA);
  await world.advance(1000);
  await nodes.a.change({ add: [], remove: [{ link: 'eth0', address: ofA }] });
  await world.advance(announceResyncMilliseconds + 1000);
  assert.deepEqual(await announced(), { a: [`eth0 ${ofA}`], b: [] });
});

test('what fails is tried again', async (t) => {
  const { world, nodes, start, announced, service } = await startWorld(t);
  nodes.a.failing = true;
  start('a');
  await service('one', ofA);
  await world.advance(1000);
  assert.deepEqual(await announced(), { a: [], b: [] });
  nodes.a.failing = false;
  await world.advance(2000);
  assert.deepEqual(await announced(), { a: [`eth0 ${ofA}`], b: [] });
});
