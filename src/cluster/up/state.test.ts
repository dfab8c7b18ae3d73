import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { withLock } from './lock.ts';
import { logEnd } from './logs.ts';
import {
  identify,
  isRunning,
  launch,
  markedProcesses,
  processesWithArgument,
  stopProcess,
} from './processes.ts';
import { usualSettings } from './settings.ts';
import { clusterFile, newState, readState, StateFile } from './state.ts';
import { clusterStatus, statusText } from './status.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-state-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('what was made is on the disk before the next thing is', async () => {
  assert.equal(await readState(folder), undefined);
  const state = new StateFile(folder, newState(usualSettings('default')));
  await Promise.all([
    state.update({ network: true }),
    state.setProcess('server', { pid: 7, start: '1', boot: 'x' }),
    state.setProcess('node-1', { pid: 8, start: '2', boot: 'x' }),
  ]);
  assert.deepEqual(await readState(folder), state.current);
  assert.deepEqual(Object.keys(state.current.processes), ['server', 'node-1']);
  const { settings } = state.current;
  const broken: [unknown, RegExp][] = [
    [{}, /it is not what `wherry up` writes/],
    [{ version: 1, settings: { name: 'lab' } }, /it is not what `wherry up` writes/],
    [{ version: 1, settings, network: false, demo: false }, /it is not what `wherry up` writes/],
    [{ version: 2, settings }, /a newer wherry has written it/],
  ];
  for (const [content, message] of broken) {
    await writeFile(clusterFile(folder), JSON.stringify(content));
    await assert.rejects(readState(folder), { code: 'STATE_BROKEN', message });
  }
  await writeFile(clusterFile(folder), '{');
  await assert.rejects(readState(folder), { code: 'STATE_BROKEN' });
});

test('a process is known by its start, found by its mark, and ended', async () => {
  const log = path.join(folder, 'sleep.log');
  const identity = await launch({ command: 'sleep', args: ['1000.5'], log, dataDirectory: folder });
  try {
    assert.equal(await isRunning(identity), true);
    assert.equal(await isRunning({ ...identity, start: '1' }), false);
    assert.deepEqual(await markedProcesses(folder), [identity]);
    assert.ok((await processesWithArgument('1000.5')).some(({ pid }) => pid === identity.pid));
  } finally {
    await stopProcess(identity);
  }
  assert.equal(await isRunning(identity), false);
  assert.deepEqual(await markedProcesses(folder), []);
  await assert.rejects(launch({ command: '/nowhere/x', args: [], log, dataDirectory: folder }), /ENOENT/);
});

test('one at a time; a lock whose holder is gone holds nobody up', async () => {
  const order: string[] = [];
  const hold = (name: string) =>
    withLock(folder, async () => {
      order.push(`${name} in`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`${name} out`);
    });
  await Promise.all(['a', 'b', 'd'].map(hold));
  for (const [index, line] of order.entries())
    if (index % 2 === 1) assert.equal(line, order[index - 1]?.replace('in', 'out'));
  assert.equal(order.length, 6);
  const gone = { ...(await identify(process.pid)), start: '1' };
  await writeFile(path.join(folder, 'up.lock'), JSON.stringify(gone));
  await hold('c');
  assert.deepEqual(await readdir(folder), []);
});

test('the end of a log is shown without stacks', async () => {
  const file = path.join(folder, 'x.log');
  assert.equal(await logEnd(file), `nothing is in ${file}`);
  const lines = Array.from({ length: 3000 }, (_, index) => `line ${index}`);
  await writeFile(file, `${[...lines, 'wherry: it broke', '    at x (y.ts:1:2)'].join('\n')}\n`);
  const shown = (await logEnd(file)).split('\n');
  assert.deepEqual(
    [shown[0], shown.at(-2), shown.at(-1)],
    [`the end of ${file}:`, '    line 2999', '    wherry: it broke'],
  );
  await writeFile(`${file}.1`, 'older\nold\n');
  await writeFile(file, 'new\n');
  assert.equal(await logEnd(file), `the end of ${file}:\n    older\n    old\n    new`);
});

test('the status of a cluster that does not run', async () => {
  assert.equal(await clusterStatus(folder), undefined);
  await new StateFile(folder, newState(usualSettings('lab'))).update({});
  const status = await clusterStatus(folder);
  assert.ok(status !== undefined);
  assert.equal(
    statusText(status),
    `cluster lab (containers) is stopped, its data in ${folder}
  server    stopped                            https://127.0.0.1:6443, https://172.30.0.1:6443
  node-1    agent stopped, containerd stopped  172.30.0.2
  node-2    agent stopped, containerd stopped  172.30.0.3
  Services                                     10.96.0.0/16, load balancers 172.30.0.200-172.30.0.250
start it again: bin/wherry up --name lab --data-dir ${folder}
`,
  );
  assert.match(await readFile(clusterFile(folder), 'utf8'), /"name": "lab"/);
});
