/** Adoption and release. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConfigMap, Deployment } from '../kinds/generated/types.ts';
import type { KubeObject } from '../kinds/object.ts';
import { claimObjects, controllerOfObject, controllerReference, orphanNamespace, ownersOf } from './owner.ts';

const ownerKind = { apiVersion: 'apps/v1', kind: 'Deployment' };
const owner: Deployment = { metadata: { name: 'web', namespace: 'default', uid: 'uid-web' } };
const selector = { matchLabels: { app: 'web' } };

const object = (
  labels: Record<string, string>,
  controlledBy?: string,
  metadata: KubeObject['metadata'] = {},
) => ({
  metadata: {
    name: 'a',
    namespace: 'default',
    uid: 'uid-a',
    labels,
    ...(controlledBy === undefined
      ? {}
      : { ownerReferences: [{ ...controllerReference(owner, ownerKind), uid: controlledBy }] }),
    ...metadata,
  },
});

const matching = { app: 'web' };
const other = { app: 'other' };
const going = { deletionTimestamp: '2026-01-01T00:00:00Z' };

const cases: Record<string, { object: ConfigMap; owner?: Deployment; claimed: boolean; patched: boolean }> = {
  'its own': { object: object(matching, 'uid-web'), claimed: true, patched: false },
  'its own that no longer matches': { object: object(other, 'uid-web'), claimed: false, patched: true },
  'nobody’s': { object: object(matching), claimed: true, patched: true },
  'nobody’s that does not match': { object: object(other), claimed: false, patched: false },
  'nobody’s that is going': { object: object(matching, undefined, going), claimed: false, patched: false },
  'another’s of the same name': { object: object(matching, 'uid-before'), claimed: false, patched: false },
  'nobody’s, when the owner is going': {
    object: object(matching),
    owner: { metadata: { ...owner.metadata, ...going } },
    claimed: false,
    patched: false,
  },
  'its own that no longer matches, when the owner is going': {
    object: object(other, 'uid-web'),
    owner: { metadata: { ...owner.metadata, ...going } },
    claimed: false,
    patched: false,
  },
};

describe('an owner claims', () => {
  for (const [name, { object: each, owner: by = owner, claimed, patched }] of Object.entries(cases))
    test(name, () => {
      const claim = claimObjects([each], { owner: by, ownerKind, kind: 'ConfigMap', selector });
      assert.deepEqual([claim.claimed.length === 1, claim.changes.length === 1], [claimed, patched]);
    });
});

describe('an object concerns', () => {
  const keys = ownersOf<Deployment>({
    ownerKind,
    selectorOf: ({ spec }) => spec?.selector,
    list: () => [{ ...owner, spec: { selector, template: {} } }],
  });
  test('its controller', () => assert.deepEqual(keys(object(other, 'uid-web')), ['default/web']));
  test('who could adopt it', () => assert.deepEqual(keys(object(matching)), ['default/web']));
  test('nobody else', () => assert.deepEqual(keys(object(other)), []));
  test('nobody without labels', () => assert.deepEqual(keys(object({})), []));
  test('not a controller of another kind', () => {
    const controlled = object(matching, 'uid-web');
    for (const reference of controlled.metadata.ownerReferences ?? []) reference.kind = 'StatefulSet';
    assert.deepEqual([keys(controlled), controllerOfObject(controlled)?.kind], [[], 'StatefulSet']);
  });
  test('a namespace, as an orphan, when nobody controls it', () =>
    assert.deepEqual(
      [orphanNamespace(object({}, 'uid-web')), orphanNamespace(object({}))],
      [[], ['default']],
    ));
});
