import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultyTransport } from '../../test/client/faults.ts';
import { startTestWorld } from '../../test/client/world.ts';
import { silentLogger } from '../lib/log.ts';
import { seededRandom } from '../lib/random.ts';
import { allControllers } from './registry.ts';
import { startControllers } from './start.ts';

test('all controllers start, come to rest, and stop', async () => {
  const names = allControllers().map(({ name }) => name);
  assert.equal(names.length, new Set(names).size);
  const world = await startTestWorld();
  const faults = faultyTransport(world.transport);
  const stopping = new AbortController();
  const running = startControllers({
    transport: faults.transport,
    clock: world.clock,
    random: seededRandom(1),
    log: silentLogger,
    signal: stopping.signal,
    rootAuthority: 'PEM',
    freeze: true,
  });
  await running.informers.synced();
  await world.advance(120_000);
  const revision = world.server.server.backend.cache.revision;
  await world.advance(600_000);
  assert.equal(world.server.server.backend.cache.revision, revision, 'a settled cluster has no writes');
  assert.deepEqual(
    running.controllers.filter(({ counts }) => counts.failures > 0).map(({ name }) => name),
    [],
  );
  stopping.abort();
  await running.stopped;
  assert.equal(faults.open, 0);
  await world.close();
});
