import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationProblem } from './timeout.ts';

test('durations, and what Go says of what is none', () => {
  const cases: Record<string, string | undefined> = {
    '30s': undefined,
    '1h30m': undefined,
    '1.5s': undefined,
    '.5s': undefined,
    '1.s': undefined,
    '-1m': undefined,
    '+2µs': undefined,
    '0': undefined,
    '-0': undefined,
    invalid: 'time: invalid duration "invalid"',
    '': 'time: invalid duration ""',
    '-': 'time: invalid duration "-"',
    '.s': 'time: invalid duration ".s"',
    '5': 'time: missing unit in duration "5"',
    '1m5': 'time: missing unit in duration "1m5"',
    '5d': 'time: unknown unit "d" in duration "5d"',
    '1 s': 'time: unknown unit " s" in duration "1 s"',
  };
  for (const [text, problem] of Object.entries(cases)) assert.equal(durationProblem(text), problem, text);
});
