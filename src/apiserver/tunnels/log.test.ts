import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logOptionsOf } from './log.ts';

const asked: [string, string][] = [
  ['', ''],
  ['container=a', ''],
  ['follow', 'follow=true'],
  ['follow=false&previous=0&timestamps=False', ''],
  ['timestamps=1&previous=yes&follow=true', 'follow=true&previous=true&timestamps=true'],
  ['tailLines=0&limitBytes=10', 'limitBytes=10&tailLines=0'],
  ['sinceSeconds=%2B5', 'sinceSeconds=5'],
  ['sinceTime=2026-01-02T03:04:05.678Z', 'sinceTime=2026-01-02T03%3A04%3A05Z'],
  ['sinceTime=2026-01-02T03:04:05%2B01:00', 'sinceTime=2026-01-02T03%3A04%3A05%2B01%3A00'],
  ['stream=Stdout', 'stream=Stdout'],
  ['stream=All', ''],
  ['tailLines=9223372036854775807', 'tailLines=9223372036854775807'],
];
for (const [query, wanted] of asked)
  test(`?${query} asks the kubelet for ?${wanted}`, () =>
    assert.equal(logOptionsOf(new URLSearchParams(query), 'web').query, wanted));

const invalid = (text: string): [number, string] => [422, `PodLogOptions "web" is invalid: ${text}`];
const refused: [string, [number, string]][] = [
  ['tailLines=-1', invalid('tailLines: Invalid value: -1: must be greater than or equal to 0')],
  ['limitBytes=0', invalid('limitBytes: Invalid value: 0: must be greater than 0')],
  ['sinceSeconds=0', invalid('sinceSeconds: Invalid value: 0: must be greater than 0')],
  [
    'sinceSeconds=1&sinceTime=2026-01-02T03:04:05Z',
    invalid(': Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified'),
  ],
  ['stream=Std', invalid('stream: Unsupported value: "Std": supported values: "All", "Stderr", "Stdout"')],
  [
    'stream=Stderr&tailLines=1',
    invalid(': Forbidden: `tailLines` and specific `stream` are mutually exclusive for now'),
  ],
  ['tailLines=x', [400, 'strconv.ParseInt: parsing "x": invalid syntax']],
  ['tailLines=', [400, 'strconv.ParseInt: parsing "": invalid syntax']],
  [
    'tailLines=9223372036854775808',
    [400, 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
  ],
  [
    'sinceTime=yesterday',
    [400, 'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"'],
  ],
];
for (const [query, [httpCode, message]] of refused)
  test(`?${query} is refused`, () =>
    assert.throws(() => logOptionsOf(new URLSearchParams(query), 'web'), { httpCode, message }));
