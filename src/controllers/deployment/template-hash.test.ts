/** The pod-template-hash. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PodTemplateSpec } from '../../kinds/generated/types.ts';
import { sameTemplate, templateHash } from './template-hash.ts';

const template = (image: string, labels: Record<string, string> = { app: 'web' }): PodTemplateSpec => ({
  metadata: { labels },
  spec: { containers: [{ name: 'web', image }] },
});

describe('the hash of a template', () => {
  test('is the same for the same fields in any order', () => {
    const { metadata, spec } = template('nginx:1', { a: '1', b: '2' });
    const turned = { spec, metadata: { ...metadata, labels: { b: '2', a: '1' } } };
    assert.equal(
      templateHash(template('nginx:1', { a: '1', b: '2' }), undefined),
      templateHash(turned, undefined),
    );
  });

  test('stays what it is: names of replica sets are made of it', () =>
    assert.equal(templateHash(template('nginx:1'), undefined), '75f67448f4'));

  test('is another for another template, and after a collision', () => {
    const hashes = [
      templateHash(template('nginx:1'), undefined),
      templateHash(template('nginx:2'), undefined),
      templateHash(template('nginx:1'), 1),
      templateHash(template('nginx:1'), 2),
    ];
    assert.equal(new Set(hashes).size, 4);
    for (const hash of hashes) assert.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
  });
});

describe('two templates', () => {
  const one = template('nginx:1');
  const cases: Record<string, { other: PodTemplateSpec; wanted: boolean }> = {
    'with and without the hash are the same': {
      other: template('nginx:1', { app: 'web', 'pod-template-hash': 'x' }),
      wanted: true,
    },
    'unset and empty are the same': {
      other: { ...one, spec: { ...one.spec, volumes: [] } as never },
      wanted: true,
    },
    'another image is another': { other: template('nginx:2'), wanted: false },
    'another label is another': { other: template('nginx:1', { app: 'db' }), wanted: false },
  };
  for (const [name, { other, wanted }] of Object.entries(cases))
    test(name, () => assert.equal(sameTemplate(one, other), wanted));
});
