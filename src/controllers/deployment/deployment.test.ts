/** What a Deployment asks for, in a fixed view; whole rollouts are in test/controllers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fixedView } from '../../client/fixed-view.ts';
import type {
  Deployment,
  DeploymentSpec,
  DeploymentStatus,
  Pod,
  ReplicaSet,
} from '../../kinds/generated/types.ts';
import { StatusError } from '../../kinds/status.ts';
import { timestamp } from '../../lib/timestamp.ts';
import { deployment } from '../deployment.ts';
import { conditionOf, makeCondition, withCondition, withoutCondition } from './conditions.ts';
import { deploymentKind } from './new-set.ts';
import { Rollout } from './rollout.ts';
import { isComplete } from './status.ts';
import { isScaling } from './strategies.ts';

const now = Date.UTC(2026, 0, 1);

const web = (spec: Partial<DeploymentSpec> = {}, status: DeploymentStatus = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default', uid: 'uid-web', generation: 2, annotations: {} },
  spec: {
    replicas: 4,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'nginx:2' }] },
    },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    ...spec,
  },
  status,
});

interface SetFacts {
  size: number;
  available?: number;
  image?: string;
  desired?: number;
  uid?: string;
  conditions?: ReplicaSet['status'];
}

const set = (revision: number, facts: SetFacts): ReplicaSet => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: {
    name: `web-${revision}`,
    namespace: 'default',
    uid: facts.uid ?? `uid-${revision}`,
    creationTimestamp: timestamp(now - 10_000 + revision * 1000),
    labels: { app: 'web', 'pod-template-hash': String(revision) },
    generation: 1,
    ownerReferences: [
      { ...deploymentKind, name: 'web', uid: 'uid-web', controller: true, blockOwnerDeletion: true },
    ],
    annotations: {
      'deployment.kubernetes.io/revision': String(revision),
      'deployment.kubernetes.io/desired-replicas': String(facts.desired ?? 4),
      'deployment.kubernetes.io/max-replicas': String((facts.desired ?? 4) + 1),
    },
  },
  spec: {
    replicas: facts.size,
    selector: { matchLabels: { app: 'web', 'pod-template-hash': String(revision) } },
    template: {
      metadata: { labels: { app: 'web', 'pod-template-hash': String(revision) } },
      spec: { containers: [{ name: 'web', image: facts.image ?? `nginx:${revision}` }] },
    },
  },
  status: {
    replicas: facts.size,
    readyReplicas: facts.available ?? facts.size,
    availableReplicas: facts.available ?? facts.size,
    observedGeneration: 1,
    ...facts.conditions,
  },
});

/** `web-2=3` is a new size, `+web-abc=3` a new replica set, `-web-1` one less; events as they are told; statuses apart. */
function plan(objects: (Deployment | ReplicaSet | Pod)[], failure?: StatusError): string[] {
  const view = fixedView(deployment, { now, objects, ...(failure === undefined ? {} : { failure }) });
  return [...deployment.reconcile('default/web', view)].flatMap((change) => {
    if (change.type === 'create')
      return [
        `+${(change.object.metadata.name ?? '').replace(/-.*/, '')}=${(change.object as ReplicaSet).spec?.replicas}`,
      ];
    if (change.type === 'update' && change.kind === 'ReplicaSet')
      return [`${change.object.metadata.name}=${(change.object as ReplicaSet).spec?.replicas}`];
    if (change.type === 'delete') return [`-${change.key}`];
    if (change.type === 'event') return [change.event.message];
    if (change.type === 'patch') return [`patch ${change.key}`];
    return [];
  });
}

/** `Progressing True NewReplicaSetAvailable` of the status that is written. */
function told(objects: (Deployment | ReplicaSet)[], failure?: StatusError): string[] {
  const view = fixedView(deployment, { now, objects, ...(failure === undefined ? {} : { failure }) });
  const change = [...deployment.reconcile('default/web', view)].find(
    (each) => each.type === 'update' && each.kind === 'Deployment',
  );
  assert.ok(change?.type === 'update');
  const { conditions = [] } = (change.object as Deployment).status ?? {};
  return conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
}

const recreate = { strategy: { type: 'Recreate' } };
const oldPod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web-1-a',
    namespace: 'default',
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'uid-1', controller: true },
    ],
  },
  status: { phase: 'Running' },
};
const down = (name: string, from: number, to: number) =>
  `Scaled down replica set ${name} from ${from} to ${to}`;
