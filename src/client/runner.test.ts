import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Faults, faultyTransport } from '../../test/client/faults.ts';
import { startTestWorld } from '../../test/client/world.ts';
import type { ConfigMap } from '../kinds/generated/types.ts';
import { randomInteger, seededRandom } from '../lib/random.ts';
import { type Change, create, patch, remove, requeueAfter } from './change.ts';
import { type Controller, defineController, observe, self } from './controller.ts';
import type { Transport } from './transport.ts';
import { Client } from './typed-client.ts';

/** Wants as many copies of each ServiceAccount's annotation `copies` says, and has no other memory than the cache. */
const copies: Controller = defineController({
  name: 'copies',
  watches: {
    ServiceAccount: self,
    ConfigMap: (map) => [`${map.metadata.namespace}/${map.metadata.labels?.of ?? ''}`],
  },
  reconcile(key, view): Change[] {
    const account = view.get('ServiceAccount', key);
    if (account === undefined) return [];
    const { namespace, name } = account.metadata;
    const wanted = Number(account.metadata.annotations?.copies ?? 0);
    const present = view.list('ConfigMap', { namespace, selector: { matchLabels: { of: name ?? '' } } });
    const missing = Array.from({ length: Math.max(0, wanted - present.length) }, () =>
      create('ConfigMap', { metadata: { namespace, generateName: `${name}-`, labels: { of: name ?? '' } } }),
    );
    return [...missing, ...present.slice(wanted).map((map) => remove('ConfigMap', map))];
  },
});

const account = (wanted: number, name = 'web') => ({
  metadata: { namespace: 'default', name, annotations: { copies: String(wanted) } },
});

/** Watches of config maps are held back until `release`. */
function slowConfigMaps(transport: Transport): { transport: Transport; hold(): void; release(): void } {
  let held: (() => void)[] | undefined;
  return {
    hold: () => {
      held = [];
    },
    release: () => {
      const waiting = held ?? [];
      held = undefined;
      for (const deliver of waiting) deliver();
    },
    transport: {
      close: () => transport.close(),
      async send(request) {
        const response = await transport.send(request);
        const { body } = response;
        if (!request.url.includes('/configmaps?watch') || body instanceof Uint8Array) return response;
        const open: typeof body.open = (handlers) =>
          body.open({
            onEnd: (error) => handlers.onEnd(error),
            onChunk: (chunk) =>
              held === undefined ? handlers.onChunk(chunk) : held.push(() => handlers.onChunk(chunk)),
          });
        return { ...response, body: { open, cancel: () => body.cancel() } };
      },
    },
  };
}

