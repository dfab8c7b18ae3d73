import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goDuration } from './go-duration.ts';

test('durations as Go prints them', () => {
  const cases = {
    0: '0s',
    250: '250ms',
    1500: '1.5s',
    10000: '10s',
    80000: '1m20s',
    300000: '5m0s',
    3723004: '1h2m3.004s',
  };
  for (const [milliseconds, text] of Object.entries(cases))
    assert.equal(goDuration(Number(milliseconds)), text);
});