const up = (name: string, from: number, to: number) => `Scaled up replica set ${name} from ${from} to ${to}`;

const cases: Record<string, { objects: (Deployment | ReplicaSet | Pod)[]; wanted: string[] }> = {
  'the first replica set': { objects: [web()], wanted: ['+web=4'] },
  'a new one, within surge and what may be unavailable': {
    objects: [web(), set(1, { size: 4 })],
    wanted: ['+web=1', 'web-1=3', down('web-1', 4, 3)],
  },
  'the new one grows first': {
    objects: [web(), set(1, { size: 3 }), set(2, { size: 1, available: 0 })],
    wanted: ['web-2=2', up('web-2', 1, 2)],
  },
  'nothing moves until pods are available': {
    objects: [web(), set(1, { size: 3 }), set(2, { size: 2, available: 0 })],
    wanted: [],
  },
  'the old one shrinks as the new one is available': {
    objects: [web(), set(1, { size: 3 }), set(2, { size: 2, available: 1 })],
    wanted: ['web-1=2', down('web-1', 3, 2)],
  },
  'pods of old ones that are not available go first': {
    objects: [web(), set(1, { size: 3, available: 1 }), set(2, { size: 2, available: 2 })],
    wanted: ['web-1=1', down('web-1', 3, 1)],
  },
  'scaling one replica set': {
    objects: [web({ replicas: 6 }), set(2, { size: 4 })],
    wanted: ['web-2=6', up('web-2', 4, 6)],
  },
  'a size that was only noted wrong': {
    objects: [web(), set(2, { size: 4, desired: 5 })],
    wanted: ['web-2=4'],
  },
  'paused: no new replica set': { objects: [web({ paused: true }), set(1, { size: 4 })], wanted: [] },
  'recreate: old ones first': {
    objects: [web(recreate), set(1, { size: 4 })],
    wanted: ['web-1=0', down('web-1', 4, 0)],
  },
  'recreate: then their pods': { objects: [web(recreate), set(1, { size: 0 }), oldPod], wanted: [] },
  'recreate: then the new one': { objects: [web(recreate), set(1, { size: 0 })], wanted: ['+web=4'] },
  'a replica set of nobody is adopted first': {
    objects: [
      web(),
      { ...set(1, { size: 4 }), metadata: { ...set(1, { size: 4 }).metadata, ownerReferences: [] } },
    ],
    wanted: ['patch default/web-1'],
  },
};

describe('a deployment', () => {
  for (const [name, { objects, wanted }] of Object.entries(cases))
    test(name, () => assert.deepEqual(plan(objects), wanted));

  test('cleans up when it is done', () => {
    const done = { updatedReplicas: 4, replicas: 4, availableReplicas: 4, observedGeneration: 2 };
    const objects = [
      web({ revisionHistoryLimit: 1 }, done),
      set(1, { size: 0, image: 'nginx:x' }),
      set(2, { size: 0, image: 'nginx:y' }),
      set(3, { size: 4, image: 'nginx:2' }),
    ];
    assert.deepEqual(plan(objects), ['-default/web-1']);
  });

  test('leaves alone what is going', () => {
    const going = web();
    going.metadata.deletionTimestamp = timestamp(now);
    assert.deepEqual(plan([going, set(1, { size: 4 })]), []);
  });
});

const progressing = (reason: string, secondsAgo: number, status = 'True'): DeploymentStatus => ({
  observedGeneration: 2,
  replicas: 4,
  updatedReplicas: 4,
  readyReplicas: 3,
  availableReplicas: 3,
  conditions: [
    {
      ...makeCondition({ type: 'Progressing', status: 'True', reason, message: '' }, now - secondsAgo * 1000),
      status,
    },
  ],
});
const refused = new StatusError(403, 'Forbidden', 'no more replica sets');
const failing = {
  conditions: {
    replicas: 4,
    conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }],
  },
};
const almost = set(2, { size: 4, available: 3 });
const available = 'Available True MinimumReplicasAvailable';

const conditionCases: Record<
  string,
  { objects: (Deployment | ReplicaSet)[]; failure?: StatusError; wanted: string[] }
