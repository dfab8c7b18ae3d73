import assert from 'node:assert/strict';
import { link, mkdir, open, rename, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { exec } from '../../lib/exec.ts';
import { createManualClock } from '../../lib/manual-clock.ts';
import { EntryParser, parseHeader } from './entry.ts';
import { logLimits } from './limits.ts';
import { LogOutput } from './output.ts';
import type { LogRequest, LogSource } from './read-log.ts';
import { entryText, logStart, makeTestLog, shown, type TestEntry, type TestLog } from './test-logs.ts';

const content = fc.oneof(
  { weight: 8, arbitrary: fc.string({ maxLength: 40 }).map((text) => text.replaceAll('\n', '')) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 140_000 }).map((length) => 'x'.repeat(length)) },
  { weight: 1, arbitrary: fc.constant('ü€ with bytes of several lengths') },
);

const entries: fc.Arbitrary<TestEntry[]> = fc
  .array(
    fc.record({
      second: fc.integer({ min: 0, max: 3 }),
      stream: fc.constantFrom('stdout' as const, 'stderr' as const),
      isPartial: fc.boolean(),
      content,
    }),
    { maxLength: 20 },
  )
  .map((all) => {
    let second = 0;
    return all.map((entry) => {
      second += entry.second;
      return { ...entry, second };
    });
  });

const requests: fc.Arbitrary<LogRequest> = fc.record(
  {
    since: fc.integer({ min: -1, max: 40 }).map((seconds) => logStart + seconds * 1000),
    timestamps: fc.boolean(),
    limitBytes: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 200_000 })),
    stream: fc.constantFrom('stdout' as const, 'stderr' as const),
    tailLines: fc.integer({ min: 0, max: 25 }),
  },
  { requiredKeys: [] },
);

const timeBoxed = { interruptAfterTimeLimit: 4000, numRuns: 300 };

test('whatever is asked of a log, it is what the entries say', async (t) => {
  const log = await makeTestLog(t);
  await fc.assert(
    fc.asyncProperty(entries, requests, async (written, request) => {
      await truncate(log.path);
      await log.write(written.map(entryText).join(''));
      assert.deepEqual(await log.read(request), shown(written, request));
    }),
    timeBoxed,
  );
});

/** Resolves when the reader has come to the end of the log and asks whether there may be more; or when it is done. */
function follow(log: TestLog, request: LogRequest, more: Partial<LogSource> = {}) {
  let isRunning = true;
  let caughtUp = () => {};
  const atEnd = new Promise<void>((resolve) => {
    caughtUp = resolve;
  });
  const reading = log.read(
    { ...request, follow: true },
    {
      isRunning: async () => {
        caughtUp();
        return isRunning;
      },
      ...more,
    },
  );
  return {
    atEnd: Promise.race([atEnd, reading]),
    end: () => {
      isRunning = false;
      return reading;
    },
    reading,
  };
}

test('a log is followed through rotations, however it is cut into pieces', async (t) => {
  const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 });
  const files = fc.array(fc.record({ written: entries, cuts }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(files, requests, async ([first, ...others], { tailLines, ...request }) => {
      const log = await makeTestLog(t);
      const { written: before } = first!;
      await log.write(before.map(entryText).join(''));
      const follower = follow(log, { ...request, ...(tailLines === undefined ? {} : { tailLines }) });
      await follower.atEnd;
      for (const { written, cuts } of others) {
        await log.rotate();
        const text = Buffer.from(written.map(entryText).join(''));
        const places = cuts.map((cut) => Math.floor(cut * text.length)).sort((left, right) => left - right);
        for (const [index, end] of [...places, text.length].entries())
          await log.write(text.subarray(places[index - 1] ?? 0, end));
      }
      // What was there at the beginning is cut to its last lines; what comes after that is all new.
      const tail = before.slice(tailLines === undefined ? 0 : Math.max(0, before.length - tailLines));
      const expected = [...tail, ...others.flatMap(({ written }) => written)];
      assert.deepEqual(await follower.end(), shown(expected, request));
    }),
    timeBoxed,
  );
});

const line = (text: string): string => `2026-01-01T00:00:00Z stdout F ${text}\n`;

test('a log that is cut to nothing is followed from its new beginning', async (t) => {
  const log = await makeTestLog(t);
  await log.write(line('before, and longer than what comes after'));
  const follower = follow(log, {});
  await follower.atEnd;
  await truncate(log.path);
  await log.write(line('after'));
  assert.equal(String(await follower.end()), 'before, and longer than what comes after\nafter\n');
});

