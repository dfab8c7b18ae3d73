import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Client } from '../client/typed-client.ts';
import type { Pod } from '../kinds/generated/types.ts';
import { silentLogger } from '../lib/log.ts';
import { usualFaults } from './faults.ts';
import { LeasePump } from './lease-pump.ts';
import { startSimulatedNodes } from './simulated-nodes.ts';
import { type Component, type Simulation, startSimulation } from './simulation.ts';

const pod = (name: string, spec: { hostNetwork?: boolean } = {}): Pod => ({
  metadata: { name, namespace: 'default' },
  spec: { nodeName: 'node-1', containers: [{ name: 'web', image: 'nginx:1.29' }], ...spec },
});

const get = (simulation: Simulation, name: string) =>
  simulation.client.of('Pod').get({ namespace: 'default', name });

const renewals = async (simulation: Simulation) => {
  const { items } = await simulation.client.of('Lease').list({ namespace: 'kube-node-lease' });
  return items.map(({ metadata, spec }) => `${metadata.name} ${spec?.renewTime?.slice(14, 23)}`);
};

describe('a simulation', () => {
  test('leases are spread over their interval, and those of silent nodes stop', async () => {
    const simulation = await startSimulation({ seed: 1, nodes: 4 });
    await simulation.advance(60_000);
    assert.deepEqual(await renewals(simulation), [
      'node-1 00:52.500',
      'node-2 00:55.000',
      'node-3 00:57.500',
      'node-4 01:00.000',
    ]);
    simulation.nodes.down('node-2');
    await simulation.advance(10_000);
    assert.deepEqual(await renewals(simulation), [
      'node-1 01:02.500',
      'node-2 00:55.000',
      'node-3 01:07.500',
      'node-4 01:10.000',
    ]);
    await simulation.close();
  });

  test('each node tells in its own name what happens, unless it is to be quiet', async () => {
    const toldOf = async (events: boolean) => {
      const simulation = await startSimulation({ seed: 1, nodes: 2, nodeOptions: { events } });
      await simulation.client.of('Pod').create(pod('web'));
      await simulation.advance(5000);
      await simulation.client
        .of('Pod')
        .delete({ namespace: 'default', name: 'web' }, { gracePeriodSeconds: 5 });
      await simulation.advance(10_000);
      const { items } = await simulation.client.of('Event').list({ namespace: 'default' });
      await simulation.close();
      const about = items.filter(({ involvedObject }) => involvedObject.kind === 'Pod');
      return about.map(({ reason, source, reportingComponent, reportingInstance, involvedObject }) =>
        [
          reason,
          source?.component,
          source?.host,
          reportingComponent,
          reportingInstance,
          involvedObject.fieldPath,
        ].join(' '),
      );
    };
    assert.deepEqual(
      await toldOf(true),
      ['Pulled', 'Created', 'Started', 'Killing'].map(
        (reason) => `${reason} kubelet node-1 kubelet node-1 spec.containers{web}`,
      ),
    );
    assert.deepEqual(await toldOf(false), []);
  });

  test('a lease that another has written is taken over', async () => {
    const simulation = await startSimulation({ seed: 1, nodes: 1 });
    const { clock, transport, client } = simulation;
    const stopping = new AbortController();
    const pump = new LeasePump({
      names: ['node-9'],
      client: new Client({ transport, clock, userAgent: 'kubelet' }),
      clock,
      log: silentLogger,
      signal: stopping.signal,
      uidOf: () => 'uid-9',
    });
    const leases = client.of('Lease');
    const at = { namespace: 'kube-node-lease', name: 'node-9' };
    await simulation.advance(20_000);
    const first = await leases.get(at);
    await leases.update({ ...first, spec: { ...first.spec, holderIdentity: 'another' } });
    // One conflict, and the next renewal reads what is there.
    await pump.renew('node-9');
    await pump.renew('node-9');
    const { spec, metadata } = await leases.get(at);
    assert.deepEqual([spec?.holderIdentity, metadata.ownerReferences?.[0]?.uid], ['node-9', 'uid-9']);
    stopping.abort();
    await simulation.close();
  });

  test('host pods have the address of their node; others wait when there is none left', async () => {
    const simulation = await startSimulation({ seed: 1, nodes: 1 });
    await simulation.client.of('Pod').create(pod('host', { hostNetwork: true }));
    const names = Array.from({ length: 254 }, (_none, index) => `pod-${index + 1}`);
    for (const name of names) await simulation.client.of('Pod').create(pod(name));
    await simulation.advance(5000);
    const states = await Promise.all(
      ['host', 'pod-1', 'pod-253', 'pod-254'].map((name) => get(simulation, name)),
    );
    assert.deepEqual(
      states.map(({ status }) => `${status?.phase} ${status?.podIP}`),
      ['Running 172.31.0.1', 'Running 10.244.0.2', 'Running 10.244.0.254', 'Pending undefined'],
    );
    await simulation.client.of('Pod').delete({ namespace: 'default', name: 'pod-7' });
    await simulation.advance(5000);
    assert.equal((await get(simulation, 'pod-254')).status?.podIP, '10.244.0.8');
    await simulation.close();
  });

  test('faults are met and overcome, and the same seed makes the same history', async () => {
    const play = async (seed: number) => {
      const simulation = await startSimulation({ seed, nodes: 2, faults: usualFaults });
      for (const name of ['a', 'b', 'c']) await simulation.client.of('Pod').create(pod(name));
      await simulation.advance(120_000);
      await simulation.restart('nodes');
      await simulation.advance(120_000);
      const { items } = await simulation.client.of('Pod').list();
      assert.deepEqual(
        items.map(({ status }) => status?.phase),
        ['Running', 'Running', 'Running'],
      );
      const { faults } = simulation;
      await simulation.close();
      return { faults, items };
    };
    const first = await play(3);
    assert.ok(first.faults > 0);
    assert.deepEqual(await play(3), first);
    assert.notDeepEqual((await play(4)).items, first.items);
  });

  test('a component is stopped and started anew', async () => {
    const log: string[] = [];
    const component: Component = {
      name: 'counter',
      user: { name: 'counter', groups: [] },
      start({ signal, clock }) {
        log.push(`start at ${clock.monotonic()}`);
        return {
          stopped: new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              log.push('stop');
              resolve();
            });
          }),
        };
      },
    };
    const simulation = await startSimulation({ seed: 1, nodes: 0, components: [component] });
    await simulation.advance(1000);
    await simulation.restart('counter');
    await assert.rejects(simulation.restart('other'), /there is no component other, only nodes, counter/);
    await simulation.close();
    assert.deepEqual(log, ['start at 0', 'stop', 'start at 1000', 'stop']);
  });

  test('a node that does not exist cannot be switched', async () => {
    const simulation = await startSimulation({ seed: 1, nodes: 1 });
    assert.throws(() => simulation.nodes.down('node-2'), /there is no simulated node node-2/);
    const { transport, clock, random } = simulation;
    const { signal } = new AbortController();
    assert.throws(
      () =>
        startSimulatedNodes({
          count: 9,
          podCIDR: '10.0.0.0/22',
          transport,
          clock,
          random,
          log: silentLogger,
          signal,
        }),
      /for 4 nodes, 9 were asked for/,
    );
    await simulation.close();
  });
});
