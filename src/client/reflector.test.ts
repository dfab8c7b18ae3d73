import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestWorld } from '../../test/client/world.ts';
import type { ConfigMap } from '../kinds/generated/types.ts';
import { silentLogger } from '../lib/log.ts';
import { seededRandom } from '../lib/random.ts';
import { Informers } from './informers.ts';
import { Reflector } from './reflector.ts';

test('a reflector shows a part of a kind: what begins to match is added, what ceases to is deleted', async () => {
  const world = await startTestWorld();
  const told: string[] = [];
  const stopping = new AbortController();
  const maps = world.client.of('ConfigMap');
  const at = { namespace: 'default', name: 'one' };
  await maps.create({ metadata: { ...at, labels: { app: 'web' } } });
  const reflector = new Reflector<ConfigMap>({
    client: maps,
    clock: world.clock,
    random: seededRandom(1),
    log: silentLogger,
    select: { namespace: 'default', labelSelector: 'app=web' },
    target: {
      replace: (objects) => told.push(`state of ${objects.map(({ metadata }) => metadata.name)}`),
      apply: ({ type, object }) => told.push(`${type} ${object.metadata.name}`),
      progress: () => told.push('progress'),
    },
  });
  const running = reflector.run(stopping.signal);
  await world.settle();
  const label = (app: string) => maps.patch(at, { type: 'merge', patch: { metadata: { labels: { app } } } });
  await label('other');
  await label('web');
  await maps.create({ metadata: { namespace: 'kube-system', name: 'two', labels: { app: 'web' } } });
  await world.settle();
  assert.deepEqual(told, ['state of one', 'DELETED one', 'ADDED one']);
  stopping.abort();
  await running;
  await world.close();
});

test('informers are made once for each kind, also after the start', async () => {
  const world = await startTestWorld();
  const stopping = new AbortController();
  const options = { client: world.client, clock: world.clock, random: seededRandom(1), log: silentLogger };
  const informers = new Informers(options);
  const first = informers.of('Namespace');
  assert.equal(informers.of('Namespace'), first);
  assert.ok(!informers.hasSynced);
  informers.start(stopping.signal);
  await informers.synced();
  assert.equal(first.list().length, 4);
  const late = informers.of('Service');
  assert.ok(!informers.hasSynced);
  await informers.synced();
  assert.ok(late.hasSynced && informers.hasSynced);
  stopping.abort();
  await world.close();
});
