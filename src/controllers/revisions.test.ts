import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fixedView } from '../client/fixed-view.ts';
import type { ControllerRevision, PodTemplateSpec } from '../kinds/generated/types.ts';
import type { KubeObject } from '../kinds/object.ts';
import { planUpdateRevision, type RevisionOwner, templateOf } from './revisions.ts';

const template = (image: string): PodTemplateSpec => ({
  spec: { hostNetwork: true, containers: [{ name: 'c', image }] },
  metadata: { labels: { app: 'web' } },
});
const owner = (image: string): RevisionOwner => ({
  object: { metadata: { namespace: 'default', name: 'web', uid: 'u' } },
  ownerKind: { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  template: template(image),
  hashLabel: 'hash',
  collisions: undefined,
});
const view = (objects: KubeObject[] = []) =>
  fixedView({ watches: { ControllerRevision: () => [] } }, { objects });
const plan = (image: string, known: ControllerRevision[]) => planUpdateRevision(owner(image), known, view());
const known = (image: string, number: number): ControllerRevision => ({
  ...plan(image, []).revision,
  revision: number,
});

describe('the revision of a template', () => {
  test('is made when there is none', () => {
    const { revision, collisions, changes } = plan('a', []);
    const { name = '', labels } = revision.metadata;
    assert.match(name, /^web-[a-z0-9]+$/);
    assert.deepEqual(labels, { app: 'web', hash: name.slice('web-'.length) });
    assert.equal(
      JSON.stringify(revision.data),
      '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"web"}},' +
        '"spec":{"containers":[{"image":"a","name":"c"}],"hostNetwork":true}}}}',
    );
    assert.deepEqual(templateOf(revision), template('a'));
    assert.deepEqual([revision.revision, collisions, changes.map(({ type }) => type)], [1, 0, ['create']]);
  });

  test('is the one that is there', () => {
    const { revision, changes } = plan('a', [known('b', 1), known('a', 2)]);
    assert.deepEqual([revision.revision, changes], [2, []]);
  });

  test('is the newest again when its template comes back', () => {
    const { changes } = plan('a', [known('a', 1), known('b', 2)]);
    assert.deepEqual(changes, [
      { type: 'update', kind: 'ControllerRevision', object: { ...known('a', 1), revision: 3 } },
    ]);
  });

  test('has another name when its own is taken', () => {
    const taken = plan('a', []).revision;
    const { revision, collisions } = planUpdateRevision(owner('a'), [], view([taken]));
    assert.notEqual(revision.metadata.name, taken.metadata.name);
    assert.equal(collisions, 1);
  });
});
