import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Faults, faultyTransport } from '../../test/client/faults.ts';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import type { ConfigMap } from '../kinds/generated/types.ts';
import type { Informer } from './informer.ts';
import type { TransportRequest } from './transport.ts';

interface Rig {
  readonly world: TestWorld;
  readonly faults: Faults;
  readonly informer: Informer<ConfigMap>;
  /** What the handlers were told: `add a`, `update a`, `delete a`. */
  readonly told: string[];
  put(name: string, value: string): Promise<void>;
  remove(name: string): Promise<void>;
}

async function start(prepare: (faults: Faults) => void = () => {}): Promise<Rig> {
  let faults: Faults | undefined;
  const world = await startTestWorld({
    wrap: (transport) => {
      faults = faultyTransport(transport);
      return faults.transport;
    },
  });
  prepare(faults!);
  const told: string[] = [];
  const informer = world.informers.of('ConfigMap');
  const nameOf = (map: ConfigMap) => `${map.metadata.name}=${map.data?.value ?? ''}`;
  informer.handle({
    add: (map) => told.push(`add ${nameOf(map)}`),
    update: (map, old) => told.push(`update ${nameOf(old)} -> ${map.data?.value ?? ''}`),
    delete: (map) => told.push(`delete ${nameOf(map)}`),
  });
  await world.settle();
  const namespace = 'default';
  const server = world.server;
  return {
    world,
    faults: faults!,
    informer,
    told,
    // Past the client, so that faults do not meet these.
    async put(name, value) {
      const body = { metadata: { name }, data: { value } };
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      const { status } = await server.call('PUT', `${path}/${name}`, { body });
      if (status === 404) await server.call('POST', path, { body });
      await world.settle();
    },
    async remove(name) {
      await server.call('DELETE', `/api/v1/namespaces/${namespace}/configmaps/${name}`);
      await world.settle();
    },
  };
}

const isWatch = ({ url }: TransportRequest): boolean => url.includes('/configmaps?watch=true');
const isResume = (request: TransportRequest): boolean =>
  isWatch(request) && request.url.includes('resourceVersion=');

const expired = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  reason: 'Expired',
  message: 'too old resource version: 5 (90)',
  code: 410,
};

const watches = (faults: Faults): string[] =>
  faults.asked
    .filter((line) => line.includes('watch=true'))
    .map((line) => line.replace(/&timeoutSeconds=\d+/, '').replace(/&allowWatchBookmarks=true/, ''));