test('what the runtime writes to the old file after it was renamed is shown before the new one', async (t) => {
  const log = await makeTestLog(t);
  const runtime = await open(log.path, 'a');
  t.after(() => runtime.close());
  // The clock stands while the runtime is between the two files.
  const clock = createManualClock(logStart);
  const follower = follow(log, {}, { clock });
  await follower.atEnd;
  await log.rotate();
  await runtime.write(line('late'));
  await log.write(line('new'));
  let bytes: Buffer | undefined;
  const done = follower.end().then((read) => {
    bytes = read;
  });
  while (bytes === undefined) {
    clock.advance(logLimits.rotationSettleMilliseconds);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await done;
  assert.equal(String(bytes), 'late\nnew\n');
});

test('a reader that is behind by files that were compressed goes on with the oldest that is left', async (t) => {
  const log = await makeTestLog(t);
  await log.write(line('one'));
  const follower = follow(log, {});
  await follower.atEnd;
  await log.rotate();
  await rename(`${log.path}.20260101-000000`, `${log.path}.20260101-000000.gz`);
  await log.write(line('two'));
  await log.rotate();
  await writeFile(`${log.path}.20260101-000001.tmp`, line('half'));
  await log.write(line('three'));
  assert.equal(String(await follower.end()), 'one\ntwo\nthree\n');
});

test('a log that was removed is waited for, and ends with its container', async (t) => {
  const log = await makeTestLog(t);
  await log.write(line('one'));
  const follower = follow(log, {});
  await follower.atEnd;
  await unlink(log.path);
  assert.equal(String(await follower.end()), 'one\n');
});

test('a follower that is told to stop closes its file, and so does one whose reader fails', async (t) => {
  const log = await makeTestLog(t);
  await log.write(line('one'));
  const isOpen = async () => {
    const { stdout } = await exec('ls', ['-l', `/proc/${process.pid}/fd`]);
    return stdout.includes(log.path);
  };
  const stopping = new AbortController();
  const follower = follow(log, {}, { signal: stopping.signal });
  await follower.atEnd;
  assert.equal(await isOpen(), true);
  stopping.abort();
  assert.equal(String(await follower.reading), 'one\n');
  assert.equal(await isOpen(), false);

  const gone = new Error('the client is gone');
  await assert.rejects(log.read({ follow: true }, { write: () => Promise.reject(gone) }), gone);
  assert.equal(await isOpen(), false);
});

test('a line of any length takes no more than a block at a time', async (t) => {
  const log = await makeTestLog(t);
  const length = 20 * logLimits.blockBytes;
  await log.write(line('x'.repeat(length)));
  const sizes: number[] = [];
  await log.read(
    { tailLines: 1 },
    {
      write: async ({ length }) => {
        sizes.push(length);
      },
    },
  );
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    length + 1,
  );
  assert.ok(Math.max(...sizes) <= logLimits.blockBytes);
});

test('nothing but a plain file is read, and no link is followed', async (t) => {
  const log = await makeTestLog(t);
  const at = (name: string) => path.join(path.dirname(log.path), name);
  await writeFile(at('secret'), line('secret'));
  await symlink(at('secret'), at('link'));
  await mkdir(at('folder'));
  await exec('mkfifo', [at('pipe')]);
  await link(at('secret'), at('same'));
  const outcome = (name: string) =>
    log.read({}, { path: at(name) }).then(String, (failure: NodeJS.ErrnoException) => failure.code);
  const outcomes = await Promise.all(['link', 'folder', 'pipe', 'none', 'same'].map(outcome));
  assert.deepEqual(outcomes, ['ELOOP', 'NOT_A_LOG', 'NOT_A_LOG', 'ENOENT', 'secret\n']);
});

test('lines that are no entries are left out, and an entry that is not finished is shown as far as it goes', async (t) => {
  const log = await makeTestLog(t);
  const lines = [
    'no entry\n',
    '\n',
    '2026-01-01T00:00:00Z stdout F\n',
    '2026-01-01T00:00:00Z elsewhere F x\n',
    '2026-13-01T00:00:00Z stdout F x\n',
    `2026-01-01T00:00:00Z stdout ${'F'.repeat(logLimits.headerBytesMax)} x\n`,
    `${'long '.repeat(100)}\n`,
    '2026-01-01T00:00:00.5+01:00 stderr F:more good\n',
    '2026-01-01T00:00:00Z stdout P:more in two \n',
    '2026-01-01T00:00:01Z stdout F  pieces\n',
    '2026-01-01T00:00:02Z stdout F unfinished',
  ];
  await log.write(lines.join(''));
  assert.equal(
    String(await log.read({ timestamps: true })),
    '2026-01-01T00:00:00.500000000+01:00 good\n2026-01-01T00:00:00.000000000Z in two  pieces\n2026-01-01T00:00:02.000000000Z unfinished',
  );
  await log.write('\n2026-01-01T00:00:03Z std');
  assert.equal(String(await log.read({ tailLines: 1 })), 'unfinished\n');
});

test('a header says when, where to, and whether there is more', () => {
  const of = (text: string) => {
    const header = parseHeader(text);
    return header && [header.time - logStart, header.timeText, header.stream, header.isPartial];
  };
  assert.deepEqual(of('2026-01-01T00:00:01.123456789Z stdout P '), [
    1123,
    '2026-01-01T00:00:01.123456789Z',
    'stdout',
    true,
  ]);
  assert.deepEqual(of('2026-01-01T01:00:00+01:00 stderr F '), [
    0,
    '2026-01-01T01:00:00.000000000+01:00',
    'stderr',
    false,
  ]);
  assert.deepEqual(of('2026-01-01 stderr F '), undefined);
});

test('the parser takes anything in any pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }), (pieces) => {
      const output = new LogOutput({});
      const parser = new EntryParser(output);
      for (const piece of pieces) parser.push(Buffer.from(piece));
      output.take();
    }),
    { interruptAfterTimeLimit: 1000 },
  );
});
