import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { boundLog, openBoundedLog } from './bounded-log.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wherry-log-'));
  file = join(folder, 'x.log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const lines = (path: string) => readFileSync(path, 'utf8').trimEnd().split('\n');

test('two files, in which the newest lines stand in their order', () => {
  const log = openBoundedLog(file, 1000);
  for (let number = 0; number < 500; number++) {
    log.write(`line ${number}\n`);
    assert.ok(statSync(file).size < 1000 + 10);
  }
  log.close();
  assert.deepEqual(readdirSync(folder).sort(), ['x.log', 'x.log.1']);
  const kept = [...lines(`${file}.1`), ...lines(file)];
  assert.equal(kept.at(-1), 'line 499');
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, index) => `line ${500 - kept.length + index}`),
  );
  assert.ok(statSync(`${file}.1`).size >= 1000);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('an earlier process has filled it', () => {
  const first = openBoundedLog(file, 10);
  first.write('a line that is longer\n');
  first.close();
  const second = openBoundedLog(file, 10);
  second.write('next\n');
  second.close();
  assert.deepEqual([lines(`${file}.1`), lines(file)], [['a line that is longer'], ['next']]);
});

test('where the older file cannot be written the newest lines are kept', () => {
  const log = openBoundedLog(file, 10);
  log.write('a line that is longer\n');
  mkdirSync(`${file}.1`);
  log.write('next\n');
  log.close();
  assert.deepEqual(lines(file), ['next']);
});

test("another program's file is bounded while it writes", () => {
  boundLog(file);
  assert.deepEqual(readdirSync(folder), []);
  const descriptor = openSync(file, 'a');
  writeSync(descriptor, 'old\n');
  boundLog(file, 5);
  assert.deepEqual(readdirSync(folder), ['x.log']);
  writeSync(descriptor, 'older\n');
  boundLog(file, 5);
  writeSync(descriptor, 'new\n');
  closeSync(descriptor);
  assert.deepEqual([lines(`${file}.1`), lines(file)], [['old', 'older'], ['new']]);
});

test('what a crash says stands behind the last line, also after a new beginning', () => {
  const stderr = openSync(file, 'a', 0o600);
  const module = JSON.stringify(join(import.meta.dirname, 'bounded-log.ts'));
  const script = `
    const { openBoundedLog } = await import(${module});
    const log = openBoundedLog(${JSON.stringify(file)}, 100);
    for (let number = 0; number < 50; number++) log.write('line ' + number + '\\n');
    throw new Error('it broke');`;
  const args = ['--input-type=module', '--eval', script];
  const done = spawnSync(process.execPath, args, { stdio: ['ignore', stderr, stderr] });
  assert.equal(done.status, 1);
  assert.match(readFileSync(file, 'utf8'), /line 49\n(.*\n)*Error: it broke\n/);
  assert.ok(readFileSync(`${file}.1`, 'utf8').startsWith('line '));
});
