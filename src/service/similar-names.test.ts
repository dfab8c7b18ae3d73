import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { editDistance, similarNames } from './similar-names.ts';

const names = ['web', 'web-service', 'backend', 'nginx', 'kubernetes', 'database'];

const cases: Record<string, { wanted: string; names?: string[]; suggested: string[] }> = {
  'two letters swapped': { wanted: 'ngnix', suggested: ['nginx'] },
  'a letter too few': { wanted: 'kubernets', suggested: ['kubernetes'] },
  'the beginning of a name': { wanted: 'web', names: ['web-service', 'website'], suggested: ['web-service'] },
  'more than the name': { wanted: 'nginx-service', suggested: ['nginx'] },
  'the nearest first': { wanted: 'wed', names: ['bed', 'web', 'wedge'], suggested: ['bed', 'web'] },
  'nothing alike': { wanted: 'frontdoor', suggested: [] },
  'another case': { wanted: 'Nginx', suggested: ['nginx'] },
  'at most three': { wanted: 'a1', names: ['a2', 'a3', 'a4', 'a5'], suggested: ['a2', 'a3', 'a4'] },
};

for (const [name, { wanted, suggested, ...given }] of Object.entries(cases))
  test(`suggests: ${name}`, () => assert.deepEqual(similarNames(wanted, given.names ?? names), suggested));

test('a distance is the same both ways, and nothing only to itself', () => {
  const word = fc.stringMatching(/^[abc-]{0,6}$/);
  fc.assert(
    fc.property(word, word, (one, other) => {
      assert.equal(editDistance(one, other), editDistance(other, one));
      assert.equal(editDistance(one, other) === 0, one === other);
      assert.ok(editDistance(one, other) <= Math.max(one.length, other.length));
    }),
  );
});
