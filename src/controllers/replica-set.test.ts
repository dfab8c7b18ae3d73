/** What a ReplicaSet asks for, in a fixed view. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fixedView } from '../client/fixed-view.ts';
import type { OwnerReference, Pod, ReplicaSet } from '../kinds/generated/types.ts';
import { StatusError } from '../kinds/status.ts';
import { timestamp } from '../lib/timestamp.ts';
import { podsChangedAtOnceMax } from './limits.ts';
import { replicaSet } from './replica-set.ts';
import { isOfInterest } from './replicas.ts';

const now = Date.UTC(2026, 0, 1);

const owner = (uid: string, name = 'web'): OwnerReference => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  name,
  uid,
  controller: true,
  blockOwnerDeletion: true,
});

const pod = (
  name: string,
  { ready = true, ...metadata }: Partial<Pod['metadata']> & { ready?: boolean } = {},
): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'default',
    uid: `uid-${name}`,
    labels: { app: 'web' },
    ownerReferences: [owner('uid-web')],
    ...metadata,
  },
  spec: { nodeName: 'node-a', containers: [{ name: 'web', image: 'nginx' }] },
  status: {
    phase: 'Running',
    conditions: [
      { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: timestamp(now - 4000) },
    ],
  },
});

const web = (spec: object = {}, rest: Partial<ReplicaSet> = {}): ReplicaSet => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' }, annotations: { note: 'yes' } },
      spec: { containers: [] },
    },
    ...spec,
  },
  status: {
    replicas: 1,
    fullyLabeledReplicas: 1,
    readyReplicas: 1,
    availableReplicas: 1,
    terminatingReplicas: 0,
  },
  ...rest,
  metadata: { name: 'web', namespace: 'default', uid: 'uid-web', ...rest.metadata },
});

/** The changes in short: `create Pod`, `delete default/a`, `patch default/a {...}`, `status {...}`, `again 1000`. */
function plan(objects: (Pod | ReplicaSet)[], failure?: StatusError): string[] {
  const view = fixedView(replicaSet, { now, objects, ...(failure === undefined ? {} : { failure }) });
  return [...replicaSet.reconcile('default/web', view)].map((change) => {
    switch (change.type) {
      case 'create':
        return `create ${change.kind}`;
      case 'delete':
        return `delete ${change.key}`;
      case 'patch':
        return `patch ${change.key} ${JSON.stringify(change.patch)}`;
      case 'update':
        return `status ${JSON.stringify((change.object as ReplicaSet).status)}`;
      case 'requeueAfter':
        return `again ${change.milliseconds}`;
      default:
        return change.type;
    }
  });
}

const adopt = `{"metadata":{"ownerReferences":[${JSON.stringify(owner('uid-web'))}],"uid":"uid-a"}}`;
const release = '{"metadata":{"ownerReferences":[{"$patch":"delete","uid":"uid-web"}],"uid":"uid-a"}}';
const deletionTimestamp = timestamp(now);
const refused = new StatusError(403, 'Forbidden', 'no more pods');
const failed = { type: 'ReplicaFailure', status: 'True', lastTransitionTime: timestamp(now) };

const cases: Record<string, { objects: (Pod | ReplicaSet)[]; failure?: StatusError; wanted: string[] }> = {
  'what is gone asks for nothing': { objects: [], wanted: [] },
  'what is settled asks for nothing': { objects: [web(), pod('a')], wanted: [] },
  'a missing pod is made': {
    objects: [web({ replicas: 2 }), pod('a')],
    wanted: ['create Pod'],
  },
  'one too many goes, the one that is not ready first': {
    objects: [
      web({}, { status: { ...web().status, replicas: 2, fullyLabeledReplicas: 2 } }),
      pod('a'),
      pod('b', { ready: false }),
    ],
    wanted: ['delete default/b'],
  },
  'an orphan that matches is adopted': {
    objects: [web(), pod('a', { ownerReferences: [] })],
    wanted: [`patch default/a ${adopt}`],
  },
  'a pod that no longer matches is released and replaced': {
    objects: [web(), pod('a', { labels: { app: 'debug' } })],
    wanted: [`patch default/a ${release}`, 'status {"replicas":0,"terminatingReplicas":0}', 'create Pod'],
  },
  'a pod of an earlier replica set of that name is not its own': {
    objects: [web(), pod('a'), pod('b', { ownerReferences: [owner('uid-before')] })],
    wanted: [],
  },
  'a replica set that is going neither adopts nor makes': {
    objects: [
      web({ replicas: 2 }, { metadata: { deletionTimestamp } }),
      pod('a'),
      pod('b', { ownerReferences: [] }),
      pod('c', { labels: { app: 'debug' } }),
    ],
    wanted: [],
  },
  'a terminating pod is replaced and counted': {
    objects: [web(), pod('a', { deletionTimestamp })],
    wanted: ['status {"replicas":0,"terminatingReplicas":1}', 'create Pod'],
  },
  'a pod is available when it has been ready long enough': {
    objects: [web({ minReadySeconds: 10 }), pod('a')],
    wanted: [
      'status {"replicas":1,"fullyLabeledReplicas":1,"readyReplicas":1,"terminatingReplicas":0}',
      'again 6000',
    ],
  },
  'a refusal is told before the next try': {
    objects: [web({ replicas: 2 }), pod('a')],
    failure: refused,
    wanted: [
      `status ${JSON.stringify({
        ...web().status,
        conditions: [{ ...failed, reason: 'FailedCreate', message: 'no more pods' }],
      })}`,
      'create Pod',
    ],
  },
  'a refusal that is over is taken back': {
    objects: [web({}, { status: { replicas: 1, ...web().status, conditions: [failed] } }), pod('a')],
    wanted: [`status ${JSON.stringify(web().status)}`],
  },
};

describe('a replica set', () => {
  for (const [name, { objects, failure, wanted }] of Object.entries(cases))
    test(name, () => assert.deepEqual(plan(objects, failure), wanted));

  test('makes pods of its template, owned by it', () => {
    const view = fixedView(replicaSet, {
      now,
      objects: [web({}, { status: { replicas: 0, terminatingReplicas: 0 } })],
    });
    const [change, ...more] = replicaSet.reconcile('default/web', view);
    assert.deepEqual(more, []);
    assert.ok(change?.type === 'create');
    assert.deepEqual(change.object, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        generateName: 'web-',
        namespace: 'default',
        labels: { app: 'web' },
        annotations: { note: 'yes' },
        ownerReferences: [owner('uid-web')],
      },
      spec: { containers: [] },
    });
    assert.equal(change.onSuccess?.message, 'Created pod: {name}');
    assert.equal(change.onFailure?.reason, 'FailedCreate');
  });

  test('makes no more than its burst at once', () => {
    const changes = plan([web({ replicas: 2000 }, { status: { replicas: 0, terminatingReplicas: 0 } })]);
    assert.deepEqual(changes, Array<string>(podsChangedAtOnceMax).fill('create Pod'));
  });
});

describe('a change of a pod', () => {
  const changed: Record<string, { to: Pod; wanted: boolean }> = {
    'of an annotation': { to: pod('a', { annotations: { note: 'new' } }), wanted: false },
    'of a label': { to: pod('a', { labels: { app: 'other' } }), wanted: true },
    'of readiness': { to: pod('a', { ready: false }), wanted: true },
    'to its end': { to: pod('a', { deletionTimestamp }), wanted: true },
  };
  for (const [name, { to, wanted }] of Object.entries(changed))
    test(`${name} is ${wanted ? '' : 'not '}of interest`, () =>
      assert.equal(isOfInterest(to, pod('a')), wanted));
});
