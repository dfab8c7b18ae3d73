import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineKind } from '../kinds/kind.ts';
import { kinds } from '../kinds/registry.ts';
import { KindTable } from './kind-table.ts';

const table = new KindTable(kinds);

test('finds a kind by where it stands in a URL, and by its name', () => {
  assert.equal(table.byResource('', 'v1', 'pods')?.kind, 'Pod');
  assert.equal(table.byResource('apps', 'v1', 'deployments')?.kind, 'Deployment');
  assert.equal(table.byKind('apps', 'v1', 'Deployment')?.plural, 'deployments');
  for (const [group, version, plural] of [
    ['apps', 'v1', 'pods'],
    ['', 'v2', 'pods'],
    ['', 'v1', 'Pod'],
    ['', 'v1', '__proto__'],
    ['', 'v1', 'constructor'],
    ['', '', ''],
    ['apps/v1', 'deployments', ''],
  ] as const)
    assert.equal(table.byResource(group, version, plural), undefined, `${group}/${version}/${plural}`);
});

test('knows which versions there are', () => {
  assert.equal(table.hasGroupVersion('apps', 'v1'), true);
  assert.equal(table.hasGroupVersion('', 'v1'), true);
  assert.equal(table.hasGroupVersion('apps', 'v1beta1'), false);
});

test('kinds that show what another one stores: events and autoscalers', () => {
  const storedOf = (group: string, version: string, plural: string) => {
    const kind = table.byResource(group, version, plural) ?? assert.fail();
    const stored = table.storedKindOf(kind);
    return `${stored.group}/${stored.version}`;
  };
  assert.equal(storedOf('events.k8s.io', 'v1', 'events'), '/v1');
  assert.equal(storedOf('', 'v1', 'events'), '/v1');
  assert.equal(storedOf('autoscaling', 'v1', 'horizontalpodautoscalers'), 'autoscaling/v2');
  assert.equal(storedOf('apps', 'v1', 'deployments'), 'apps/v1');
  const places = table.stored.map(({ group, plural }) => `${group}/${plural}`);
  assert.equal(new Set(places).size, places.length);
});

test('a kind that is stored as one which is not there is an error of ours', () => {
  const orphan = defineKind({
    group: 'example.com',
    version: 'v1',
    kind: 'Thing',
    plural: 'things',
    scope: 'Cluster',
    storedAs: {
      group: 'example.com',
      version: 'v2',
      kind: 'Thing',
      toStored: (object) => object,
      fromStored: (object) => object,
    },
    example: { metadata: { name: 'a' } },
  });
  assert.throws(() => new KindTable([orphan]).storedKindOf(orphan), /stored as Thing, which does not exist/);
});
