import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, silentLogger } from './log.ts';
import { systemClock } from './system.ts';

function logged(
  level: 'debug' | 'info' | 'warn' | 'error',
  use: (log: ReturnType<typeof createLogger>) => void,
) {
  const lines: string[] = [];
  use(createLogger({ clock: { ...systemClock, now: () => 0 }, level, write: (line) => lines.push(line) }));
  return lines;
}

test('a line says when, how bad, what, and what about', () => {
  assert.deepEqual(
    logged('info', (log) => {
      log.debug('not written');
      log.info('stopping', { signal: 'SIGTERM', count: 2, nothing: undefined });
      log.warn('odd');
    }),
    [
      '1970-01-01T00:00:00.000Z info  stopping signal="SIGTERM" count=2 nothing=undefined\n',
      '1970-01-01T00:00:00.000Z warn  odd\n',
    ],
  );
});

test('no value makes a second line, and none is endless', () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  const lines = logged('error', (log) =>
    log.error('failed', {
      url: '/a\n2026 info forged',
      failure: new Error('inside'),
      cycle,
      long: 'x'.repeat(1e6),
    }),
  );
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.split('\n').length, 2);
  assert.match(lines[0] ?? '', /failure="Error: inside\\n {4}at /);
  assert.match(lines[0] ?? '', /cycle="\(not printable\)"/);
  assert.ok((lines[0]?.length ?? 0) < 15_000);
});

test('the silent one is silent', () => {
  for (const write of Object.values(silentLogger)) assert.equal(write('x'), undefined);
});
