import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numericLookup } from './numeric-lookup.ts';

for (const [address, family] of [
  ['127.0.0.1', 4],
  ['::1', 6],
] as const)
  test(`${address} is itself`, () => {
    numericLookup(address, {}, (...answer) => assert.deepEqual(answer, [null, address, family]));
  });
