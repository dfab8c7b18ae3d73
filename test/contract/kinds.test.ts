/** What every kind of the registry promises. A new kind is tested the moment it is listed. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { completeObject, decodeObject } from '../../src/kinds/decode.ts';
import { describeFieldErrors } from '../../src/kinds/field.ts';
import { allVerbs, type Kind } from '../../src/kinds/kind.ts';
import { validateObjectMeta, validateObjectMetaUpdate } from '../../src/kinds/metadata.ts';
import { type AnyObject, apiVersionOf } from '../../src/kinds/object.ts';
import { kindByKind, kinds } from '../../src/kinds/registry.ts';
import { schemaOf } from '../../src/kinds/schema.ts';

const now = Date.parse('2026-06-01T00:00:00Z');

const apiVersion = (kind: Kind): string => apiVersionOf(kind.group, kind.version);
const title = (kind: Kind): string => `${apiVersion(kind)} ${kind.kind}`;
const isStored = (kind: Kind): boolean => kind.verbs.includes('update');

/** The example as the API server has it in hand: decoded, with defaults. */
function received(kind: Kind): AnyObject {
  const { object, unknownFields } = decodeObject<AnyObject>(structuredClone(kind.example), kind.schema);
  assert.deepEqual(unknownFields, []);
  kind.defaults?.(object);
  return object;
}

/** The example as a create leaves it. */
function created(kind: Kind): AnyObject {
  const object = received(kind);
  object.metadata.uid = 'b6a1c9f2-0000-4000-8000-000000000001';
  object.metadata.creationTimestamp = '2026-05-31T23:00:00Z';
  if (kind.generation) object.metadata.generation = 1;
  if (kind.subresources.includes('status') && !kind.statusOnCreate) object.status = {};
  kind.prepareCreate?.(object);
  completeObject(object, kind.schema);
  return asStored(object);
}

/** Without what is undefined, as a trip through bytes leaves it. */
function asStored(object: AnyObject): AnyObject {
  return JSON.parse(JSON.stringify(object)) as AnyObject;
}

/** An object of which nothing is known but its name. */
function bare(kind: Kind): AnyObject {
  return decodeObject<AnyObject>({ metadata: { name: 'bare' } }, kind.schema).object;
}

function createErrors(kind: Kind, object: AnyObject): string {
  const errors = [
    ...(isStored(kind) ? validateObjectMeta(object.metadata, kind) : []),
    ...(kind.validate?.(object) ?? []),
    ...(kind.validateCreate?.(object) ?? []),
  ];
  return errors.length === 0 ? '' : describeFieldErrors(errors);
}

function updateErrors(kind: Kind, object: AnyObject, old: AnyObject): string {
  const errors = [
    ...validateObjectMetaUpdate(object.metadata, old.metadata),
    ...(kind.validate?.(object) ?? []),
    ...(kind.validateUpdate?.(object, old) ?? []),
  ];
  return errors.length === 0 ? '' : describeFieldErrors(errors);
}

function row(kind: Kind, object: AnyObject): unknown[] {
  return (kind.columns ?? []).map((column) => column.of(object, now));
}

for (const kind of kinds)
  describe(title(kind), () => {
    test('the example is of the kind, has only known fields and is valid', () => {
      assert.equal(kind.example.apiVersion, apiVersion(kind));
      assert.equal(kind.example.kind, kind.kind);
      assert.equal(createErrors(kind, created(kind)), '');
    });

    test('defaults are idempotent', () => {
      const once = received(kind);
      const twice = structuredClone(once);
      kind.defaults?.(twice);
      assert.deepEqual(twice, once);
    });

    test('what is stored survives being read and decoded again', () => {
      const object = created(kind);
      const { object: again } = decodeObject<AnyObject>(structuredClone(object), kind.schema);
      kind.defaults?.(again);
      completeObject(again, kind.schema);
      assert.deepEqual(again, object);
    });

    test('an update that changes nothing is valid and changes nothing', () => {
      if (!isStored(kind)) return;
      const old = created(kind);
      const object = structuredClone(old);
      kind.prepareUpdate?.(object, old);
      assert.deepEqual(asStored(object), old);
      assert.equal(updateErrors(kind, object, old), '');
      if (!kind.subresources.includes('status')) return;
      kind.prepareStatusUpdate?.(object, old, 'status');
      assert.deepEqual(asStored(object), old);
      assert.deepEqual(kind.validateStatusUpdate?.(object, old, 'status') ?? [], []);
    });

    test('columns print the example, and an object of which nothing is known', () => {
      for (const object of [created(kind), bare(kind)])
        for (const cell of row(kind, object))
          assert.ok(cell === null || ['string', 'number', 'boolean'].includes(typeof cell), String(cell));
    });

    test('fields for selectors are texts, of the example and of a bare object', () => {
      for (const object of [created(kind), bare(kind)])
        for (const value of Object.values(kind.selectableFields?.(object) ?? {}))
          assert.equal(typeof value, 'string');
    });

    test('warnings are none for the example', () => {
      if (kind.plural === 'componentstatuses' || kind.plural === 'endpoints') return;
      assert.deepEqual(kind.warnings?.(created(kind)) ?? [], []);
    });

    test('it has a schema with apiVersion, kind and metadata', () => {
      const fields = schemaOf(kind.schema).fields;
      for (const field of ['apiVersion', 'kind', 'metadata']) assert.ok(fields.has(field), field);
      assert.equal(fields.has('status') || !kind.subresources.includes('status'), true);
    });

    test('columns have names of their own, and the first says which object it is', () => {
      const names = (kind.columns ?? []).map((column) => column.name);
      assert.deepEqual([...new Set(names)], names);
      if (names.length > 0) assert.ok(names.includes('Name'));
    });

    test('verbs are known', () => {
      for (const verb of kind.verbs) assert.ok((allVerbs as readonly string[]).includes(verb), verb);
    });
  });

