import assert from 'node:assert/strict';
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Container, ContainerStatus } from '../../cri/container-types.ts';
import { CriError } from '../../cri/errors.ts';
import { createManualClock } from '../../lib/manual-clock.ts';
import { podLabels } from '../labels.ts';
import { LogRotator, type LogRotatorOptions } from './log-rotator.ts';
import { removeContainerLogs, removePodLogs } from './remove-logs.ts';

/** Containers that run and write to files of their own, which the runtime makes anew when it is asked to. */
async function makeNode(t: TestContext, options: Partial<LogRotatorOptions> = {}) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-rotate-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const clock = createManualClock(Date.UTC(2026, 0, 1, 12));
  const warnings: string[] = [];
  const ids: string[] = [];
  let failure: CriError | undefined;
  const fileOf = (id: string) => path.join(folder, id, '0.log');
  const rotator = new LogRotator({
    containers: {
      list: async () =>
        ids.map((id) => {
          const labels = { [podLabels.uid]: `uid-of-${id}` };
          return { id, labels, state: 'Running' } as Partial<Container> as Container;
        }),
      status: async (id) => ({ logPath: fileOf(id) }) as ContainerStatus,
      reopenLog: async (id) => {
        if (failure !== undefined) throw failure;
        await appendFile(fileOf(id), '');
      },
    },
    clock,
    log: {
      debug: () => {},
      info: () => {},
      warn: (message, fields) => warnings.push(`${message}: ${String(fields?.error)}`),
      error: () => {},
    },
    bytesMax: 10,
    ...options,
  });
  return {
    folder,
    clock,
    rotator,
    fileOf,
    takeWarnings: () => warnings.splice(0),
    fail: (thrown: CriError | undefined) => {
      failure = thrown;
    },
    start: async (id: string) => {
      await mkdir(path.dirname(fileOf(id)));
      await writeFile(fileOf(id), '');
      ids.push(id);
    },
    /** Of every file its name and what is in it. */
    files: async (id: string) => {
      const names = (await readdir(path.dirname(fileOf(id)))).sort();
      const contents = names.map(async (name) => {
        const bytes = await readFile(path.join(path.dirname(fileOf(id)), name));
        return `${name}: ${name.endsWith('.gz') ? gunzipSync(bytes) : bytes}`;
      });
      return Promise.all(contents);
    },
  };
}

test('a long log is renamed, older ones are compressed, the oldest go', async (t) => {
  const node = await makeNode(t);
  await node.start('a');
  for (let round = 1; round <= 7; round++) {
    await appendFile(node.fileOf('a'), `long log ${round}`);
    await node.rotator.check();
    node.clock.advance(10_000);
  }
  await appendFile(node.fileOf('a'), 'short');
  await node.rotator.check();
  assert.deepEqual(await node.files('a'), [
    '0.log: short',
    '0.log.20260101-120030.gz: long log 4',
    '0.log.20260101-120040.gz: long log 5',
    '0.log.20260101-120050.gz: long log 6',
    '0.log.20260101-120100: long log 7',
  ]);
  assert.deepEqual(node.takeWarnings(), []);
});

test('what an interrupted rotation left behind is put in order by the next', async (t) => {
  const node = await makeNode(t);
  await node.start('a');
  const beside = (name: string) => `${node.fileOf('a')}.${name}`;
  await writeFile(beside('20260101-100000'), 'compressed already');
  await writeFile(beside('20260101-100000.gz'), 'not looked into');
  await writeFile(beside('20260101-100001.tmp'), 'half');
  await writeFile(beside('20260101-100001'), 'not compressed');
  await rm(node.fileOf('a'));
  await node.rotator.check();
  assert.equal(await readFile(node.fileOf('a'), 'utf8'), '', 'the runtime was asked for a new one');
  await writeFile(node.fileOf('a'), 'long enough');
  await node.rotator.check();
  assert.deepEqual((await readdir(path.dirname(node.fileOf('a')))).sort(), [
    '0.log',
    '0.log.20260101-100000.gz',
    '0.log.20260101-100001.gz',
    '0.log.20260101-120000',
  ]);
});

