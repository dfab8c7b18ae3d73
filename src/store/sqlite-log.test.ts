import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { put, remove } from './contract-tools.ts';
import { type StoreLimits, storeLimits } from './limits.ts';
import { SqliteLog } from './sqlite-log.ts';
import { temporaryDirectory } from './testing.ts';

function openLog(context: TestContext, limits: Partial<StoreLimits>, file?: string): SqliteLog {
  return new SqliteLog({
    file: file ?? join(temporaryDirectory(context), 'store.db'),
    limits: { ...storeLimits, ...limits },
  });
}

const everything = { from: '\0', to: '\u{10ffff}' };
const value = 'x'.repeat(100);

test('a page of a replay ends with a whole commit once it has its bytes', (context) => {
  const log = openLog(context, { pageBytesMax: 150 });
  for (let index = 0; index < 4; index++) log.commit([[put('a', value), put('b', value), put('c', value)]]);
  const pages: [afterRevision: number, rows: number, through: number][] = [];
  for (let afterRevision = 1; afterRevision < 5; ) {
    const { rows, through } = log.replay({ ...everything, afterRevision });
    pages.push([afterRevision, rows.length, through]);
    afterRevision = through;
  }
  assert.deepEqual(pages, [
    [1, 3, 2],
    [2, 3, 3],
    [3, 3, 4],
    [4, 3, 5],
  ]);
  log.close();
});

test('a page of a replay looks at so many revisions, whether or not their keys match', (context) => {
  const log = openLog(context, { replayRevisionsMax: 10 });
  for (let index = 0; index < 25; index++) log.commit([[put(index === 17 ? 'b' : 'a', value)]]);
  const page = (afterRevision: number) => {
    const { rows, through } = log.replay({ from: 'b', to: 'c', afterRevision });
    return [rows.map(({ revision }) => revision), through];
  };
  assert.deepEqual(
    [page(1), page(11), page(21), page(26)],
    [
      [[], 11],
      [[19], 21],
      [[], 26],
      [[], 26],
    ],
  );
  log.close();
});

test('a page of a range ends once it has its bytes, and says that there is more', (context) => {
  const log = openLog(context, { pageBytesMax: 150 });
  log.commit([['a', 'b', 'c', 'd'].map((key) => put(key, value))]);
  const page = (from: string) => {
    const { rows, more } = log.range({ from, to: 'z', limit: 100 });
    return [rows.map(({ key }) => key).join(''), more];
  };
  assert.deepEqual(
    [page('a'), page('c'), page('d')],
    [
      ['ab', true],
      ['cd', false],
      ['d', false],
    ],
  );
  log.close();
});

test('a compaction goes in bounded steps, each of which may be the last of a process', (context) => {
  const file = join(temporaryDirectory(context), 'store.db');
  const limits = { compactionRowsMax: 10, compactionPagesMax: 5 };
  let log = openLog(context, limits, file);
  const keys = Array.from({ length: 10 }, (_, index) => `k${index}`);
  for (let round = 0; round < 10; round++) log.commit([keys.map((key) => put(key, `${round}`.padEnd(5000)))]);
  log.commit([keys.slice(1).map((key) => remove(key))]);
  const expected = log.range({ ...everything, limit: 100 }).rows;
  assert.equal(log.compact(12), false);
  let steps = 0;
  for (let done = false; !done; steps++) {
    log.close();
    log = openLog(context, limits, file);
    assert.deepEqual(log.state, { revision: 12, compacted: 12 });
    done = log.compact(12);
    assert.deepEqual(log.range({ ...everything, limit: 100 }).rows, expected);
  }
  assert.ok(steps > 11, `${steps} steps`);
  log.close();
  assert.deepEqual(
    expected.map(({ key, revision }) => `${key}@${revision}`),
    ['k0@11'],
  );
});

test('revisions begin after the newest row', (context) => {
  const file = join(temporaryDirectory(context), 'store.db');
  const log = openLog(context, {}, file);
  log.commit([[put('a', '1')], [put('b', '1'), put('c', '1')]]);
  log.close();
  const again = openLog(context, {}, file);
  assert.deepEqual(again.state, { revision: 3, compacted: 0 });
  assert.deepEqual(
    again.commit([[put('a', '2', 2)]]).map((outcome) => outcome.committed && outcome.revision),
    [4],
  );
  again.close();
});