> = {
  'a new replica set': {
    objects: [web()],
    wanted: ['Progressing True NewReplicaSetCreated', 'Available False MinimumReplicasUnavailable'],
  },
  'one that was there': {
    objects: [web({}, { ...progressing('', 0), conditions: [] }), almost],
    wanted: ['Progressing True FoundNewReplicaSet', available],
  },
  progress: {
    objects: [web({}, { ...progressing('FoundNewReplicaSet', 9), readyReplicas: 2 }), almost],
    wanted: [available, 'Progressing True ReplicaSetUpdated'],
  },
  'all available': {
    objects: [web({}, progressing('ReplicaSetUpdated', 9)), set(2, { size: 4 })],
    wanted: [available, 'Progressing True NewReplicaSetAvailable'],
  },
  'no progress for too long': {
    objects: [web({}, progressing('ReplicaSetUpdated', 601)), almost],
    wanted: [available, 'Progressing False ProgressDeadlineExceeded'],
  },
  'no progress, but once complete': {
    objects: [web({}, progressing('NewReplicaSetAvailable', 601)), almost],
    wanted: ['Progressing True NewReplicaSetAvailable', available],
  },
  'no deadline': {
    objects: [web({ progressDeadlineSeconds: 2 ** 31 - 1 }, progressing('ReplicaSetUpdated', 9)), almost],
    wanted: [available],
  },
  paused: {
    objects: [web({ paused: true }, progressing('ReplicaSetUpdated', 9)), almost],
    wanted: ['Progressing Unknown DeploymentPaused', available],
  },
  resumed: {
    objects: [web({}, progressing('DeploymentPaused', 9, 'Unknown')), almost],
    wanted: ['Progressing Unknown DeploymentResumed', available],
  },
  'a replica set that cannot make pods': {
    objects: [web({}, progressing('ReplicaSetUpdated', 9)), set(2, { size: 4, available: 3, ...failing })],
    wanted: ['Progressing True ReplicaSetUpdated', available, 'ReplicaFailure True FailedCreate'],
  },
  'a replica set that cannot be made': {
    objects: [web()],
    failure: refused,
    wanted: ['Progressing False ReplicaSetCreateError'],
  },
};

describe('the conditions of a deployment', () => {
  for (const [name, { objects, failure, wanted }] of Object.entries(conditionCases))
    test(name, () => assert.deepEqual(told(objects, failure), wanted));

  test('are looked at again when the deadline has passed', () => {
    const view = fixedView(deployment, {
      now,
      objects: [web({}, progressing('ReplicaSetUpdated', 100)), almost],
    });
    const again = [...deployment.reconcile('default/web', view)].filter(
      ({ type }) => type === 'requeueAfter',
    );
    assert.deepEqual(again, [{ type: 'requeueAfter', milliseconds: 501_000 }]);
  });

  test('keep their times', () => {
    const text = { type: 'Available', status: 'True', reason: 'one', message: '' } as const;
    const before = [makeCondition(text, now)];
    assert.deepEqual(withCondition(before, makeCondition(text, now + 5000)), before);
    const other = withCondition(before, makeCondition({ ...text, reason: 'other' }, now + 5000));
    assert.equal(conditionOf(other, 'Available')?.lastTransitionTime, timestamp(now));
    assert.equal(conditionOf(other, 'Available')?.lastUpdateTime, timestamp(now + 5000));
    assert.deepEqual(withoutCondition(other, 'Available'), []);
  });
});

describe('a rollout', () => {
  test('takes the oldest of several replica sets that fit, and changes only its copies', () => {
    const sets = [
      set(3, { size: 1, image: 'nginx:2' }),
      set(2, { size: 0 }),
      set(1, { size: 4, desired: 3 }),
    ];
    const original = structuredClone(sets);
    const rollout = new Rollout(web(), sets, now);
    assert.equal(rollout.newSet?.metadata.name, 'web-2');
    assert.ok(isScaling(rollout));
    rollout.scale(rollout.newSet as ReplicaSet, 4);
    assert.deepEqual(sets, original);
  });

  test('is complete when all that is wanted is new and available', () => {
    const done = { updatedReplicas: 4, replicas: 4, availableReplicas: 4, observedGeneration: 2 };
    assert.ok(isComplete(web(), done));
    for (const short of [
      { updatedReplicas: 3 },
      { replicas: 5 },
      { availableReplicas: 3 },
      { observedGeneration: 1 },
    ])
      assert.ok(!isComplete(web(), { ...done, ...short }));
  });
});
