import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMet, type Measurement, median, ratioConfidence, ratioToFloor } from '../bench/bench.ts';
import { formatSection, mergeSections } from '../bench/report.ts';
import { firstAndLast } from '../bench/services/processors.ts';

const measurement: Measurement = {
  name: 'GET',
  unit: 'requests/s',
  samples: [9000, 11_000, 10_000.4],
  floor: { name: 'bare node:http2', samples: [20_000, 16_000] },
  wanted: { ratioAtLeast: 0.5 },
};

test('the median is the middle, or between the two middle ones', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.throws(() => median([]), /without samples/);
});

test('a promise is about the median or about its ratio to the floor', () => {
  assert.equal(ratioToFloor(measurement)?.toFixed(3), '0.556');
  const cases: [Measurement['wanted'], boolean | undefined][] = [
    [undefined, undefined],
    [{ ratioAtLeast: 0.5 }, true],
    [{ ratioAtLeast: 0.6 }, false],
    [{ atLeast: 10_000 }, true],
    [{ atLeast: 10_001 }, false],
    [{ atMost: 10_001 }, true],
    [{ atMost: 10_000 }, false],
  ];
  for (const [wanted, met] of cases)
    assert.equal(isMet({ ...measurement, wanted }), met, JSON.stringify(wanted));
  assert.equal(isMet({ ...measurement, floor: undefined }), false);
});

/** Twenty pairs of 0.91, 0.92 .. 1.1, of which every other was taken while the machine had something else to do. */
const paired: Measurement = (() => {
  const straight = Array.from({ length: 20 }, (_, pair) => (pair % 2 === 0 ? 2000 : 1000));
  const samples = straight.map((each, pair) => (each * (91 + pair)) / 100);
  return {
    name: 'bytes',
    unit: 'MB/s',
    samples,
    floor: { name: 'straight', samples: straight, isPaired: true },
  };
})();

test('of pairs the ratio is the median of their ratios', () => {
  assert.equal(ratioToFloor(paired)?.toFixed(4), '1.0050');
  const backwards = { ...paired, samples: paired.samples.toReversed() };
  assert.notEqual(ratioToFloor(backwards)?.toFixed(4), '1.0050', 'which two are a pair counts');
  const halves = { ...paired, samples: paired.samples.slice(1) };
  assert.throws(() => ratioToFloor(halves), /without its other half/);
});

test('the median of 20 pairs lies between the 6th and the 15th, with 95 % confidence', () => {
  // Binomial(20, 1/2): 95.9 % between these ranks, 88.5 % between the next ones inwards.
  assert.deepEqual(
    ratioConfidence(paired)?.map((each) => each.toFixed(2)),
    ['0.96', '1.05'],
  );
  assert.equal(ratioConfidence(measurement), undefined);
  const [few, fewer] = [paired.samples, paired.floor?.samples ?? []].map((each) => each.slice(0, 9));
  const of = { ...paired, samples: few!, floor: { name: 'straight', samples: fewer!, isPaired: true } };
  assert.equal(ratioConfidence(of), undefined);
  assert.equal(ratioToFloor(of)?.toFixed(2), '0.95');
});

test('two processors are the first and the last of those that are allowed', () => {
  const cases = { '0': '0 0', '0-1': '0 1', '2-3,8-11\n': '2 11', '\t5,7': '5 7' };
  for (const [list, wanted] of Object.entries(cases)) assert.equal(firstAndLast(list).join(' '), wanted);
});

test('a ratio of pairs says how sure it is', () => {
  const text = formatSection({ name: 'services', conditions: [], measurements: [paired] });
  assert.match(text, /\| 1\.005 \(0\.960 - 1\.050\) \| {2}\| {2}\|\n$/);
  assert.match(mergeSections('', []), /samples were taken in pairs, ours and the floor's/);
});

test('a section is a table, and takes the place of the older one', () => {
  const text = formatSection({ name: 'api', conditions: ['today'], measurements: [measurement] });
  assert.equal(
    text,
    `## api

- today

| measured | median | range (rounds) | floor in the same run | ratio | wanted | met |
| --- | --- | --- | --- | --- | --- | --- |
| GET | 10,000 requests/s | 9,000 - 11,000 (3) | 18,000 requests/s (bare node:http2) | 0.556 | ratio at least 0.5 | yes |
`,
  );
  const existing = mergeSections('', [
    { name: 'store', text: '## store\n\nold\n' },
    { name: 'api', text: '## api\n\nold\n' },
  ]);
  assert.equal(
    mergeSections(existing, [{ name: 'store', text: '## store\n\nnew\n' }]),
    `${mergeSections('', [])}\n## api\n\nold\n\n## store\n\nnew\n`,
  );
});
