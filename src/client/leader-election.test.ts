import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { faultyTransport } from '../../test/client/faults.ts';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import { silentLogger } from '../lib/log.ts';
import { MetricsRegistry } from '../lib/metrics.ts';
import { seededRandom } from '../lib/random.ts';
import { LeaderElector } from './leader-election.ts';
import { Client } from './typed-client.ts';

const lease = { namespace: 'kube-system', name: 'work' };

/** A candidate that leads until it is told to stop, or loses. */
function candidate(world: TestWorld, identity: string, client: Client = world.client) {
  const metrics = new MetricsRegistry();
  const stop = new AbortController();
  const told: string[] = [];
  const elector = new LeaderElector({
    client,
    lease,
    identity,
    clock: world.clock,
    random: seededRandom(identity.length),
    log: silentLogger,
    metrics,
  });
  const ended = elector
    .run(
      (signal) =>
        new Promise((resolve) => {
          told.push('leads');
          signal.addEventListener('abort', () => {
            told.push('stops');
            resolve();
          });
        }),
      stop.signal,
    )
    .then(() => told.push('ended'));
  const status = () => metrics.render().split('\n').at(-2);
  return { elector, told, ended, status, stop: () => stop.abort() };
}

const spec = async (world: TestWorld) => (await world.client.of('Lease').get(lease)).spec;

describe('leader election', () => {
  test('the first leads and renews; the second waits', async () => {
    const world = await startTestWorld();
    const first = candidate(world, 'one');
    await world.settle();
    const second = candidate(world, 'two');
    await world.advance(60_000);
    assert.deepEqual([first.told, second.told, second.elector.leader], [['leads'], [], 'one']);
    assert.equal(first.status(), 'leader_election_master_status{name="work"} 1');
    assert.equal(second.status(), 'leader_election_master_status{name="work"} 0');
    const { acquireTime, renewTime, ...rest } = (await spec(world))!;
    assert.deepEqual(rest, { holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 0 });
    assert.equal(acquireTime, '2026-01-01T00:00:00.000000Z');
    assert.equal(renewTime, '2026-01-01T00:01:00.000000Z');
    first.stop();
    second.stop();
    await world.advance(5000);
    await Promise.all([first.ended, second.ended]);
    await world.close();
  });

  test('who stops gives the lease back, and the next need not wait for it to run out', async () => {
    const world = await startTestWorld();
    const first = candidate(world, 'one');
    await world.settle();
    const second = candidate(world, 'two');
    await world.advance(10_000);
    first.stop();
    await first.ended;
    assert.deepEqual(first.told, ['leads', 'stops', 'ended']);
    assert.equal((await spec(world))?.holderIdentity ?? '', '');
    await world.advance(6000);
    assert.deepEqual(second.told, ['leads']);
    assert.equal((await spec(world))?.leaseTransitions, 1);
    second.stop();
    await second.ended;
    await world.close();
  });

  test('who cannot renew for 10 s stops before the lease of 15 s is taken over: never two at once', async () => {
    const world = await startTestWorld();
    const { transport, answer } = withFaults(world);
    const client = new Client({ transport, clock: world.clock, userAgent: 'one/1' });
    const first = candidate(world, 'one', client);
    await world.settle();
    const second = candidate(world, 'two');
    await world.advance(10_000);
    answer({ match: () => true, times: 10_000, with: 'no answer' });
    const leading: string[] = [];
    for (let second_ = 0; second_ < 40; second_++) {
      await world.advance(1000);
      leading.push(`${first.elector.isLeader ? 1 : 0}${second.elector.isLeader ? 1 : 0}`);
    }
    assert.ok(!leading.includes('11'));
    assert.deepEqual([...new Set(leading)], ['10', '00', '01']);
    assert.deepEqual(first.told, ['leads', 'stops', 'ended']);
    second.stop();
    await second.ended;
    await world.close();
  });
});

function withFaults(world: TestWorld) {
  return faultyTransport(world.transport);
}
