import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommand } from './command.ts';

test('a command answers with its output, and fails with what it complained about', async () => {
  assert.equal(await runCommand('sh', ['-c', 'echo out; echo err >&2']), 'out\n');
  await assert.rejects(runCommand('sh', ['-c', 'echo broken >&2; exit 3']), {
    code: 'COMMAND_FAILED',
    message: '`sh -c echo broken >&2; exit 3` failed: broken',
  });
  await assert.rejects(runCommand('no-such-command', ['x']), {
    message: '`no-such-command x` failed: spawn no-such-command ENOENT',
  });
});
