import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allVerbs, defineKind } from './kind.ts';

const minimal = {
  group: 'example.com',
  version: 'v1',
  kind: 'BigThing',
  plural: 'bigthings',
  scope: 'Cluster' as const,
  example: { metadata: { name: 'a' } },
};

test('a kind that says the least has what nearly all have', () => {
  assert.deepEqual(defineKind(minimal), {
    ...minimal,
    schema: 'BigThing',
    singular: 'bigthing',
    shortNames: [],
    categories: [],
    subresources: [],
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    unconditionalUpdate: true,
  });
});

test('what it says itself stays', () => {
  const said = {
    ...minimal,
    schema: 'Other',
    singular: 'one',
    shortNames: ['bt'],
    categories: ['all'],
    subresources: ['status'],
    verbs: allVerbs.slice(0, 2),
    unconditionalUpdate: false,
  };
  assert.deepEqual(defineKind(said), said);
});
