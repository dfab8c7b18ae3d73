import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { sharedElementsMax, sharedPartsMax, sharedPlacesMax, sharedTextCharactersMax } from './limits.ts';
import { SharedParts } from './shared-parts.ts';

const pod = (name: string, change: Record<string, unknown> = {}) => ({
  metadata: { name, labels: { app: 'web' } },
  spec: {
    containers: [
      { name: 'web', image: 'example/web:1.29.2', resources: {}, args: ['-v', '1'] },
      { name: 'log', image: 'example/log:1.0.0', resources: {} },
    ],
    selector: { app: 'web' },
    ...change,
  },
});

/** Every object and array that is somewhere in a value. */
function partsOf(value: unknown, found: object[] = []): object[] {
  if (typeof value !== 'object' || value === null) return found;
  found.push(value);
  for (const part of Object.values(value)) partsOf(part, found);
  return found;
}

const sharesNothingWithItself = (value: unknown): void => {
  const parts = partsOf(value);
  assert.equal(new Set(parts).size, parts.length);
};

describe('shared parts', () => {
  test('equal parts at one place become the same, whole subtrees too', () => {
    const shared = new SharedParts();
    const [first, second, other] = [pod('a'), pod('b'), pod('c', { nodeName: 'node-1' })].map((each) =>
      shared.share('Pod', each),
    ) as [ReturnType<typeof pod>, ReturnType<typeof pod>, ReturnType<typeof pod>];
    assert.equal(first.spec, second.spec);
    assert.equal(first.metadata.labels, second.metadata.labels);
    assert.notEqual(first.metadata, second.metadata);
    assert.notEqual(first.spec, other.spec);
    assert.equal(first.spec.containers, other.spec.containers);
    assert.deepEqual([first, second, other], [pod('a'), pod('b'), pod('c', { nodeName: 'node-1' })]);
  });

  test('equal parts at two places of one object stay two, and so do those of two kinds', () => {
    const shared = new SharedParts();
    const object = shared.share('Pod', pod('a'));
    sharesNothingWithItself(object);
    assert.notEqual(object.metadata.labels, object.spec.selector);
    assert.notEqual(shared.share('ReplicaSet', pod('a')).spec, object.spec);
  });

  for (const [what, one, another] of [
    ['a text and a number', { a: '1' }, { a: 1 }],
    ['a text and null', { a: 'null' }, { a: null }],
    ['true and false', { a: true }, { a: false }],
    ['a list and an object', { a: [] }, { a: {} }],
    ['a list in a list and a longer list', { a: [['x'], 'y'] }, { a: [['x', 'y']] }],
    ['texts that are cut elsewhere', { a: 'x', b: '"1:y' }, { a: 'x"1:', b: 'y' }],
    ['another order of fields', { a: 1, b: 2 }, { b: 2, a: 1 }],
    ['another field', { a: 1 }, { b: 1 }],
    ['a field named __proto__', JSON.parse('{"__proto__":{"a":1}}'), { a: 1 }],
  ] as const)
    test(`are told apart: ${what}`, () => {
      const shared = new SharedParts();
      const text = (value: unknown) => JSON.stringify({ part: value });
      const found = [one, another].map((each) => shared.share('Kind', JSON.parse(text(each))));
      assert.deepEqual(
        found.map((each) => JSON.stringify(each)),
        [text(one), text(another)],
      );
    });

  test('what is long is left as it is', () => {
    const shared = new SharedParts();
    const long = () => ({
      text: { text: 'x'.repeat(sharedTextCharactersMax + 1) },
      list: Array.from({ length: sharedElementsMax + 1 }, (_, index) => ({ index })),
      many: Object.fromEntries(
        Array.from({ length: 40 }, (_, index) => [`text-${index}`, 'x'.repeat(sharedTextCharactersMax)]),
      ),
      beside: { a: 1 },
    });
    const [first, second] = [shared.share('Kind', long()), shared.share('Kind', long())];
    assert.deepEqual([first, second], [long(), long()]);
    assert.notEqual(first.text, second.text);
    assert.notEqual(first.list, second.list);
    assert.notEqual(first.many, second.many);
    assert.equal(first.beside, second.beside);
  });

  test('goes on sharing when more was seen than it remembers', () => {
    const shared = new SharedParts();
    const object = (index: number) => ({
      spec: { template: { replicas: 1 } },
      labels: { [`label-${index}`]: { index } },
    });
    const first = shared.share('Kind', object(0));
    // Each brings two places and two parts that are never seen again.
    const rounds = sharedPartsMax + sharedPlacesMax;
    let last = first;
    for (let index = 1; index <= rounds; index++) {
      const next = shared.share('Kind', object(index));
      assert.deepEqual(next, object(index));
      last = next;
    }
    assert.equal(shared.share('Kind', object(1)).spec, last.spec);
  });

  test('whatever comes: equal to what it was, in the same order, and nothing twice in one object', () => {
    const leaf = fc.oneof(
      fc.constantFrom('', 'a', '"', '#1,', '=', '1'),
      fc.nat(3),
      fc.boolean(),
      fc.constant(null),
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', '1', '__proto__', 'constructor'), tie('value'), {
          maxKeys: 3,
        }),
      ),
    }));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 20 }), (values) => {
        const shared = new SharedParts();
        const texts = values.map((each) => JSON.stringify({ part: each }));
        const objects = texts.map((text) => shared.share('Kind', JSON.parse(text)));
        assert.deepEqual(
          objects.map((each) => JSON.stringify(each)),
          texts,
        );
        for (const object of objects) sharesNothingWithItself(object);
      }),
      { numRuns: 300, interruptAfterTimeLimit: 500 },
    );
  });
});
