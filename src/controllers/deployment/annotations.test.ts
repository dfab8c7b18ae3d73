/** Revisions and sizes on replica sets. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Deployment, ReplicaSet } from '../../kinds/generated/types.ts';
import { revisionHistoryCharactersMax } from '../limits.ts';
import {
  annotateNewSet,
  annotateSizes,
  desiredReplicasOf,
  maxReplicasOf,
  maxRevision,
} from './annotations.ts';

type Annotations = Record<string, string>;
const revision = 'deployment.kubernetes.io/revision';
const history = 'deployment.kubernetes.io/revision-history';
const set = (annotations: Annotations = {}): ReplicaSet => ({
  metadata: { annotations: { ...annotations } },
});
const web = (annotations: Annotations = {}): Deployment => ({ metadata: { annotations } });

const cases: Record<
  string,
  { deployment?: Deployment; has: Annotations; to: bigint; wanted: Annotations | undefined }
> = {
  'the first revision': { has: {}, to: 1n, wanted: { [revision]: '1' } },
  'the same revision': { has: { [revision]: '2' }, to: 2n, wanted: undefined },
  'a revision that is higher already': { has: { [revision]: '4' }, to: 2n, wanted: undefined },
  'numbers, not texts': { has: { [revision]: '9' }, to: 10n, wanted: { [revision]: '10', [history]: '9' } },
  'one more of several': {
    has: { [revision]: '5', [history]: '1,3' },
    to: 7n,
    wanted: { [revision]: '7', [history]: '1,3,5' },
  },
  'numbers beyond what a double tells apart': {
    has: { [revision]: '3546343826724305832' },
    to: 3546343826724305833n,
    wanted: { [revision]: '3546343826724305833', [history]: '3546343826724305832' },
  },
  'a revision that cannot be read stays': { has: { [revision]: 'x' }, to: 2n, wanted: undefined },
  'the cause of a change goes along, what kubectl applied does not': {
    deployment: web({
      'kubernetes.io/change-cause': 'why not',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
      [revision]: '9',
    }),
    has: { [revision]: '2' },
    to: 2n,
    wanted: { [revision]: '2', 'kubernetes.io/change-cause': 'why not' },
  },
};

describe('the annotations of the new replica set', () => {
  for (const [name, { deployment = web(), has, to, wanted }] of Object.entries(cases))
    test(name, () => {
      const object = set(has);
      const isChanged = annotateNewSet(deployment, object, to);
      assert.deepEqual([isChanged, object.metadata.annotations], [wanted !== undefined, wanted ?? has]);
    });

  test('forget the oldest revisions', () => {
    const long = Array.from({ length: 600 }, (_, index) => index + 1).join(',');
    const object = set({ [revision]: '601', [history]: long.slice(0, revisionHistoryCharactersMax) });
    annotateNewSet(web(), object, 602n);
    const kept = object.metadata.annotations?.[history] ?? '';
    assert.ok(kept.length <= revisionHistoryCharactersMax);
    assert.ok(kept.endsWith(',601') && !kept.startsWith('1,'));
  });

  test('say how large the Deployment was', () => {
    const object = set();
    assert.ok(annotateSizes(object, { desired: 3, max: 4 }));
    assert.ok(!annotateSizes(object, { desired: 3, max: 4 }));
    assert.deepEqual(
      [desiredReplicasOf(object), maxReplicasOf(object), desiredReplicasOf(set())],
      [3, 4, undefined],
    );
  });

  test('make a highest revision', () =>
    assert.equal(maxRevision([set({ [revision]: '2' }), set(), set({ [revision]: '12' })]), 12n));
});