describe('an informer', () => {
  test('has what is there, then follows', async () => {
    const { world, informer, told, put, remove } = await start();
    assert.ok(informer.hasSynced);
    await put('a', '1');
    await put('a', '2');
    await put('b', '1');
    await remove('a');
    assert.deepEqual(told, ['add a=1', 'update a=1 -> 2', 'add b=1', 'delete a=2']);
    assert.deepEqual(
      informer.list({ namespace: 'default' }).map(({ metadata }) => metadata.name),
      ['b'],
    );
    assert.equal(informer.revision, world.server.server.backend.cache.revision);
    const late: string[] = [];
    informer.handle({ add: (map) => late.push(map.metadata.name ?? '') });
    assert.deepEqual(late, ['b']);
    await world.close();
  });

  for (const how of ['end', 'break'] as const)
    test(`resumes after the last event when its watch ${how === 'end' ? 'ends' : 'breaks'}: nothing twice, nothing missed`, async () => {
      const { world, faults, told, put, remove } = await start();
      await put('a', '1');
      await world.advance(2000);
      const seen = world.server.server.backend.cache.revision;
      faults.answer({ match: isWatch, times: 3, with: 'no answer' });
      faults.cut(how);
      await put('a', '2');
      await put('b', '1');
      await remove('a');
      await world.advance(60_000);
      assert.deepEqual(told, ['add a=1', 'update a=1 -> 2', 'add b=1', 'delete a=2']);
      assert.equal(watches(faults).at(-1), `GET /api/v1/configmaps?watch=true&resourceVersion=${seen}`);
      assert.equal(faults.open, 1);
      await world.close();
    });

  const endings: Record<string, (faults: Faults) => void> = {
    'as an answer': (faults) => {
      faults.answer({ match: isResume, with: { status: 410, body: expired } });
      faults.cut('end');
    },
    'as an event': (faults) => faults.inject(`${JSON.stringify({ type: 'ERROR', object: expired })}\n`),
  };
  for (const [name, end] of Object.entries(endings))
    test(`lists anew after 410 ${name}, and tells the differences`, async () => {
      const { world, faults, informer, told, put, remove } = await start();
      for (const each of ['same', 'changed', 'gone', 'replaced']) await put(each, '1');
      await world.advance(2000);
      const kept = informer.get('default/same');
      told.length = 0;
      end(faults);
      await put('changed', '2');
      await remove('gone');
      await remove('replaced');
      await put('replaced', '1');
      await put('new', '1');
      assert.deepEqual(told, []);
      await world.advance(10_000);
      assert.deepEqual(told.sort(), [
        'add new=1',
        'add replaced=1',
        'delete gone=1',
        'delete replaced=1',
        'update changed=1 -> 2',
      ]);
      assert.equal(informer.get('default/same'), kept);
      assert.ok(watches(faults).at(-1)?.includes('sendInitialEvents=true'));
      await world.close();
    });

  test('lists in pages where the server does not know sendInitialEvents', async () => {
    const { world, faults, informer, told, put } = await start((faulty) =>
      faulty.answer({
        match: (request) => request.url.includes('sendInitialEvents'),
        times: 1000,
        with: { status: 422, body: { ...expired, reason: 'Invalid', code: 422 } },
      }),
    );
    await world.advance(5000);
    assert.ok(informer.hasSynced);
    await put('a', '1');
    assert.deepEqual(told, ['add a=1']);
    assert.ok(faults.asked.includes('GET /api/v1/configmaps?limit=500'));
    await world.close();
  });

  test('waits longer and longer while the server is broken, and never asks in a loop', async () => {
    const { world, faults } = await start();
    faults.asked.length = 0;
    faults.answer({
      match: isWatch,
      times: 1000,
      with: { status: 500, body: { kind: 'Status', code: 500 } },
    });
    faults.cut('end');
    await world.advance(300_000);
    const tries = faults.asked.length;
    assert.ok(tries > 8 && tries < 25, `${tries} tries in five minutes`);
    await world.close();
  });

  test('a server that ends every watch at once is not asked in a loop', async () => {
    const { world, faults } = await start();
    faults.asked.length = 0;
    for (let second = 0; second < 60; second++) {
      faults.cut('end');
      await world.advance(1000);
    }
    assert.ok(faults.asked.length < 62, `${faults.asked.length} watches in a minute`);
    await world.close();
  });

  test('bookmarks move its revision on, and waits with it; a list that is older than a write does not', async () => {
    const { world, faults, informer } = await start();
    const { revision } = informer;
    await world.client.of('Secret').create({ metadata: { namespace: 'default', name: 'other' } });
    let reached = 0;
    informer.waitFor(revision + 1, () => reached++);
    await world.settle();
    assert.deepEqual([informer.revision, reached], [revision, 0]);
    informer.replace(informer.list(), revision);
    assert.equal(reached, 0);
    await world.advance(61_000);
    assert.deepEqual([informer.revision, reached], [revision + 1, 1]);
    assert.equal(faults.open, 1);
    await world.close();
  });

  test('a handler that throws harms nobody', async () => {
    const { world, informer, told, put } = await start();
    informer.handle({
      add: () => {
        throw new Error('a mistake');
      },
    });
    await put('a', '1');
    await put('b', '1');
    assert.deepEqual(told, ['add a=1', 'add b=1']);
    await world.close();
  });

  test('stops with its signal', async () => {
    const { world, faults } = await start();
    await world.close();
    assert.equal(faults.open, 0);
    const before = faults.asked.length;
    world.clock.advance(3_600_000);
    assert.equal(faults.asked.length, before);
  });

  test('whoever no longer waits for the first state is not called', async () => {
    const world = await startTestWorld({});
    const informer = world.informers.of('Secret');
    const called: string[] = [];
    const takeOff = informer.onSynced(() => called.push('gone'));
    informer.onSynced(() => called.push('there'));
    takeOff();
    informer.replace([], 1);
    informer.onSynced(() => called.push('late'));
    assert.deepEqual(called, ['there', 'late']);
    await world.close();
  });

  test('resync tells every object again', async () => {
    const { world, informer, told, put } = await start();
    await put('a', '1');
    informer.resync();
    assert.deepEqual(told, ['add a=1', 'update a=1 -> 1']);
    await world.close();
  });
});
