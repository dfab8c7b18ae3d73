import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { equalJson, isMap, type Json, type JsonMap } from './json.ts';
import { StrategicMergeError } from './strategic-error.ts';
import { itemSchema, patched } from './strategic-testing.ts';

/** A two-way difference: what to send so that `from` becomes `to`. */
function difference(from: JsonMap, to: JsonMap): JsonMap {
  const patch: JsonMap = {};
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) patch[key] = null;
  for (const key of Object.keys(to)) {
    const old = from[key];
    const wanted = to[key] as Json;
    const meta = itemSchema.fields.get(key);
    if (old === undefined || equalJson(old, wanted)) {
      if (old === undefined) patch[key] = wanted;
    } else if (meta?.patchStrategy?.includes('merge') && Array.isArray(old) && Array.isArray(wanted))
      Object.assign(patch, listDifference({ key, old, wanted, mergeKey: meta.patchMergeKey }));
    else if (isMap(old) && isMap(wanted) && key !== 'replaced') patch[key] = difference(old, wanted);
    else patch[key] = wanted;
  }
  return patch;
}

function listDifference(at: {
  key: string;
  old: Json[];
  wanted: Json[];
  mergeKey: string | undefined;
}): JsonMap {
  const { key, old, wanted, mergeKey } = at;
  // An order directive for what is empty is refused, as upstream's own differ never sends one.
  if (wanted.length === 0) return { [key]: null };
  if (old.length === 0) return { [key]: wanted };
  const nameOf = (element: Json): Json =>
    mergeKey === undefined ? element : ((element as JsonMap)[mergeKey] as Json);
  const before = new Map(old.map((element) => [nameOf(element), element]));
  const after = new Set(wanted.map(nameOf));
  const gone = [...before.keys()].filter((name) => !after.has(name));
  const changes: Json[] = [];
  for (const element of wanted) {
    const name = nameOf(element);
    if (!before.has(name)) changes.push(element);
    else if (mergeKey !== undefined && !equalJson(before.get(name), element))
      changes.push({ ...difference(before.get(name) as JsonMap, element as JsonMap), [mergeKey]: name });
  }
  const order = mergeKey === undefined ? [...after] : [...after].map((name) => ({ [mergeKey]: name }));
  if (mergeKey === undefined)
    return {
      [`$setElementOrder/${key}`]: order,
      [`$deleteFromPrimitiveList/${key}`]: gone,
      ...(changes.length > 0 ? { [key]: changes } : {}),
    };
  const deletions = gone.map((name) => ({ [mergeKey]: name, $patch: 'delete' }));
  return { [`$setElementOrder/${key}`]: order, [key]: [...changes, ...deletions] };
}

describe('strategic merge patch of a difference', () => {
  const word = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const { tree } = fc.letrec<{ tree: JsonMap }>((tie) => {
    const unique = <Element>(element: fc.Arbitrary<Element>, selector: (each: Element) => unknown) =>
      fc.uniqueArray(element, { selector, maxLength: 4 });
    const element = fc.tuple(word, tie('tree')).map(([name, rest]) => ({ ...rest, name }));
    const mergedList = unique(element, (each) => each.name);
    return {
      tree: fc.record(
        {
          value: word,
          number: fc.integer(),
          labels: fc.dictionary(word, word, { maxKeys: 3, noNullPrototype: true }),
          joined: unique(word, (each) => each),
          plain: fc.array(word, { maxLength: 3 }),
          child: fc.oneof({ maxDepth: 3, withCrossShrink: true }, fc.constant({}), tie('tree')),
          replaced: fc.oneof({ maxDepth: 3, withCrossShrink: true }, fc.constant({}), tie('tree')),
          merged: fc.oneof({ maxDepth: 3, withCrossShrink: true }, fc.constant([]), mergedList),
        },
        { requiredKeys: [], noNullPrototype: true },
      ) as fc.Arbitrary<JsonMap>,
    };
  });

  /** An emptied merging list cannot be told from an absent one in a patch, so neither document has one. */
  function withoutEmptyLists(value: Json): Json {
    if (Array.isArray(value)) return value.map(withoutEmptyLists);
    if (!isMap(value)) return value;
    const entries = Object.entries(value).filter(([, each]) => !(Array.isArray(each) && each.length === 0));
    return Object.fromEntries(entries.map(([key, each]) => [key, withoutEmptyLists(each)]));
  }

  test('leads from one document to the other', () => {
    fc.assert(
      fc.property(tree, tree, (one, other) => {
        const from = withoutEmptyLists(one) as JsonMap;
        const to = withoutEmptyLists(other) as JsonMap;
        assert.deepEqual(patched(from, difference(from, to)), to);
      }),
      { numRuns: 3000, interruptAfterTimeLimit: 4000 },
    );
  });

  test('never throws anything but StrategicMergeError', () => {
    const key = fc.constantFrom(
      'name',
      'merged',
      'joined',
      'child',
      '$patch',
      '$retainKeys',
      '$setElementOrder/merged',
      '$deleteFromPrimitiveList/joined',
      '$setElementOrder/joined',
      '__proto__',
      'labels',
    );
    const { wild } = fc.letrec<{ wild: Json }>((tie) => ({
      wild: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<Json>('a', 'delete', 'replace', 'merge', 1, 1.5, null, true),
        fc.array(tie('wild'), { maxLength: 3 }),
        fc.dictionary(key, tie('wild'), { maxKeys: 3 }),
      ),
    }));
    const document = fc.dictionary(key, wild, { maxKeys: 4 });
    fc.assert(
      fc.property(document, document, (from, patch) => {
        try {
          patched(from, patch);
        } catch (error) {
          assert.ok(error instanceof StrategicMergeError, String((error as Error).stack));
        }
      }),
      { numRuns: 5000, interruptAfterTimeLimit: 3000 },
    );
  });
});
