import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { testContainer } from '../test-kit.ts';
import { Gate } from './gate.ts';
import { httpUrl, portNumber } from './hooks.ts';
import { readLogTail, tailOf } from './log-tail.ts';
import { PodFiles } from './pod-files.ts';

test('a gate lets so many in at once, the others in their order', async () => {
  const gate = new Gate(2);
  const log: string[] = [];
  const open: (() => void)[] = [];
  const task = (name: string) => () =>
    new Promise<string>((resolve, reject) => {
      log.push(name);
      open.push(() => (name === 'b' ? reject(new Error(name)) : resolve(name)));
    });
  const tasks = ['a', 'b', 'c', 'd'].map((name) =>
    gate.run(task(name)).catch((failure: Error) => `failed ${failure.message}`),
  );
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  assert.deepEqual(log, ['a', 'b']);
  open[1]?.();
  await turn();
  assert.deepEqual(log, ['a', 'b', 'c']);
  open[0]?.();
  await turn();
  assert.deepEqual(log, ['a', 'b', 'c', 'd']);
  for (const finish of open) finish();
  assert.deepEqual(await Promise.all(tasks), ['a', 'failed b', 'c', 'd']);
});

test('a log is told by its last lines', async (t) => {
  const time = '2026-01-01T00:00:00.1Z';
  assert.equal(
    tailOf(`${time} stdout F one\n${time} stderr P tw\n${time} stderr F o\nnonsense\n`),
    'one\ntwo\n',
  );
  const many = Array.from({ length: 100 }, (_, index) => `${time} stdout F ${index}`).join('\n');
  assert.equal(tailOf(many).split('\n').length, 81);
  assert.match(tailOf(many), /^20\n/);
  assert.equal(tailOf(`${time} stdout F ${'x'.repeat(5000)}`).length, 2048);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-log-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, '0.log');
  await writeFile(file, `${`${time} stdout F ${'y'.repeat(1000)}\n`.repeat(100)}${time} stdout F last\n`);
  assert.match(await readLogTail(file), /y\nlast\n$/);
  assert.equal(await readLogTail(path.join(folder, 'none')), '');
  // Whoever may write into the folder is not shown another file of the node's.
  await symlink(file, path.join(folder, 'link'));
  assert.equal(await readLogTail(path.join(folder, 'link')), '');
});

test("a pod's files", async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-files-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const files = new PodFiles(folder);
  await files.writeHosts('u', 'one\n');
  const { ino } = await stat(files.hostsPath('u'));
  await files.writeHosts('u', 'two\n');
  assert.equal(await readFile(files.hostsPath('u'), 'utf8'), 'two\n');
  assert.equal((await stat(files.hostsPath('u'))).ino, ino);

  const container = { name: 'web', restartCount: 2 };
  assert.equal(await files.readTermination('u', container), '');
  await files.makeTerminationFile('u', container);
  const file = files.terminationPath('u', container);
  assert.equal((await stat(file)).mode & 0o777, 0o666);
  await writeFile(file, 'x'.repeat(10_000));
  assert.equal((await files.readTermination('u', container)).length, 4096);
  await mkdir(path.join(folder, 'other'));
  await files.remove('u');
  await files.remove('u');
  assert.equal(await files.readTermination('u', container), '');
  await stat(path.join(folder, 'other'));
});

test('where a hook asks', () => {
  const container = testContainer('web', { ports: [{ name: 'http', containerPort: 8080 }] });
  const target = { container, podIP: 'fd00::5' };
  assert.equal(httpUrl({ port: 'http', path: '/a?b=c' }, target), 'http://[fd00::5]:8080/a?b=c');
  assert.equal(httpUrl({ port: 1, scheme: 'HTTPS', host: 'x.example' }, target), 'https://x.example:1/');
  assert.equal(portNumber(container, '81'), 81);
  assert.throws(() => portNumber(container, 'none'), /couldn't find port: "none" in container/);
  assert.throws(() => httpUrl({ port: 1 }, { container, podIP: undefined }), /no address/);
});
