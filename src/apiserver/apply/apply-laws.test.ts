import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { AnyObject } from '../../kinds/object.ts';
import { applied, config, deploymentKind, fieldsOf, laterTime, owners } from './testing.ts';

const word = fc.constantFrom('a', 'b', 'c', 'd');
const words = fc.dictionary(word, word, { maxKeys: 3, noNullPrototype: true });
const unique = <Element extends { name: string }>(element: fc.Arbitrary<Element>) =>
  fc.uniqueArray(element, { selector: (each) => each.name, maxLength: 3 });
const partial = <Shape extends Record<string, fc.Arbitrary<unknown>>>(
  shape: Shape,
  required: (keyof Shape)[] = [],
) => fc.record(shape, { requiredKeys: required as never, noNullPrototype: true });

const container = partial(
  {
    name: word,
    image: word,
    args: fc.array(word, { minLength: 1, maxLength: 2 }),
    env: unique(partial({ name: word, value: word }, ['name']) as fc.Arbitrary<{ name: string }>),
    resources: partial({
      limits: fc.dictionary(word, fc.constantFrom('1', '2'), { maxKeys: 2, noNullPrototype: true }),
    }),
  },
  ['name'],
) as fc.Arbitrary<{ name: string }>;

const configuration: fc.Arbitrary<object> = fc
  .tuple(
    partial({
      replicas: fc.integer({ min: 1, max: 3 }),
      paused: fc.constant(true),
      strategy: partial({ type: word, rollingUpdate: partial({ maxSurge: fc.constantFrom(1, '25%') }) }),
      template: partial({ spec: partial({ containers: unique(container), nodeSelector: words }) }),
    }),
    partial({ labels: words, annotations: words }),
  )
  .map(([spec, metadata]) => config(spec, metadata));

/** The object with its lists of named things sorted: whose order history decides. */
function settled(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(settled);
    const nameOf = (item: unknown) => String((item as { name?: unknown } | null)?.name);
    return items.some((item) => typeof item === 'object')
      ? items.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
      : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  // An emptied map or list is absent for some paths and empty for others, as upstream.
  const entries = Object.entries(value).map(([key, each]) => [key, settled(each)] as const);
  const bare = (each: unknown) => typeof each === 'object' && each !== null && Object.keys(each).length === 0;
  return Object.fromEntries(entries.filter(([, each]) => !bare(each) && each !== null));
}

const withoutOwners = (object: AnyObject): unknown => {
  const { managedFields: _, ...metadata } = object.metadata;
  return settled({ ...object, metadata });
};

const options = { numRuns: 400, interruptAfterTimeLimit: 3000 };

describe('laws of applying', () => {
  test('a sole applier gets what it says last, whatever it said before', () => {
    fc.assert(
      fc.property(configuration, configuration, (first, second) => {
        const live = applied(deploymentKind, undefined, first, { manager: 'a' });
        const changed = applied(deploymentKind, live, second, { manager: 'a' });
        const direct = applied(deploymentKind, undefined, second, { manager: 'a' });
        assert.deepEqual(withoutOwners(changed), withoutOwners(direct));
        assert.deepEqual(fieldsOf(changed, 'a'), fieldsOf(direct, 'a'));
      }),
      options,
    );
  });

  test('applying again changes nothing', () => {
    fc.assert(
      fc.property(configuration, configuration, (first, second) => {
        const live = applied(deploymentKind, undefined, first, { manager: 'a' });
        const forced = applied(deploymentKind, live, second, { manager: 'b', force: true });
        const again = applied(deploymentKind, forced, second, { manager: 'b', time: laterTime });
        assert.deepEqual(withoutOwners(again), withoutOwners(forced));
        assert.deepEqual(fieldsOf(again, 'a'), fieldsOf(forced, 'a'));
      }),
      options,
    );
  });

  test('two appliers: who leaves takes only what is its own', () => {
    fc.assert(
      fc.property(configuration, configuration, (first, second) => {
        const live = applied(deploymentKind, undefined, first, { manager: 'a' });
        const both = applied(deploymentKind, live, second, { manager: 'b', force: true });
        const left = applied(deploymentKind, both, config({}), { manager: 'a' });
        const alone = applied(deploymentKind, undefined, second, { manager: 'b' });
        assert.deepEqual(withoutOwners(left), withoutOwners(alone));
        assert.ok(owners(left).every((owner) => owner === 'a Apply' || owner === 'b Apply'));
      }),
      options,
    );
  });
});
