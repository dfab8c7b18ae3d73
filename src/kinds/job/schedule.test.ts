import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { overlapOf, parseIndexes } from './indexes.ts';
import { scheduleProblem, timeZoneProblem } from './schedule.ts';

const good = [
  '* * * * *',
  '*/15 0 1,15 * 1-5',
  '0 0 ? JAN-mar SUN',
  '5/10 * * * *',
  '0-59/5 23 31 12 6',
  '  0  0  *  *  * ',
  '@hourly',
  '@daily',
  '@midnight',
  '@weekly',
  '@monthly',
  '@yearly',
  '@annually',
  '@every 1h30m',
  'CRON_TZ=Europe/Berlin 0 6 * * *',
];

const bad: Record<string, string> = {
  '': 'empty spec string',
  '* * * *': 'expected exactly 5 fields, found 4: [* * * *]',
  '* * * * * *': 'expected exactly 5 fields, found 6: [* * * * * *]',
  '60 * * * *': 'end of range (60) above maximum (59): 60',
  '* 24 * * *': 'end of range (24) above maximum (23): 24',
  '* * 0 * *': 'beginning of range (0) below minimum (1): 0',
  '* * * * 7': 'end of range (7) above maximum (6): 7',
  '5-1 * * * *': 'beginning of range (5) beyond end of range (1): 5-1',
  '*/0 * * * *': 'step of range should be a positive number: */0',
  '1-2-3 * * * *': 'too many hyphens: 1-2-3',
  '1/2/3 * * * *': 'too many slashes: 1/2/3',
  'x * * * *': 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax',
  '@sometimes': 'unrecognized descriptor: @sometimes',
  '@every day': 'failed to parse duration @every day: time: invalid duration "day"',
  'TZ=Mars/Olympus 0 0 * * *': 'provided bad location Mars/Olympus: unknown time zone Mars/Olympus',
};

test('schedules', () => {
  assert.deepEqual(
    good.map((schedule) => [schedule, scheduleProblem(schedule)]),
    good.map((schedule) => [schedule, undefined]),
  );
  assert.deepEqual(
    Object.keys(bad).map((schedule) => [schedule, scheduleProblem(schedule)]),
    Object.entries(bad),
  );
});

test('any text at all is a schedule or has a problem', () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[-*/,?@0-9A-Za-z ]{0,20}$/));
  fc.assert(
    fc.property(text, (schedule) => {
      const problem = scheduleProblem(schedule);
      assert.ok(problem === undefined || problem.length > 0);
    }),
    { interruptAfterTimeLimit: 1000, numRuns: 500 },
  );
});

test('time zones', () => {
  assert.equal(timeZoneProblem('Etc/UTC'), undefined);
  assert.equal(timeZoneProblem('+0100'), 'unknown time zone +0100');
  assert.equal(timeZoneProblem('__proto__'), 'unknown time zone __proto__');
});

test('lists of indexes', () => {
  assert.deepEqual(parseIndexes('', 5), { intervals: [], total: 0 });
  assert.deepEqual(parseIndexes('0,2-4', 5), {
    intervals: [
      { first: 0, last: 0 },
      { first: 2, last: 4 },
    ],
    total: 4,
  });
  const problems = ['5', 'x', '3-1', '1,1', '1-2-3'].map((text) => parseIndexes(text, 5).problem);
  assert.deepEqual(problems, [
    'too large index: "5"',
    'cannot convert string to integer for index: "x"',
    'non-increasing order, previous: 3, current: 1',
    'non-increasing order, previous: 1, current: 1',
    `the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by '-'`,
  ]);
  assert.equal(overlapOf('0-3,7', '3,8', 10), 3);
  assert.equal(overlapOf('0-3,7', '4-6', 10), undefined);
});
