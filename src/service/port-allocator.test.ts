import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../lib/random.ts';
import { nextPort, nodePortRangeDefault, type PortRange, staticPortBandSize } from './port-allocator.ts';

test('the lower band of ranges of every size', () => {
  const cases: [size: number, band: number][] = [
    [1, 0],
    [16, 0],
    [17, 16],
    [512, 16],
    [1024, 32],
    [2768, 86],
    [4096, 128],
    [65_535, 128],
  ];
  assert.deepEqual(
    cases.map(([size]) => [size, staticPortBandSize(size)]),
    cases,
  );
});

function takeAll(range: PortRange, seed: number): number[] {
  const random = seededRandom(seed);
  const taken = new Set<number>();
  for (;;) {
    const port = nextPort(range, { random, isTaken: (each) => taken.has(each) });
    if (port === undefined) return [...taken];
    assert.equal(taken.has(port), false);
    taken.add(port);
  }
}

test('a small range is given out whole, each port once', () => {
  const ports = takeAll({ first: 30_000, last: 30_007 }, 1);
  assert.deepEqual(ports.sort(), [30_000, 30_001, 30_002, 30_003, 30_004, 30_005, 30_006, 30_007]);
});

test('the default range is given out whole: first the upper band, then the lower', () => {
  const ports = takeAll(nodePortRangeDefault, 2);
  assert.equal(ports.length, 2768);
  assert.ok(ports.slice(0, 2682).every((port) => port >= 30_086));
  assert.ok(ports.slice(2682).every((port) => port < 30_086));
});

test('over any set of taken ports: a free one, from the upper band while it lasts', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 59 })), fc.integer(), (offsets, seed) => {
      const range = { first: 30_000, last: 30_059 };
      const taken = new Set(offsets.map((offset) => range.first + offset));
      const port = nextPort(range, { random: seededRandom(seed), isTaken: (each) => taken.has(each) });
      if (port === undefined) return assert.equal(taken.size, 60);
      assert.equal(taken.has(port), false);
      const upperFree = Array.from({ length: 44 }, (_, index) => 30_016 + index).some(
        (each) => !taken.has(each),
      );
      assert.equal(port >= 30_016, upperFree);
    }),
  );
});