describe('the registry', () => {
  test('no name means two things', () => {
    const owners = new Map<string, string>();
    for (const kind of kinds)
      for (const name of [kind.plural, kind.singular, ...kind.shortNames]) {
        // Events stand in two groups, as upstream; versions of a group share all names.
        const owner = kind.plural === 'events' ? 'events' : `${kind.group}/${kind.plural}`;
        assert.equal(owners.get(name) ?? owner, owner, name);
        owners.set(name, owner);
      }
  });

  test('versions of a group stand together, and resources are in order', () => {
    const versions = kinds.map(apiVersion);
    const runs = versions.filter((version, index) => version !== versions[index - 1]);
    assert.deepEqual([...new Set(runs)], runs);
    for (const version of runs) {
      const plurals = kinds.filter((kind) => apiVersion(kind) === version).map((kind) => kind.plural);
      assert.deepEqual([...plurals].sort(), plurals);
    }
  });
});

describe('kinds that are stored as another', () => {
  for (const kind of kinds.filter((each) => each.storedAs !== undefined)) {
    const { storedAs } = kind;
    if (storedAs === undefined) continue;
    const stored = kindByKind(storedAs.group, storedAs.version, storedAs.kind);
    assert.ok(stored, title(kind));

    test(`${title(kind)}: nothing of the stored object is lost on the way out and back`, () => {
      const object = created(stored);
      const there = storedAs.fromStored(structuredClone(object));
      assert.equal(there.apiVersion, apiVersion(kind));
      const back = storedAs.toStored(there);
      completeObject(back, stored.schema);
      assert.deepEqual(back, object);
    });

    test(`${title(kind)}: its own objects are valid and complete when stored`, () => {
      const object = created(kind);
      const there = storedAs.toStored(structuredClone(object));
      const { unknownFields } = decodeObject(structuredClone(there), stored.schema);
      assert.deepEqual(unknownFields, []);
      assert.equal(createErrors(stored, there), '');
      const back = storedAs.fromStored(there);
      completeObject(back, kind.schema);
      assert.deepEqual(back, object);
    });
  }
});

/** As `kubectl api-resources -o wide` prints it. */
function apiResources(): string {
  const rows = kinds
    .filter((kind) => !(kind.group === 'autoscaling' && kind.version === 'v1'))
    .sort((left, right) =>
      left.group === right.group
        ? left.plural.localeCompare(right.plural)
        : left.group.localeCompare(right.group),
    )
    .map((kind) => [
      kind.plural,
      kind.shortNames.join(','),
      apiVersion(kind),
      String(kind.scope === 'Namespaced'),
      kind.kind,
      [...kind.verbs].sort().join(','),
      kind.categories.join(','),
    ]);
  const table = [['NAME', 'SHORTNAMES', 'APIVERSION', 'NAMESPACED', 'KIND', 'VERBS', 'CATEGORIES'], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)) + 3) ?? [];
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

test('api-resources lists what upstream v1.36 lists, alpha and beta left out, and what MetalLB adds', () => {
  const file = path.join(import.meta.dirname, 'api-resources.txt');
  if (process.argv.includes('--update')) writeFileSync(file, apiResources());
  assert.equal(apiResources(), readFileSync(file, 'utf8'));
});
