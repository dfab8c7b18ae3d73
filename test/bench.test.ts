import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMet, type Measurement, median, ratioToFloor } from '../bench/bench.ts';
import { formatSection, mergeSections } from '../bench/report.ts';

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
    '# Benchmark results\n\nWritten by `npm run bench`; each section tells its own machine and date.\n\n## api\n\nold\n\n## store\n\nnew\n',
  );
});
