/** A thousand addresses, shown with ten. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EndpointSubset } from '../kinds/generated/types.ts';
import { truncateSubsets } from './endpoints-capacity.ts';

const addresses = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, index) => ({ ip: `${prefix}.${index}` }));

const subset = (ready: number, notReady: number, port: number): EndpointSubset => ({
  addresses: addresses(ready, '10.0.0'),
  notReadyAddresses: addresses(notReady, '10.0.1'),
  ports: [{ port }],
});

/** `ready/not ready`, for each subset. */
const counts = (subsets: readonly EndpointSubset[]) =>
  subsets.map((each) => `${each.addresses?.length ?? 0}/${each.notReadyAddresses?.length ?? 0}`);

const cases: Record<string, { subsets: [number, number][]; wanted: string[]; isTruncated: boolean }> = {
  'as many as fit': { subsets: [[6, 4]], wanted: ['6/4'], isTruncated: false },
  'those that are not ready give way': { subsets: [[6, 8]], wanted: ['6/4'], isTruncated: true },
  'too many ready ones leave no room for others': { subsets: [[12, 3]], wanted: ['10/0'], isTruncated: true },
  'each subset keeps its share': {
    subsets: [
      [10, 0],
      [10, 1],
    ],
    wanted: ['5/0', '5/0'],
    isTruncated: true,
  },
  'shares are rounded up, so that the last gets less': {
    subsets: [
      [7, 0],
      [7, 0],
      [7, 0],
    ],
    wanted: ['4/0', '4/0', '2/0'],
    isTruncated: true,
  },
  'a subset that keeps nothing goes': {
    subsets: [
      [20, 0],
      [0, 5],
    ],
    wanted: ['10/0'],
    isTruncated: true,
  },
};

describe('endpoints beyond the capacity', () => {
  for (const [name, { subsets, wanted, isTruncated }] of Object.entries(cases))
    test(name, () => {
      const result = truncateSubsets(
        subsets.map(([ready, notReady], index) => subset(ready, notReady, 80 + index)),
        10,
      );
      assert.deepEqual([counts(result.subsets), result.isTruncated], [wanted, isTruncated]);
    });
});
