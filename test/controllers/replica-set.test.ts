/** ReplicaSets and ReplicationControllers against the API server. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Transport } from '../../src/client/transport.ts';
import { replicaSet } from '../../src/controllers/replica-set.ts';
import { replicationController } from '../../src/controllers/replication-controller.ts';
import { startCluster, template } from './cluster.ts';

const web = (replicas: number) => ({
  metadata: { name: 'web' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template({ app: 'web' }) },
});

describe('a replica set', () => {
  test('makes its pods, follows their readiness, scales down and comes to rest', async () => {
    const cluster = await startCluster({ controllers: [replicaSet] });
    const created = await cluster.create('ReplicaSet', web(3));
    await cluster.settle();
    const pods = await cluster.list('Pod');
    assert.equal(pods.length, 3);
    for (const { metadata } of pods) {
      assert.match(metadata.name ?? '', /^web-[a-z0-9]{5}$/);
      assert.deepEqual(metadata.ownerReferences, [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'web',
          uid: created.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ]);
    }
    assert.deepEqual((await cluster.get('ReplicaSet', 'web')).status, {
      replicas: 3,
      fullyLabeledReplicas: 3,
      terminatingReplicas: 0,
      observedGeneration: 1,
    });
    await cluster.kubelet();
    await cluster.patch('ReplicaSet', 'web', { spec: { replicas: 1 } });
    await cluster.settle();
    assert.deepEqual((await cluster.get('ReplicaSet', 'web')).status, {
      replicas: 1,
      fullyLabeledReplicas: 1,
      readyReplicas: 1,
      availableReplicas: 1,
      terminatingReplicas: 2,
      observedGeneration: 2,
    });
    await cluster.kubelet();
    assert.equal((await cluster.get('ReplicaSet', 'web')).status?.terminatingReplicas, 0);
    const left = (await cluster.list('Pod')).map(({ metadata }) => metadata.name);
    const names = pods.map(({ metadata }) => metadata.name);
    assert.deepEqual((await cluster.events()).sort(), [
      ...names.map((name) => `Normal SuccessfulCreate Created pod: ${name}`),
      ...names
        .filter((name) => !left.includes(name))
        .map((name) => `Normal SuccessfulDelete Deleted pod: ${name}`),
    ]);
    const [running] = cluster.controllers;
    const writes = running?.counts.writes;
    await cluster.advance(60_000);
    assert.equal(running?.counts.writes, writes, 'a settled replica set writes nothing');
    await cluster.close();
  });

  test('lets go of a pod whose label moved, and takes it back when it returns', async () => {
    const cluster = await startCluster({ controllers: [replicaSet] });
    await cluster.create('ReplicaSet', web(2));
    await cluster.settle();
    await cluster.kubelet();
    const [moved] = await cluster.list('Pod');
    const name = moved?.metadata.name ?? '';
    await cluster.patch('Pod', name, { metadata: { labels: { app: 'debug' } } });
    await cluster.settle();
    assert.equal((await cluster.get('Pod', name)).metadata.ownerReferences, undefined);
    assert.equal((await cluster.list('Pod')).length, 3);
    await cluster.patch('Pod', name, { metadata: { labels: { app: 'web' } } });
    await cluster.settle();
    const active = (await cluster.list('Pod')).filter(
      ({ metadata }) => metadata.deletionTimestamp === undefined,
    );
    assert.equal(active.length, 2, 'one of the three is too many');
    for (const pod of active) assert.equal(pod.metadata.ownerReferences?.[0]?.name, 'web');
    assert.ok(
      active.some((pod) => pod.metadata.name === name),
      'the one that never ran goes first',
    );
    await cluster.close();
  });

  test('adopts pods that match and leaves those of others alone', async () => {
    const cluster = await startCluster({ controllers: [replicaSet] });
    await cluster.create('Pod', {
      metadata: { name: 'bare', labels: { app: 'web' } },
      spec: template({}).spec,
    });
    const owner = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: 'else',
      uid: 'uid-of-another',
      controller: true,
    };
    await cluster.create('Pod', {
      metadata: { name: 'taken', labels: { app: 'web' }, ownerReferences: [owner] },
      spec: template({}).spec,
    });
    await cluster.create('ReplicaSet', web(2));
    await cluster.settle();
    const pods = await cluster.list('Pod');
    assert.deepEqual(
      pods.map(({ metadata }) => metadata.ownerReferences?.map((each) => each.kind)),
      [['ReplicaSet'], ['ConfigMap'], ['ReplicaSet']],
    );
    await cluster.close();
  });

  test('becomes available by time alone', async () => {
    const cluster = await startCluster({ controllers: [replicaSet] });
    await cluster.create('ReplicaSet', { ...web(1), spec: { ...web(1).spec, minReadySeconds: 10 } });
    await cluster.settle();
    await cluster.kubelet();
    assert.equal((await cluster.get('ReplicaSet', 'web')).status?.availableReplicas, undefined);
    await cluster.advance(9_000);
    assert.equal((await cluster.get('ReplicaSet', 'web')).status?.availableReplicas, undefined);
    await cluster.advance(1_000);
    assert.equal((await cluster.get('ReplicaSet', 'web')).status?.availableReplicas, 1);
    await cluster.close();
  });

  test('says why it cannot make pods, and stops saying it when it can', async () => {
    const refusal = {
      status: 'Failure',
      reason: 'Forbidden',
      code: 403,
      message: 'pods "web-" is forbidden: no',
    };
    let isRefusing = true;
    let asked = 0;
    const wrap = (transport: Transport): Transport => ({
      close: () => transport.close(),
      async send(request) {
        const isPod = request.method === 'POST' && /\/pods(\?|$)/.test(request.url);
        if (!isPod || !isRefusing) return transport.send(request);
        asked++;
        const body = Buffer.from(JSON.stringify({ kind: 'Status', apiVersion: 'v1', ...refusal }));
        return { status: 403, headers: { 'content-type': 'application/json' }, body };
      },
    });
    const cluster = await startCluster({ controllers: [replicaSet], wrap });
    await cluster.create('ReplicaSet', web(40));
    await cluster.advance(1_000);
    assert.deepEqual(
      (await cluster.get('ReplicaSet', 'web')).status?.conditions?.map(
        ({ type, status, reason, message }) => `${type} ${status} ${reason} ${message}`,
      ),
      [`ReplicaFailure True FailedCreate ${refusal.message}`],
    );
    assert.ok(asked < 20, `one pod is asked for with each try, not forty: ${asked}`);
    const told = await cluster.events();
    assert.deepEqual(new Set(told), new Set([`Warning FailedCreate Error creating: ${refusal.message}`]));
    isRefusing = false;
    await cluster.advance(5_000);
    const { status } = await cluster.get('ReplicaSet', 'web');
    assert.deepEqual([status?.replicas, status?.conditions], [40, undefined]);
    await cluster.close();
  });
});

describe('a replication controller', () => {
  test('keeps its pods as a replica set does', async () => {
    const cluster = await startCluster({ controllers: [replicationController] });
    await cluster.create('ReplicationController', {
      metadata: { name: 'web' },
      spec: { replicas: 2, selector: { app: 'web' }, template: template({ app: 'web' }) },
    });
    await cluster.settle();
    await cluster.kubelet();
    assert.deepEqual((await cluster.get('ReplicationController', 'web')).status, {
      replicas: 2,
      fullyLabeledReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      observedGeneration: 1,
    });
    const [first] = await cluster.list('Pod');
    assert.equal(first?.metadata.ownerReferences?.[0]?.apiVersion, 'v1');
    await cluster.close();
  });
});