describe('the runner', () => {
  test('reads its own writes: a cache that lags makes no second copies', async () => {
    let slow: ReturnType<typeof slowConfigMaps> | undefined;
    const world = await startTestWorld({
      controllers: [copies],
      wrap: (transport) => {
        slow = slowConfigMaps(transport);
        return slow.transport;
      },
    });
    const accounts = world.client.of('ServiceAccount');
    const mapsThere = async () =>
      (await world.client.of('ConfigMap').list({ namespace: 'default' })).items.length;
    slow?.hold();
    await accounts.create(account(3));
    await world.settle();
    assert.equal(await mapsThere(), 3);
    // The key is asked for again while the cache still says that there are none.
    await accounts.patch(
      { namespace: 'default', name: 'web' },
      { type: 'merge', patch: { metadata: { annotations: { copies: '5' } } } },
    );
    await world.advance(60_000);
    assert.equal(await mapsThere(), 3);
    assert.equal(world.controllers[0]?.waiting, 1);
    slow?.release();
    await world.settle();
    assert.equal(await mapsThere(), 5);
    assert.equal(world.controllers[0]?.waiting, 0);
    await world.close();
  });

  test('makes nothing twice when it does not hear that it was made', async () => {
    let slow: ReturnType<typeof slowConfigMaps> | undefined;
    let faults: Faults | undefined;
    const world = await startTestWorld({
      controllers: [copies],
      wrap(transport) {
        slow = slowConfigMaps(transport);
        faults = faultyTransport(slow.transport);
        return faults.transport;
      },
    });
    const mapsThere = async () =>
      (await world.client.of('ConfigMap').list({ namespace: 'default' })).items.length;
    slow?.hold();
    const asks = (wanted: string, path: string) => (request: { method: string; url: string }) =>
      request.method === wanted && request.url.includes(path);
    faults?.answer({ match: asks('POST', '/configmaps'), with: 'lost answer' });
    faults?.answer({ match: asks('GET', '/configmaps/web-'), times: 3, with: 'no answer' });
    await world.client.of('ServiceAccount').create(account(4));
    await world.advance(60_000);
    // The first was lost, was found in the end, and the key waits until the cache has it.
    assert.deepEqual([await mapsThere(), world.controllers[0]?.waiting], [1, 1]);
    slow?.release();
    await world.advance(60_000);
    assert.deepEqual([await mapsThere(), world.controllers[0]?.waiting], [4, 0]);
    await world.close();
  });

  test('waits for what it deleted, although the answer names no revision', async () => {
    let slow: ReturnType<typeof slowConfigMaps> | undefined;
    const world = await startTestWorld({
      controllers: [copies],
      wrap: (transport) => {
        slow = slowConfigMaps(transport);
        return slow.transport;
      },
    });
    const at = { namespace: 'default', name: 'web' };
    const accounts = world.client.of('ServiceAccount');
    await accounts.create(account(4));
    await world.settle();
    slow?.hold();
    const scale = (wanted: number) =>
      accounts.patch(at, { type: 'merge', patch: { metadata: { annotations: { copies: String(wanted) } } } });
    await scale(1);
    await world.settle();
    await scale(2);
    await world.settle();
    assert.equal((await world.client.of('ConfigMap').list({ namespace: 'default' })).items.length, 1);
    slow?.release();
    await world.settle();
    assert.equal((await world.client.of('ConfigMap').list({ namespace: 'default' })).items.length, 2);
    await world.close();
  });

  test('comes to rest: a settled state causes no writes', async () => {
    const world = await startTestWorld({ controllers: [copies] });
    await world.client.of('ServiceAccount').create(account(10));
    await world.settle();
    const revision = world.server.server.backend.cache.revision;
    await world.advance(600_000);
    assert.equal(world.server.server.backend.cache.revision, revision);
    const { writes, failures } = world.controllers[0]!.counts;
    assert.deepEqual({ writes, failures }, { writes: 10, failures: 0 });
    await world.close();
  });

  test('tries again after a refusal, tells why, and records it once', async () => {
    const seen: (string | undefined)[] = [];
    let quota = false;
    const stubborn = defineController({
      name: 'stubborn',
      watches: { ServiceAccount: self, ConfigMap: observe },
      reconcile(key, view) {
        const owner = view.get('ServiceAccount', key);
        if (owner?.metadata.name !== 'web' || view.get('ConfigMap', 'default/fine')) return [];
        seen.push(view.failure?.message);
        const name = quota ? 'fine' : 'Not A Name';
        const regarding = { kind: 'ServiceAccount', namespace: 'default', name: 'web', apiVersion: 'v1' };
        return [
          create(
            'ConfigMap',
            { metadata: { namespace: 'default', name } },
            {
              onFailure: {
                regarding,
                type: 'Warning',
                reason: 'FailedCreate',
                message: 'Error creating: {error}',
              },
              onSuccess: {
                regarding,
                type: 'Normal',
                reason: 'SuccessfulCreate',
                message: 'Created: {name}',
              },
            },
          ),
        ];
      },
    });
    const world = await startTestWorld({ controllers: [stubborn] });
    await world.client.of('ServiceAccount').create(account(0));
    for (let step = 0; step < 10; step++) {
      world.clock.advance(7);
      await world.settle();
    }
    quota = true;
    await world.advance(1000);
    const refusal = seen[1] ?? '';
    assert.match(refusal, /^ConfigMap "Not A Name" is invalid: metadata.name: Invalid value/);
    assert.deepEqual(seen, [undefined, ...Array.from({ length: seen.length - 1 }, () => refusal)]);
    assert.equal(world.controllers[0]?.counts.failures, seen.length - 1);
    assert.equal(world.controllers[0]?.queue.failures('default/web'), 0);
    const events = (await world.client.of('Event').list({ namespace: 'default' })).items;
    assert.deepEqual(
      events.map(({ reason, message, count, source }) => ({ reason, message, count, source })),
      [
        {
          reason: 'FailedCreate',
          message: `Error creating: ${refusal}`,
          count: seen.length - 1,
          source: { component: 'stubborn-controller' },
        },
        {
          reason: 'SuccessfulCreate',
          message: 'Created: fine',
          count: 1,
          source: { component: 'stubborn-controller' },
        },
      ],
    );
    await world.close();
  });

  test('a conflict is no failure that anybody hears of, and ends well', async () => {
    let raced = false;
    const world = await startTestWorld({
      controllers: [
        defineController({
          name: 'racer',
          watches: { ConfigMap: self },
          reconcile(key, view) {
            const map = view.get('ConfigMap', key);
            if (map === undefined || map.data?.done === 'yes') return [];
            // Somebody else writes between our look and our write, once.
            const version = raced ? map.metadata.resourceVersion : '1';
            raced = true;
            const next: ConfigMap = {
              ...map,
              metadata: { ...map.metadata, resourceVersion: version },
              data: { ...map.data, done: 'yes' },
            };
            return [{ type: 'update', kind: 'ConfigMap', object: next }];
          },
        }),
      ],
    });
    await world.client.of('ConfigMap').create({ metadata: { namespace: 'default', name: 'one' } });
    await world.advance(1000);
    const map = await world.client.of('ConfigMap').get({ namespace: 'default', name: 'one' });
    assert.deepEqual(map.data, { done: 'yes' });
    const { conflicts, failures } = world.controllers[0]!.counts;
    assert.deepEqual({ conflicts, failures }, { conflicts: 1, failures: 1 });
    await world.close();
  });

  test('reconciles again when it asked for it, and a mistake in a reconcile is retried, not fatal', async () => {
    const times: number[] = [];
    const world = await startTestWorld({
      controllers: [
        defineController({
          name: 'timer',
          watches: { ConfigMap: self },
          reconcile(_key, view) {
            times.push(view.now());
            if (times.length === 1) throw new Error('a mistake');
            return times.length === 2 ? [requeueAfter(90_000)] : [];
          },
        }),
      ],
    });
    await world.client.of('ConfigMap').create({ metadata: { namespace: 'default', name: 'one' } });
    await world.advance(100_000);
    assert.equal(times.length, 3);
    assert.ok(times[2]! - times[1]! >= 90_000 && times[2]! - times[1]! < 92_000);
    await world.close();
  });

  test('nobody may change what the cache holds', async () => {
    const world = await startTestWorld({
      controllers: [
        defineController({
          name: 'careless',
          watches: { ConfigMap: self },
          reconcile(key, view) {
            const map = view.get('ConfigMap', key);
            if (map !== undefined) map.data = { spoiled: 'yes' };
            return [patch('ConfigMap', key, { patch: { data: { spoiled: 'yes' } } })];
          },
        }),
      ],
    });
    await world.client.of('ConfigMap').create({ metadata: { namespace: 'default', name: 'one' } });
    await world.settle();
    assert.equal(world.controllers[0]?.counts.writes, 0);
    assert.equal(world.controllers[0]?.counts.failures, 1);
    await world.close();
  });
});

