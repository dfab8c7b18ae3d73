/** No room left where the logs are: nothing fails for that, and it goes on as before when there is room again. */
import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { makeSmallDisk } from '../../../test/crash/small-disk.ts';
import type { Container, ContainerStatus } from '../../cri/container-types.ts';
import { errorCode } from './log-file.ts';
import { LogRotator } from './log-rotator.ts';
import { readLog } from './read-log.ts';
import { eagerClock, entryText, logStart } from './test-logs.ts';

const entry = (content: string): string =>
  entryText({ second: 0, stream: 'stdout', isPartial: false, content });

test('logs on a full disk', async (t) => {
  const disk = await makeSmallDisk(1);
  if (typeof disk === 'string') return t.skip(disk);
  t.after(() => disk.remove());
  const folder = path.join(disk.seenAt, 'pod');
  const file = path.join(folder, '0.log');
  const ballast = path.join(disk.seenAt, 'ballast');
  await mkdir(folder);
  let looks = 0;
  const warnings: string[] = [];
  const log = { debug: () => {}, info: () => {}, error: () => {} };
  const rotator = new LogRotator({
    containers: {
      list: async () => [{ id: 'c', labels: {}, state: 'Running' } as Partial<Container> as Container],
      status: async () => ({ logPath: file }) as ContainerStatus,
      reopenLog: () => appendFile(file, ''),
    },
    clock: { ...eagerClock(), now: () => logStart + 1000 * looks++ },
    log: { ...log, warn: (message, fields) => warnings.push(`${message}: ${String(fields?.error)}`) },
    bytesMax: 1,
    filesMax: 4,
  });
  const read = async (): Promise<string> => {
    let text = '';
    const write = async (bytes: Buffer) => {
      text += String(bytes);
    };
    const source = { path: file, clock: eagerClock(), isRunning: async () => false };
    await readLog({ ...source, signal: new AbortController().signal, write }, {});
    return text;
  };

  await writeFile(file, entry('first '.repeat(1000)));
  await rotator.check();
  // Whatever the runtime writes now ends in the middle of an entry.
  await writeFile(file, entry('second'));
  await assert.rejects(writeFile(ballast, Buffer.alloc(2 * 1024 * 1024)), { code: 'ENOSPC' });
  const cut = entry('cut off '.repeat(1000));
  await appendFile(file, cut).catch((failure) => assert.equal(errorCode(failure), 'ENOSPC'));
  const shown = await read();
  assert.ok(shown.startsWith('second\n') && !shown.endsWith('off \n'), shown.slice(0, 100));

  await rotator.check();
  assert.deepEqual((await readdir(folder)).sort(), [
    '0.log',
    '0.log.20260101-000000',
    '0.log.20260101-000001',
  ]);
  assert.equal(await read(), '');
  assert.match(warnings.splice(0).join('; '), /^a rotated log could not be compressed: Error: ENOSPC[^;]*$/);

  await rm(ballast);
  await writeFile(file, entry('third'));
  assert.equal(await read(), 'third\n');
  await rotator.check();
  assert.deepEqual((await readdir(folder)).sort(), [
    '0.log',
    '0.log.20260101-000000.gz',
    '0.log.20260101-000001.gz',
    '0.log.20260101-000002',
  ]);
  assert.deepEqual(warnings, []);
});
