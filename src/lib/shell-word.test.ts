import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exec } from './exec.ts';
import { shellWord } from './shell-word.ts';

test('a shell takes it as one word, and as it was', async () => {
  assert.deepEqual(['/srv/lab-1', 'a b', "it's", ''].map(shellWord), [
    '/srv/lab-1',
    "'a b'",
    "'it'\\''s'",
    "''",
  ]);
  for (const text of ["it's $HOME `id`", '~/x', 'ä "b" \\', '*']) {
    const { stdout } = await exec('sh', ['-c', `printf %s ${shellWord(text)}`]);
    assert.equal(stdout, text);
  }
});