describe('the runner under faults', () => {
  const seconds = 1000;

  /** One life of one world: what is wanted changes, connections break, requests get no answer. */
  async function live(seed: number): Promise<void> {
    let faults: Faults | undefined;
    const world = await startTestWorld({
      controllers: [copies],
      seed,
      wrap: (transport) => {
        faults = faultyTransport(transport);
        return faults.transport;
      },
    });
    const client = new Client({ transport: world.transport, clock: world.clock, userAgent: 'person/1' });
    const count = async () => (await client.of('ConfigMap').list({ namespace: 'default' })).items.length;
    const random = seededRandom(seed);
    const wantedMax = 6;
    let wanted = 0;
    await client.of('ServiceAccount').create(account(wanted));
    for (let step = 0; step < 15; step++) {
      const choice = randomInteger(random, 4);
      if (choice === 0) faults?.cut(random.next() < 0.5 ? 'end' : 'break');
      else if (choice === 1)
        faults?.answer({
          match: ({ stream }) => !stream,
          times: randomInteger(random, 4),
          with: random.next() < 0.5 ? 'no answer' : 'lost answer',
        });
      else {
        wanted = randomInteger(random, wantedMax + 1);
        await client
          .of('ServiceAccount')
          .patch(
            { namespace: 'default', name: 'web' },
            { type: 'merge', patch: { metadata: { annotations: { copies: String(wanted) } } } },
          );
      }
      // Mostly before everything has come to rest.
      for (let turn = randomInteger(random, 30); turn > 0; turn--)
        await new Promise((resolve) => setImmediate(resolve));
      world.clock.advance(randomInteger(random, 300));
      assert.ok((await count()) <= wantedMax, `seed ${seed}: too many copies`);
    }
    faults?.heal();
    await world.advance(120 * seconds);
    assert.equal(await count(), wanted, `seed ${seed}: not what was wanted in the end`);
    const { revision } = world.server.server.backend.cache;
    await world.advance(60 * seconds);
    assert.equal(world.server.server.backend.cache.revision, revision, `seed ${seed}: no rest`);
    await world.close();
  }

  test('makes what is wanted, never more, and comes to rest, whatever the seed', async () => {
    for (let seed = 1; seed <= 25; seed++) await live(seed);
  });
});
