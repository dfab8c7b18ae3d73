import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Pod } from '../kinds/generated/types.ts';
import { create, event, patch, remove, requeueAfter, update, updateStatus } from './change.ts';
import { both, controllerOf, defineController, observe, self } from './controller.ts';
import { fixedView } from './fixed-view.ts';
import type { View } from './view.ts';

const pod = (owner: { apiVersion: string; kind: string; controller?: boolean }): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    namespace: 'default',
    name: 'web-1',
    uid: 'p1',
    ownerReferences: [{ name: 'web', uid: 'u1', ...owner }],
  },
  spec: { nodeName: 'node-1', containers: [] },
});

describe('key maps', () => {
  const view = {} as View;
  const change = (object: Pod) => ({ type: 'add' as const, object });
  test('controllerOf gives the owner that controls, of the right group and kind', () => {
    const map = controllerOf('ReplicaSet');
    const cases: [Pod, string[]][] = [
      [pod({ apiVersion: 'apps/v1', kind: 'ReplicaSet', controller: true }), ['default/web']],
      [pod({ apiVersion: 'apps/v1', kind: 'ReplicaSet' }), []],
      [pod({ apiVersion: 'example.com/v1', kind: 'ReplicaSet', controller: true }), []],
      [pod({ apiVersion: 'apps/v1', kind: 'DaemonSet', controller: true }), []],
      [{ metadata: { namespace: 'default', name: 'alone' } } as Pod, []],
    ];
    for (const [object, keys] of cases) assert.deepEqual(map(object), keys);
    assert.deepEqual(
      controllerOf('Node')(pod({ apiVersion: 'v1', kind: 'Node', controller: true })),
      ['web'],
      'a cluster-wide owner has no namespace',
    );
  });

  test('self, observe, both', () => {
    const object = pod({ apiVersion: 'apps/v1', kind: 'ReplicaSet', controller: true });
    assert.deepEqual(self(object), ['default/web-1']);
    assert.deepEqual(observe(), []);
    assert.deepEqual(
      [...both<Pod>(self, controllerOf('ReplicaSet'))(object, view, change(object))],
      ['default/web-1', 'default/web'],
    );
  });
});

describe('a fixed view', () => {
  const controller = defineController({
    name: 'test',
    watches: { Pod: self, Node: observe },
    indexes: { Pod: { node: ({ spec }) => [spec?.nodeName ?? ''] } },
    reconcile: () => [],
  });

  test('shows the objects it was given, through the same indexes, and lets nobody change them', () => {
    const object = pod({ apiVersion: 'apps/v1', kind: 'ReplicaSet', controller: true });
    const view = fixedView(controller, { now: 5, objects: [object] });
    assert.equal(view.now(), 5);
    assert.equal(view.get('Pod', 'default/web-1'), object);
    assert.deepEqual(view.byIndex('Pod', 'controllerUid', 'u1'), [object]);
    assert.deepEqual(view.byIndex('Pod', 'node', 'node-1'), [object]);
    assert.deepEqual(view.list('Node'), []);
    assert.throws(() => {
      object.metadata.name = 'other';
    }, TypeError);
    assert.throws(() => view.get('Service', 'default/web'), { code: 'NOT_WATCHED' });
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } };
    assert.throws(() => fixedView(controller, { objects: [secret] }), { code: 'NOT_WATCHED' });
  });
});

test('changes are plain data', () => {
  const web = { metadata: { namespace: 'default', name: 'web', uid: 'u1', resourceVersion: '7' } };
  const regarding = {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    namespace: 'default',
    name: 'web',
    uid: 'u1',
    resourceVersion: '7',
  };
  assert.deepEqual(
    [
      create('ConfigMap', web, { existsIsFine: true }),
      update('ConfigMap', web),
      updateStatus('Namespace', web),
      patch('ConfigMap', 'default/web', { patch: { data: null } }),
      remove('ConfigMap', web, { gracePeriodSeconds: 0, preconditions: { resourceVersion: '7' } }),
      requeueAfter(5),
      event('ConfigMap', web, { type: 'Normal', reason: 'Told', message: 'hello' }),
    ],
    [
      { type: 'create', kind: 'ConfigMap', object: web, existsIsFine: true },
      { type: 'update', kind: 'ConfigMap', object: web },
      { type: 'update', kind: 'Namespace', object: web, subresource: 'status' },
      { type: 'patch', kind: 'ConfigMap', key: 'default/web', patchType: 'merge', patch: { data: null } },
      {
        type: 'delete',
        kind: 'ConfigMap',
        key: 'default/web',
        options: { gracePeriodSeconds: 0, preconditions: { uid: 'u1', resourceVersion: '7' } },
      },
      { type: 'requeueAfter', milliseconds: 5 },
      { type: 'event', event: { regarding, type: 'Normal', reason: 'Told', message: 'hello' } },
    ],
  );
});
