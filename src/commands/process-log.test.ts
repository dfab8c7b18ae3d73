import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { processLogger } from './process-log.ts';

test('messages go to the file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-log-'));
  try {
    const file = join(folder, 'x.log');
    processLogger(file).info('one', { number: 1 });
    processLogger(file).error('two');
    const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.replace(/^\S+ /, ''));
    assert.deepEqual(lines, ['info  one number=1', 'error two', '']);
    assert.throws(() => processLogger(join(folder, 'none/x.log')), {
      code: 'LOG_FILE',
      message: /^--log-file \S+ cannot be written: ENOENT.*; wanted is a file in a folder that is there$/,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