test('a runtime that does not go on in a new file finds the old one where it was', async (t) => {
  const node = await makeNode(t);
  await node.start('a');
  await node.start('b');
  await writeFile(node.fileOf('a'), 'long enough');
  node.fail(new CriError('UNAVAILABLE', { method: 'ReopenContainerLog', details: 'away' }));
  await node.rotator.check();
  assert.deepEqual(await node.files('a'), ['0.log: long enough']);
  node.fail(undefined);
  await node.rotator.check();
  assert.deepEqual(await node.files('a'), ['0.log: ', '0.log.20260101-120000: long enough']);
  // Twice in one second there is no name left.
  await writeFile(node.fileOf('a'), 'long enough, too');
  await node.rotator.check();
  assert.deepEqual(await node.files('a'), [
    '0.log: long enough, too',
    '0.log.20260101-120000.gz: long enough',
  ]);
  assert.deepEqual(node.takeWarnings(), [
    "a container's log could not be rotated: CriError: rpc error: code = Unavailable desc = away",
  ]);
});

test('a log that cannot be compressed is rotated all the same, and no link is read', async (t) => {
  const node = await makeNode(t);
  await node.start('a');
  await writeFile(path.join(node.folder, 'secret'), 'secret');
  await symlink(path.join(node.folder, 'secret'), `${node.fileOf('a')}.20260101-100000`);
  await writeFile(node.fileOf('a'), 'long enough');
  await node.rotator.check();
  assert.deepEqual(await node.files('a'), [
    '0.log: ',
    '0.log.20260101-100000: secret',
    '0.log.20260101-120000: long enough',
  ]);
  assert.match(node.takeWarnings().join(), /^a rotated log could not be compressed: Error: ELOOP/);
});

test('it looks again and again until it is stopped, whatever fails', async (t) => {
  const sweep = { folder: '/dev/null', isWanted: () => true };
  const node = await makeNode(t, { sweep, checkMilliseconds: 1000 });
  await node.start('a');
  const stopping = new AbortController();
  const running = node.rotator.start(stopping.signal);
  await writeFile(node.fileOf('a'), 'long enough');
  while ((await readdir(path.dirname(node.fileOf('a')))).length < 2) node.clock.advance(1000);
  stopping.abort();
  await running;
  assert.match(
    node.takeWarnings()[0] ?? '',
    /^the logs of pods that are gone could not be removed: Error: ENOTDIR/,
  );
});

test('logs go with their containers and pods', async (t) => {
  const node = await makeNode(t);
  await node.start('default_web_uid-1');
  await node.start('default_web_uid-2');
  await node.start('other');
  const beside = (name: string) => path.join(node.folder, 'default_web_uid-1', name);
  await writeFile(beside('0.log.20260101-100000.gz'), '');
  await writeFile(beside('1.log'), '');
  await chmod(beside('1.log'), 0o400);
  await removeContainerLogs(beside('0.log'));
  await removeContainerLogs(beside('0.log'));
  await removeContainerLogs('');
  await removeContainerLogs(path.join(node.folder, 'none', '0.log'));
  assert.deepEqual(await readdir(path.join(node.folder, 'default_web_uid-1')), ['1.log']);
  await removePodLogs(node.folder, 'uid-1');
  await removePodLogs(node.folder, 'uid-1');
  assert.deepEqual((await readdir(node.folder)).sort(), ['default_web_uid-2', 'other']);

  const wanted = new Set(['uid-2']);
  const sweeping = await makeNode(t, { sweep: { folder: node.folder, isWanted: (uid) => wanted.has(uid) } });
  await sweeping.rotator.check();
  assert.deepEqual((await readdir(node.folder)).sort(), ['default_web_uid-2', 'other']);
  wanted.clear();
  await sweeping.rotator.check();
  assert.deepEqual(await readdir(node.folder), ['other']);

  // Nobody wants it, but there is a container of it.
  await mkdir(path.join(node.folder, 'default_static_uid-of-s'));
  await sweeping.start('s');
  await sweeping.rotator.check();
  assert.deepEqual((await readdir(node.folder)).sort(), ['default_static_uid-of-s', 'other']);
});
