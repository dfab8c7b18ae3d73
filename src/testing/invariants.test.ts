import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KubeObject } from '../kinds/object.ts';
import { at, bench, type Deed, judge, lease, neverViolated, node, pod, start } from './invariant-bench.ts';
import { checkInvariants, watchInvariants, watchQuiescence } from './invariants.ts';
import { isMeantToRun, podInvariants, slackMilliseconds } from './pod-invariants.ts';
import { podsOf } from './world.ts';

/** What each is violated by. Every invariant is here: one that nothing can violate is worth nothing. */
const wrongs: Record<string, Deed> = {
  'no two pods have one address': async ({ put }) => {
    await put('core/pods', pod('a', { status: { podIP: '10.244.0.2' } }));
    await put('core/pods', pod('b', { status: { podIP: '10.244.0.2' } }));
  },
  'only the node that a pod is bound to moves it': async ({ put, clock, world, down }) => {
    await put('core/pods', pod('a'));
    down.add('node-1');
    world.noteSwitch('node-1');
    clock.runUntil(start + slackMilliseconds + 1);
    await put('core/pods', pod('a', { status: { podIP: '10.244.0.2' } }));
  },
  'a pod is bound once': async ({ put }) => {
    await put('core/pods', pod('a'));
    await put('core/pods', pod('a', { spec: { nodeName: 'node-2' } }));
  },
  'a pod that has ended stays so': async ({ put }) => {
    await put('core/pods', pod('a', { status: { phase: 'Failed' } }));
    await put('core/pods', pod('a'));
  },
  'restarts are never taken back': async ({ put }) => {
    const restarted = (restartCount: number) => ({
      status: { containerStatuses: [{ name: 'web', restartCount }] },
    });
    await put('core/pods', pod('a', restarted(3)));
    await put('core/pods', pod('a', restarted(2)));
  },
  'a deleted pod goes within its grace': async ({ put, clock }) => {
    await put('core/pods', pod('a', { metadata: { deletionTimestamp: at(5000) } }));
    clock.runUntil(start + 5000 + slackMilliseconds + 1);
  },
  'a pod on a node that is up runs and is ready': async ({ put }) => {
    await put('core/pods', pod('a', { status: { phase: 'Pending' } }));
  },
  'a node that is up is ready and renews its lease': async ({ clock }) => {
    clock.runUntil(start + 40_001);
  },
};

describe('invariants', () => {
  test('each has its wrong', async () => {
    assert.deepEqual(
      Object.keys(wrongs),
      podInvariants.map(({ name }) => name),
    );
    assert.deepEqual(await neverViolated(podInvariants, Object.values(wrongs)), []);
  });

  for (const [name, doWrong] of Object.entries(wrongs))
    test(`violated: ${name}`, async () => {
      const found = await judge(podInvariants, doWrong);
      assert.ok(
        found.some((text) => text.startsWith(`${name}: `)),
        `found ${JSON.stringify(found)}`,
      );
    });

  test('a right world has none', async () => {
    const { world, put, remove } = await bench();
    const watched = watchInvariants(world);
    await put('core/pods', pod('a', { status: { podIP: '10.244.0.2' } }));
    await put('core/pods', pod('b', { status: { podIP: '10.244.0.3' } }));
    await remove('core/pods', 'a');
    // The same name again is another pod, and the address is free.
    await put(
      'core/pods',
      pod('a', { metadata: { uid: 'new' }, spec: { nodeName: 'node-2' }, status: { phase: 'Pending' } }),
    );
    await put('core/pods', pod('b', { status: { podIP: '10.244.0.3', phase: 'Succeeded' } }));
    await put('core/pods', pod('c', { status: { podIP: '10.244.0.3' } }));
    assert.deepEqual(watched.violations, []);
    assert.deepEqual(checkInvariants(world), []);
    assert.deepEqual(
      podsOf(world).map(({ metadata }) => metadata.name),
      ['b', 'a', 'c'],
    );
  });
});

test('quiescence: heartbeats are no writes, all else is', async () => {
  const { world, put, remove } = await bench();
  const quiet = watchQuiescence(world, (each) => !isMeantToRun(each));
  await put('coordination.k8s.io/leases', { ...lease, spec: { renewTime: at(10_000) } } as KubeObject);
  const beat = { type: 'Ready', status: 'True', lastHeartbeatTime: at(10_000) };
  await put('core/nodes', { ...node, status: { ...node.status, conditions: [beat] } } as KubeObject);
  await put('core/pods', pod('restless', { metadata: { annotations: { 'sim.wherry.dev/crash': 'true' } } }));
  const told = (name: string, kind = 'Pod'): KubeObject => ({
    metadata: { name: `${name}.1`, namespace: 'default' },
    ...{ involvedObject: { kind, namespace: 'default', name }, reason: 'BackOff' },
  });
  await put('core/events', told('restless'));
  await put('core/events', told('gone'));
  assert.deepEqual(quiet.writes, []);
  await put('core/nodes', { ...node, status: { conditions: [{ ...beat, status: 'False' }] } } as KubeObject);
  await put('core/pods', pod('a'));
  await put('core/events', told('a'));
  await put('core/events', told('web', 'Deployment'));
  await remove('core/pods', 'a');
  assert.deepEqual(quiet.writes, [
    '/registry/core/nodes/node-1 was written at revision 9',
    '/registry/core/pods/default/a was created at revision 10',
    '/registry/core/events/default/a.1 was created at revision 11',
    '/registry/core/events/default/web.1 was created at revision 12',
    '/registry/core/pods/default/a was deleted at revision 13',
  ]);
});
