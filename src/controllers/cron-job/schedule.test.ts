import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSchedule, zonedTimestamp } from './schedule.ts';

/** Schedule, zone, after, the next times. */
const nextTimes: Record<string, [string, string | undefined, string, string[]]> = {
  'every quarter': [
    '*/15 * * * *',
    undefined,
    '2026-01-01T00:10:30Z',
    ['2026-01-01T00:15', '2026-01-01T00:30'],
  ],
  'over the end of the year': ['0 0 1 JAN *', undefined, '2026-01-01T00:00:00Z', ['2027-01-01T00:00']],
  'either of two days': [
    '0 0 13 * FRI',
    undefined,
    '2026-01-09T00:00:00Z',
    ['2026-01-13T00:00', '2026-01-16T00:00'],
  ],
  'a star with a step is no star': [
    '0 0 */31 * MON',
    undefined,
    '2026-01-01T00:00:00Z',
    ['2026-01-05T00:00'],
  ],
  'a name': ['@weekly', undefined, '2026-01-01T00:00:00Z', ['2026-01-04T00:00']],
  'a period': ['@every 1h30m', undefined, '2026-01-01T00:00:00Z', ['2026-01-01T01:30', '2026-01-01T03:00']],
  'a zone': ['0 6 * * *', 'Europe/Berlin', '2026-07-01T00:00:00Z', ['2026-07-01T04:00']],
  'a zone in the schedule': [
    'TZ=Europe/Berlin 0 6 * * *',
    undefined,
    '2026-01-01T00:00:00Z',
    ['2026-01-01T05:00'],
  ],
  'an hour that is left out': ['30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', ['2026-03-30T00:30']],
  'an hour that comes twice': [
    '30 2 * * *',
    'Europe/Berlin',
    '2026-10-24T12:00:00Z',
    ['2026-10-25T00:30', '2026-10-25T01:30'],
  ],
  'a leap day': ['0 0 29 2 *', undefined, '2026-01-01T00:00:00Z', ['2028-02-29T00:00']],
  'a day that never comes': ['0 0 30 2 *', undefined, '2026-01-01T00:00:00Z', []],
};

test('the next times of a schedule', () => {
  for (const [name, [text, zone, after, expected]] of Object.entries(nextTimes)) {
    const schedule = readSchedule(text, zone);
    const found: string[] = [];
    let at: number | undefined = Date.parse(after);
    while (found.length < Math.max(expected.length, 1)) {
      at = schedule(at);
      if (at === undefined) break;
      found.push(new Date(at).toISOString().slice(0, 16));
    }
    assert.deepEqual(found, expected, name);
  }
});

test('times are written as the zone shows them', () => {
  const at = Date.UTC(2026, 6, 1, 4);
  assert.deepEqual(
    [undefined, 'Europe/Berlin', 'America/St_Johns'].map((zone) => zonedTimestamp(at, zone)),
    ['2026-07-01T04:00:00Z', '2026-07-01T06:00:00+02:00', '2026-07-01T01:30:00-02:30'],
  );
});
