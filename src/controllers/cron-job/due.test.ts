import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CronJob } from '../../kinds/generated/types.ts';
import { dueStart, untilNext } from './due.ts';
import { parseGoDuration } from './go-duration.ts';
import { readSchedule } from './schedule.ts';

const now = Date.UTC(2026, 0, 2, 12, 30);
const created = (creationTimestamp: string, lastScheduleTime?: string): CronJob => ({
  metadata: { name: 'tick', creationTimestamp },
  spec: { schedule: '0 * * * *', jobTemplate: {} },
  status: lastScheduleTime === undefined ? {} : { lastScheduleTime },
});
const noon = Date.UTC(2026, 0, 2, 12);
const untilOne = 30 * 60_000 + 100;

const cases: Record<string, [CronJob, object, number]> = {
  'just made': [created('2026-01-02T12:10:00Z'), { tooMany: false }, untilOne],
  'one was missed': [created('2026-01-02T11:50:00Z'), { at: noon, tooMany: false }, untilOne],
  'some were missed': [created('2026-01-02T01:50:00Z'), { at: noon, tooMany: false }, untilOne],
  'a hundred and more were missed': [created('2025-12-01T00:00:00Z'), { at: noon, tooMany: true }, untilOne],
  'the last was made': [
    created('2025-12-01T00:00:00Z', '2026-01-02T12:00:00Z'),
    { tooMany: false },
    untilOne,
  ],
};

test('the start that is due, and the wait for the next', () => {
  const schedule = readSchedule('0 * * * *', undefined);
  for (const [name, [cronJob, due, wait]] of Object.entries(cases))
    assert.deepEqual(
      [dueStart(cronJob, schedule, now), untilNext(cronJob, schedule, now)],
      [due, wait],
      name,
    );
});

test('durations of Go', () => {
  assert.deepEqual(
    ['1h30m', '1.5s', '-2m', '10ms', '0'].map(parseGoDuration),
    [5_400_000, 1500, -120_000, 10, 0],
  );
});
