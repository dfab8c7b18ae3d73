import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomInteger, randomSuffix, seededRandom } from './random.ts';
import { systemRandom } from './system.ts';

test('the same seed gives the same numbers, another seed others', () => {
  const draw = (seed: number) => {
    const random = seededRandom(seed);
    return [random.next(), random.uuid(), randomSuffix(random), randomInteger(random, 1_000_000)];
  };
  assert.deepEqual(draw(7), draw(7));
  for (const [index, value] of draw(8).entries()) assert.notEqual(value, draw(7)[index]);
});

for (const [name, random] of [
  ['seeded', seededRandom(1)],
  ['the system’s', systemRandom],
] as const)
  test(`${name}: floats in [0, 1), spread over it, and version 4 UUIDs that differ`, () => {
    const tenths = new Array<number>(10).fill(0);
    const uuids = new Set<string>();
    for (let draw = 0; draw < 5_000; draw++) {
      const value = random.next();
      assert.ok(value >= 0 && value < 1, String(value));
      tenths[Math.floor(value * 10)] = (tenths[Math.floor(value * 10)] ?? 0) + 1;
      const uuid = random.uuid();
      assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      uuids.add(uuid);
    }
    assert.equal(uuids.size, 5_000);
    // 500 each, with a standard deviation of 21: six of them.
    for (const count of tenths) assert.ok(count > 370 && count < 630, String(tenths));
  });

test('integers below a bound, each of them', () => {
  const random = seededRandom(3);
  const drawn = new Set(Array.from({ length: 300 }, () => randomInteger(random, 6)));
  assert.deepEqual([...drawn].sort(), [0, 1, 2, 3, 4, 5]);
  assert.equal(randomInteger(random, 1), 0);
});

test('suffixes of names are of upstream’s letters: no vowel, nothing that looks like another', () => {
  const random = seededRandom(5);
  const text = Array.from({ length: 400 }, () => randomSuffix(random)).join('');
  assert.deepEqual([...new Set(text)].sort().join(''), '2456789bcdfghjklmnpqrstvwxz');
  assert.equal(randomSuffix(random).length, 5);
  assert.equal(randomSuffix(random, 10).length, 10);
});
