import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import { fixedView } from '../client/fixed-view.ts';
import type { Node } from '../kinds/generated/types.ts';
import { nodeLifecycle } from './node-lifecycle.ts';

describe('node lifecycle', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await startTestWorld({ controllers: [nodeLifecycle()] });
    await world.client.of('Node').create({ metadata: { name: 'n1' } });
    await addSteadyNode();
    await world.client.of('Lease').create({
      metadata: { namespace: 'kube-node-lease', name: 'n1' },
      spec: { holderIdentity: 'n1', renewTime: now() },
    });
  });
  afterEach(() => world.close());

  /** One that stays ready: without any, no node loses its pods. */
  const addSteadyNode = async () => {
    const status = {
      conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-02-01T00:00:00Z' }],
    };
    await world.client.of('Node').create({ metadata: { name: 'steady' }, status });
  };
  const eventsOf = async (name: string) => {
    const { items } = await world.client.of('Event').list({ namespace: 'default' });
    return items.filter(({ involvedObject }) => involvedObject.name === name);
  };
  const now = () => `${new Date(world.clock.now()).toISOString().slice(0, -1)}000Z`;
  const merge = (patch: object) => ({ type: 'merge' as const, patch });
  const node = (): Promise<Node> => world.client.of('Node').get({ name: 'n1' });
  const taints = async () => ((await node()).spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);
  const conditions = async () =>
    Object.fromEntries(((await node()).status?.conditions ?? []).map(({ type, status }) => [type, status]));
  const report = async (...list: { type: string; status: string }[]) => {
    const heard = `${new Date(world.clock.now()).toISOString().slice(0, 19)}Z`;
    const reported = list.map((each) => ({ ...each, lastHeartbeatTime: heard }));
    await world.client
      .of('Node')
      .patch({ name: 'n1' }, { ...merge({ status: { conditions: reported } }), subresource: 'status' });
    await world.settle();
  };
  const renew = async () => {
    const at = { namespace: 'kube-node-lease', name: 'n1' };
    await world.client.of('Lease').patch(at, merge({ spec: { renewTime: now() } }));
    await world.settle();
  };

  test('a node that is ready loses the taint it was registered with', async () => {
    await world.settle();
    assert.deepEqual(await taints(), ['node.kubernetes.io/not-ready:NoSchedule']);
    await report({ type: 'Ready', status: 'True' });
    assert.deepEqual(await taints(), []);
  });

  test('a node that says it is not ready is tainted, for those who run there too', async () => {
    await report({ type: 'Ready', status: 'False' });
    assert.deepEqual(await taints(), [
      'node.kubernetes.io/not-ready:NoSchedule',
      'node.kubernetes.io/not-ready:NoExecute',
    ]);
  });

  test('pressure and cordon keep new pods away; taints of others stay', async () => {
    const own = { key: 'example.com/own', effect: 'NoSchedule' };
    await world.client
      .of('Node')
      .patch({ name: 'n1' }, merge({ spec: { taints: [own], unschedulable: true } }));
    await report({ type: 'Ready', status: 'True' }, { type: 'DiskPressure', status: 'True' });
    assert.deepEqual(await taints(), [
      'example.com/own:NoSchedule',
      'node.kubernetes.io/disk-pressure:NoSchedule',
      'node.kubernetes.io/unschedulable:NoSchedule',
    ]);
  });

  test('a silent node turns Unknown after 50 s, its pods are not ready; heard again, all is well', async () => {
    await report({ type: 'Ready', status: 'True' }, { type: 'MemoryPressure', status: 'False' });
    const at = { namespace: 'default', name: 'web' };
    await world.client
      .of('Pod')
      .create({ metadata: at, spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'x' }] } });
    const ready = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } };
    await world.client.of('Pod').patch(at, { ...merge(ready), subresource: 'status' });
    const podReady = async () => (await world.client.of('Pod').get(at)).status?.conditions?.[0]?.status;
    await world.advance(30_000);
    await renew();
    await world.advance(49_000);
    assert.equal((await conditions()).Ready, 'True');
    await world.advance(1_000);
    assert.deepEqual(await conditions(), {
      Ready: 'Unknown',
      MemoryPressure: 'Unknown',
      DiskPressure: 'Unknown',
      PIDPressure: 'Unknown',
    });
    assert.deepEqual(await taints(), [
      'node.kubernetes.io/unreachable:NoSchedule',
      'node.kubernetes.io/unreachable:NoExecute',
    ]);
    assert.equal(await podReady(), 'False');
    await renew();
    await report({ type: 'Ready', status: 'True' });
    assert.deepEqual(await taints(), []);
  });

  test('when the last node falls silent, pods are driven from none; when one is back, from the others', async () => {
    const setSteady = async (status: string) => {
      const options = {
        subresource: 'status',
        ...merge({ status: { conditions: [{ type: 'Ready', status }] } }),
      };
      await world.client.of('Node').patch({ name: 'steady' }, options);
      await world.advance(5_000);
    };
    const drives = async () => (await taints()).filter((taint) => taint.endsWith('NoExecute'));
    await report({ type: 'Ready', status: 'False' });
    assert.deepEqual(await drives(), ['node.kubernetes.io/not-ready:NoExecute']);
    await setSteady('False');
    assert.deepEqual(await drives(), []);
    await setSteady('True');
    assert.deepEqual(await drives(), ['node.kubernetes.io/not-ready:NoExecute']);
  });

  test('a node that never reports is told so', async () => {
    await world.advance(50_000);
    const ready = (await node()).status?.conditions?.find(({ type }) => type === 'Ready');
    assert.deepEqual(
      [ready?.status, ready?.reason, ready?.message],
      ['Unknown', 'NodeStatusNeverUpdated', 'Kubelet never posted node status.'],
    );
  });

  test('tells when a node comes, falls silent and goes', async () => {
    const told = async () =>
      (await eventsOf('n1')).map(({ reason, message, involvedObject: { uid } }) => [reason, message, uid]);
    await report({ type: 'Ready', status: 'True' });
    const { uid } = (await node()).metadata;
    await world.advance(50_000);
    await world.client.of('Node').delete({ name: 'n1' });
    await world.settle();
    assert.deepEqual((await told()).sort(), [
      ['NodeNotReady', 'Node n1 status is now: NodeNotReady', uid],
      ['RegisteredNode', 'Node n1 event: Registered Node n1 in Controller', uid],
      ['RemovingNode', 'Node n1 event: Removing Node n1 from Controller', uid],
    ]);
  });

  test('a node that has said itself that it is not ready falls silent without a word', async () => {
    await report({ type: 'Ready', status: 'False' });
    await world.advance(50_000);
    assert.deepEqual(
      (await eventsOf('n1')).map(({ reason }) => reason),
      ['RegisteredNode'],
    );
  });

  test('a node at rest is not written', async () => {
    await report({ type: 'Ready', status: 'True' });
    const { resourceVersion } = (await node()).metadata;
    for (let minute = 0; minute < 3; minute++) {
      await world.advance(40_000);
      await renew();
    }
    assert.equal((await node()).metadata.resourceVersion, resourceVersion);
  });
});

test('what was silent while there was no server gets as long as everybody', () => {
  const controller = nodeLifecycle();
  const start = Date.parse('2026-01-01T01:00:00Z');
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  const pressures = ['MemoryPressure', 'DiskPressure', 'PIDPressure'];
  const heard: Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n1', creationTimestamp: lastTransitionTime },
    status: {
      conditions: [['Ready', 'True'] as const, ...pressures.map((type) => [type, 'False'] as const)].map(
        ([type, status]) => ({ type, status, lastTransitionTime, lastHeartbeatTime: lastTransitionTime }),
      ),
    },
  };
  const changesAt = (now: number) => [
    ...controller.reconcile('n1', fixedView(controller, { now, objects: [heard] })),
  ];
  assert.deepEqual(changesAt(start), [{ type: 'requeueAfter', milliseconds: 50_000 }]);
  assert.deepEqual(changesAt(start + 49_999), [{ type: 'requeueAfter', milliseconds: 1 }]);
  const [first] = changesAt(start + 50_000);
  assert.deepEqual([first?.type, first?.type === 'update' && first.subresource], ['update', 'status']);
});
