import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonDepthMax, jsonElementsMax, jsonMembersMax, scanJson } from './json-scan.ts';

const scan = (text: string) => scanJson(Buffer.from(text));

const shapes: Record<string, { text: string; depth: number; elements: number; members: number }> = {
  nothing: { text: '', depth: 0, elements: 0, members: 0 },
  'a string': { text: '"a"', depth: 0, elements: 0, members: 0 },
  'an object': { text: '{"a":1,"b":[2]}', depth: 2, elements: 3, members: 2 },
  'brackets and commas in a string': { text: '["[[{{,,:"]', depth: 1, elements: 1, members: 0 },
  'an escaped quote': { text: '["a\\"[[,", 1]', depth: 1, elements: 2, members: 0 },
  'an escaped backslash before the quote': { text: '["a\\\\",[1]]', depth: 2, elements: 3, members: 0 },
  'a string without its end': { text: '["a[[[[', depth: 1, elements: 1, members: 0 },
  'a backslash at the very end': { text: '"\\', depth: 0, elements: 0, members: 0 },
  'more closed than opened': { text: ']]][1]', depth: 0, elements: 1, members: 0 },
  'characters of several bytes': { text: '{"ключ":"значение"}', depth: 1, elements: 1, members: 1 },
};
for (const [name, { text, ...shape }] of Object.entries(shapes))
  test(`counts ${name}`, () => assert.deepEqual(scan(text), shape));

const refused: Record<string, { text: string; code: string }> = {
  'arrays too deep': { text: '['.repeat(jsonDepthMax + 1), code: 'JSON_TOO_DEEP' },
  'objects too deep': { text: '{"a":'.repeat(jsonDepthMax + 1), code: 'JSON_TOO_DEEP' },
  'too many numbers': { text: `[${'1,'.repeat(jsonElementsMax)}1]`, code: 'JSON_TOO_MANY_ELEMENTS' },
  'too many empty objects': { text: `[${'{},'.repeat(jsonElementsMax)}{}]`, code: 'JSON_TOO_MANY_ELEMENTS' },
  'too many keys': { text: `{${'"a":1,'.repeat(jsonMembersMax)}"a":1}`, code: 'JSON_TOO_MANY_MEMBERS' },
};
for (const [name, { text, code }] of Object.entries(refused))
  test(`refuses ${name}`, () => assert.throws(() => scan(text), { code }));

const accepted: Record<string, string> = {
  'the deepest': `${'['.repeat(jsonDepthMax)}${']'.repeat(jsonDepthMax)}`,
  'the most elements': `[${'1,'.repeat(jsonElementsMax - 2)}1]`,
  'the most members': `{${'"a":1,'.repeat(jsonMembersMax - 1)}"a":1}`,
};
for (const [name, text] of Object.entries(accepted))
  test(`takes ${name} allowed`, () => {
    scan(text);
    JSON.parse(text);
  });

function countOf(value: unknown): { depth: number; elements: number; members: number } {
  if (typeof value !== 'object' || value === null) return { depth: 0, elements: 0, members: 0 };
  const children = Object.values(value).map(countOf);
  return {
    depth: 1 + Math.max(0, ...children.map(({ depth }) => depth)),
    elements: Math.max(1, children.length) + children.reduce((sum, { elements }) => sum + elements, 0),
    members:
      (Array.isArray(value) ? 0 : children.length) + children.reduce((sum, { members }) => sum + members, 0),
  };
}

test('agrees with what JSON.parse finds', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => {
      assert.deepEqual(scan(text), countOf(JSON.parse(JSON.stringify(JSON.parse(text)))));
    }),
    { numRuns: 500, interruptAfterTimeLimit: 5000 },
  );
});

test('takes any bytes and ends', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const { depth, elements } = scanJson(bytes);
      assert.ok(depth >= 0 && elements <= bytes.length);
    }),
    { numRuns: 500, interruptAfterTimeLimit: 5000 },
  );
});

/** The legal bodies that cost JSON.parse most, found by trying some twenty shapes. */
const distinctKeys = Array.from({ length: jsonMembersMax }, (_, index) => `"\\u0061${index}":1`);
const worst: Record<string, string> = {
  'as many escaped, distinct keys as allowed': `{${distinctKeys.join(',')}}`,
  'objects of a shape of their own each': `[${distinctKeys.map((member) => `{${member}}`).join(',')}]`,
  'a body of escapes': `"${'\\u00e9'.repeat((3 * 1024 * 1024) / 6 - 1)}"`,
};
for (const [name, text] of Object.entries(worst))
  test(`what passes the scan is parsed in time: ${name}`, () => {
    const bytes = Buffer.from(text);
    const millisecondsMax = 50;
    const attempts: number[] = [];
    // Of this thread's own CPU time the best of a few: other work on the machine is not what is measured.
    while (attempts.length < 10 && !attempts.some((each) => each < millisecondsMax)) {
      const before = process.threadCpuUsage();
      scanJson(bytes);
      JSON.parse(bytes.toString('utf8'));
      const { user, system } = process.threadCpuUsage(before);
      attempts.push((user + system) / 1000);
    }
    assert.ok(
      Math.min(...attempts) < millisecondsMax,
      `took ${attempts.map((each) => each.toFixed(1)).join(', ')} ms`,
    );
  });
