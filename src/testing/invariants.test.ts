import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Lease, Node, Pod } from '../kinds/generated/types.ts';
import type { AnyObject, KubeObject } from '../kinds/object.ts';
import { createMemoryStore } from '../store/memory.ts';
import { checkInvariants, invariants, watchInvariants, watchQuiescence } from './invariants.ts';
import { isMeantToRun, slackMilliseconds } from './pod-invariants.ts';
import type { SimulatedNodes } from './simulated-nodes.ts';
import { createSimulationClock, type SimulationClock } from './simulation-clock.ts';
import { type FollowedWorld, followWorld, podsOf } from './world.ts';

const start = Date.UTC(2026, 0, 1);
const at = (milliseconds: number) => new Date(start + milliseconds).toISOString();

function pod(name: string, more: { metadata?: object; spec?: object; status?: object } = {}): Pod {
  return {
    metadata: { name, namespace: 'default', uid: name, ...more.metadata },
    spec: { nodeName: 'node-1', containers: [{ name: 'web', image: 'x' }], ...more.spec },
    status: {
      phase: 'Running',
      hostIP: '172.31.0.1',
      conditions: [{ type: 'Ready', status: 'True' }],
      ...more.status,
    },
  };
}

const node: Node = {
  metadata: { name: 'node-1' },
  status: {
    allocatable: { cpu: '2', pods: '110' },
    addresses: [{ type: 'InternalIP', address: '172.31.0.1' }],
    conditions: [{ type: 'Ready', status: 'True' }],
  },
};
const lease: Lease = { metadata: { name: 'node-1' }, spec: { renewTime: at(0) } };

interface Bench {
  readonly world: FollowedWorld;
  readonly clock: SimulationClock;
  put(resource: string, object: KubeObject): Promise<void>;
  remove(resource: string, name: string): Promise<void>;
  down: Set<string>;
}

/** A store into which anything can be written, right or wrong. */
async function bench(): Promise<Bench> {
  const store = createMemoryStore();
  const clock = createSimulationClock(start);
  const down = new Set<string>();
  const nodes = { isUp: (name: string) => !down.has(name) } as SimulatedNodes;
  const keyFor = (resource: string, name: string) => {
    if (resource === 'core/nodes') return `/registry/${resource}/${name}`;
    const namespace = resource === 'coordination.k8s.io/leases' ? 'kube-node-lease' : 'default';
    return `/registry/${resource}/${namespace}/${name}`;
  };
  const put = async (resource: string, object: KubeObject) => {
    const value = Buffer.from(JSON.stringify(object));
    await store.commit([{ type: 'put', key: keyFor(resource, object.metadata.name ?? ''), value }]);
  };
  const remove = async (resource: string, name: string) => {
    await store.commit([{ type: 'delete', key: keyFor(resource, name) }]);
  };
  await put('core/nodes', node);
  await put('coordination.k8s.io/leases', lease);
  const world = await followWorld({ store, clock, nodes: () => nodes });
  return { world, clock, put, remove, down };
}

const ownedBy = (kind: string, name: string) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: name, controller: true }],
});
const deployment = (replicas: number, strategy?: object): AnyObject => ({
  metadata: { name: 'web', namespace: 'default', uid: 'web' },
  spec: { replicas, ...strategy },
});
const replicaSet: KubeObject = {
  metadata: { name: 'set', namespace: 'default', uid: 'set', ...ownedBy('Deployment', 'web') },
};
const sized = (name: string, replicas: number): AnyObject => ({
  metadata: { ...replicaSet.metadata, name, uid: name },
  spec: { replicas },
});
const setPod = (name: string, more: Parameters<typeof pod>[1] = {}) =>
  pod(name, { ...more, metadata: { ...ownedBy('ReplicaSet', 'set'), ...more.metadata } });
const service: AnyObject = {
  metadata: { name: 'web', namespace: 'default', uid: 'service' },
  spec: { selector: { app: 'web' } },
};
const selected = (name: string, podIP: string) =>
  pod(name, { metadata: { labels: { app: 'web' } }, status: { podIP } });
const slice = (...addresses: string[]): AnyObject => ({
  metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
  endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
});
const endpoints = (...addresses: string[]): AnyObject => ({
  metadata: { name: 'web', namespace: 'default' },
  subsets: [{ addresses: addresses.map((ip) => ({ ip })) }],
});
const unbound = (cpu: string, more: object = {}) =>
  pod('waits', {
    spec: {
      nodeName: undefined,
      containers: [{ name: 'web', image: 'x', resources: { requests: { cpu } } }],
      ...more,
    },
    status: { phase: 'Pending', hostIP: undefined, conditions: [] },
  });

/** What each is violated by. Every invariant is here: one that nothing can violate is worth nothing. */
const wrongs: Record<string, (bench: Bench) => Promise<void>> = {
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
  'a Deployment asks for and keeps no more pods than replicas and surge': async ({ put }) => {
    await put('apps/deployments', deployment(1, { strategy: { rollingUpdate: { maxSurge: 1 } } }));
    await put('apps/replicasets', replicaSet);
    for (const name of ['a', 'b', 'c']) await put('core/pods', setPod(name));
  },
  'no pod has two controllers': async ({ put }) => {
    const [first] = ownedBy('ReplicaSet', 'set').ownerReferences;
    const [second] = ownedBy('ReplicaSet', 'other').ownerReferences;
    await put('core/pods', pod('a', { metadata: { ownerReferences: [first, second] } }));
  },
  'nothing owned survives its owner': async ({ put, remove }) => {
    await put('apps/deployments', deployment(1));
    await put('apps/replicasets', replicaSet);
    await remove('apps/deployments', 'web');
  },
  'EndpointSlices and Endpoints are the ready pods that a Service selects': async ({ put }) => {
    await put('core/services', service);
    await put('core/pods', selected('a', '10.244.0.2'));
    await put('discovery.k8s.io/endpointslices', slice('10.244.0.3'));
    await put('core/endpoints', endpoints('10.244.0.2'));
  },
  'a pod that fits is bound': async ({ put }) => {
    await put('core/pods', unbound('1500m'));
  },
};

