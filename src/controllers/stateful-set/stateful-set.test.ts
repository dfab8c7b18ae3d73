/** The parts of which a StatefulSet's reconcile is made; whole sets are in ../stateful-set.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixedView } from '../../client/fixed-view.ts';
import type { Pod, StatefulSet, StatefulSetSpec } from '../../kinds/generated/types.ts';
import type { KubeObject } from '../../kinds/object.ts';
import { statefulSet } from '../stateful-set.ts';
import { hasStaleClaim } from './claims.ts';
import { claimsOf, isInRange, newPod, ordinalOf } from './identity.ts';
import { isAvailable } from './plan.ts';
import { planRevisions } from './revisions.ts';

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c' }] } };
const setOf = (spec: Partial<StatefulSetSpec> = {}): StatefulSet => ({
  metadata: { namespace: 'default', name: 'web', uid: 's' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template,
    volumeClaimTemplates: [{ metadata: { name: 'data' } }],
    ...spec,
  },
});
const named = (name: string): Pod => ({ metadata: { name } });

test('ordinals', () => {
  const set = setOf({ replicas: 2, ordinals: { start: 3 } });
  assert.deepEqual(
    ['web-3', 'web-12', 'web-x', 'web-a-1', 'web'].map((name) => ordinalOf(set, named(name))),
    [3, 12, undefined, undefined, undefined],
  );
  assert.deepEqual(
    [2, 3, 4, 5].map((ordinal) => isInRange(set, ordinal)),
    [false, true, true, false],
  );
});

test('a pod has the volumes of its claims; a claim that goes with another pod is waited for', () => {
  const set = setOf();
  const pod = newPod(set, { ordinal: 1, template, revision: 'r' });
  assert.deepEqual(pod.spec?.volumes, [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-1' } }]);
  const [claim] = claimsOf(set, 1);
  const owned = (uid: string): KubeObject => ({
    ...(claim as KubeObject),
    metadata: {
      ...claim?.metadata,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'web-1', uid }],
    },
  });
  const isStale = (objects: KubeObject[]) =>
    hasStaleClaim(set, { pod, ordinal: 1, view: fixedView(statefulSet, { objects }) });
  assert.deepEqual([isStale([]), isStale([owned('old')])], [false, true]);
});

test('a name that another revision has is not taken again', () => {
  const set = setOf();
  const empty = planRevisions(set, [], fixedView(statefulSet, { objects: [] }));
  const taken: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: { namespace: 'default', name: empty.update.name },
  };
  const again = planRevisions(set, [], fixedView(statefulSet, { objects: [taken] }));
  assert.deepEqual([empty.collisions, again.collisions], [0, 1]);
  assert.notEqual(again.update.name, empty.update.name);
});

test('available: running, ready, and for long enough', () => {
  const now = Date.UTC(2026, 0, 1, 0, 1);
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:30Z' };
  const at = (phase: string, minReadySeconds: number) =>
    isAvailable(
      { ...named('web-0'), status: { phase, conditions: [ready] } },
      setOf({ minReadySeconds }),
      now,
    );
  assert.deepEqual([at('Running', 30), at('Running', 31), at('Pending', 0)], [true, false, false]);
});