describe('invariants', () => {
  test('each has its wrong', () =>
    assert.deepEqual(
      Object.keys(wrongs),
      invariants.map(({ name }) => name),
    ));

  for (const [name, doWrong] of Object.entries(wrongs))
    test(`violated: ${name}`, async () => {
      const bed = await bench();
      const watched = watchInvariants(bed.world);
      await doWrong(bed);
      const found = [...watched.violations, ...checkInvariants(bed.world, { isSettled: true })];
      const names = found.map(({ invariant }) => invariant);
      assert.ok(names.includes(name), `found ${JSON.stringify(found)}`);
      watched.stop();
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

/** What each lets pass, and would not if it asked for a little more. */
const rights: Record<string, (bench: Bench) => Promise<void>> = {
  'a surge in percent is rounded up, terminating and ended pods are apart': async ({ put }) => {
    await put('apps/deployments', deployment(2));
    await put('apps/replicasets', replicaSet);
    await put('core/pods', setPod('ended', { status: { phase: 'Failed' } }));
    await put('core/pods', setPod('stopping', { metadata: { deletionTimestamp: at(5000) } }));
    for (const name of ['a', 'b', 'c']) await put('core/pods', setPod(name));
  },
  'a set of the size that was asked for before': async ({ put }) => {
    await put('apps/deployments', deployment(2, { strategy: { type: 'Recreate' } }));
    await put('apps/deployments', deployment(1, { strategy: { type: 'Recreate' } }));
    await put('apps/replicasets', sized('set', 2));
  },
  'endpoints of the ready pods alone': async ({ put }) => {
    await put('core/services', service);
    await put('core/pods', selected('a', '10.244.0.2'));
    await put('core/pods', pod('other', { status: { podIP: '10.244.0.3' } }));
    await put('discovery.k8s.io/endpointslices', slice('10.244.0.2'));
    await put('core/endpoints', endpoints('10.244.0.2'));
  },
  'a pod that fits nowhere waits': ({ put }) => put('core/pods', unbound('2001m')),
  'a pod that is gated waits': ({ put }) =>
    put('core/pods', unbound('1', { schedulingGates: [{ name: 'later' }] })),
};

describe('what is right violates nothing', () => {
  for (const [name, doRight] of Object.entries(rights))
    test(name, async () => {
      const bed = await bench();
      const watched = watchInvariants(bed.world);
      await doRight(bed);
      assert.deepEqual([...watched.violations, ...checkInvariants(bed.world, { isSettled: true })], []);
      watched.stop();
    });
});

test('replica sets are held to the surge as they grow', async () => {
  const { world, put } = await bench();
  const watched = watchInvariants(world);
  await put('apps/deployments', deployment(2, { strategy: { rollingUpdate: { maxSurge: 1 } } }));
  await put('apps/replicasets', sized('old', 2));
  await put('apps/replicasets', sized('new', 1));
  assert.deepEqual(watched.violations, []);
  await put('apps/replicasets', sized('new', 2));
  assert.deepEqual(
    watched.violations.map(({ message }) => message),
    ['the sets of default/web ask for 4 pods, allowed are 3'],
  );
  watched.stop();
});

test('Endpoints are compared as slices are', async () => {
  const { world, put } = await bench();
  await put('core/services', service);
  await put('core/pods', selected('a', '10.244.0.2'));
  await put('discovery.k8s.io/endpointslices', slice('10.244.0.2'));
  await put('core/endpoints', endpoints());
  assert.deepEqual(
    checkInvariants(world, { isSettled: true }).map(({ message }) => message),
    ['default/web selects [10.244.0.2], its Endpoints have []'],
  );
});

test('quiescence: heartbeats are no writes, all else is', async () => {
  const { world, put, remove } = await bench();
  const quiet = watchQuiescence(world, (each) => !isMeantToRun(each));
  await put('coordination.k8s.io/leases', { ...lease, spec: { renewTime: at(10_000) } } as KubeObject);
  const beat = { type: 'Ready', status: 'True', lastHeartbeatTime: at(10_000) };
  await put('core/nodes', { ...node, status: { ...node.status, conditions: [beat] } } as KubeObject);
  await put('core/pods', pod('restless', { metadata: { annotations: { 'sim.wherry.dev/crash': 'true' } } }));
  assert.deepEqual(quiet.writes, []);
  await put('core/nodes', { ...node, status: { conditions: [{ ...beat, status: 'False' }] } } as KubeObject);
  await put('core/pods', pod('a'));
  await remove('core/pods', 'a');
  assert.deepEqual(quiet.writes, [
    '/registry/core/nodes/node-1 was written at revision 7',
    '/registry/core/pods/default/a was created at revision 8',
    '/registry/core/pods/default/a was deleted at revision 9',
  ]);
});
