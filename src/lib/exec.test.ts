import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { exec } from './exec.ts';

const script = (text: string) => ['-e', text];

test('input goes in, output and the exit code come back', async () => {
  const text = 'process.stdin.pipe(process.stdout); console.error("aside"); process.exitCode = 3;';
  const done = await exec(process.execPath, script(text), { input: 'a $HOME "b"\n' });
  assert.deepEqual(done, { code: 3, stdout: 'a $HOME "b"\n', stderr: 'aside\n' });
});

test('a command that is not there', async () => {
  const done = await exec('no-such-command-here', []);
  assert.deepEqual(done, { code: -1, stdout: '', stderr: 'spawn no-such-command-here ENOENT' });
});

test('a command that takes too long is ended', async () => {
  const done = await exec(
    process.execPath,
    script('process.stdin.on("end", () => {}); setInterval(() => {}, 1e6)'),
    {
      milliseconds: 1,
    },
  );
  assert.deepEqual(done, { code: -1, stdout: '', stderr: `${process.execPath}: ended by SIGTERM` });
});

test('output has a bound', async () => {
  const done = await exec(process.execPath, script('process.stdout.write("x".repeat(1e6))'), {
    outputBytesMax: 10,
  });
  assert.equal(done.code, -1);
  assert.match(done.stderr, /more than 10 bytes of output/);
});

test('a command that does not read its input is no error', async () => {
  const done = await exec(process.execPath, script('process.stdin.destroy()'), { input: 'x'.repeat(1e6) });
  assert.deepEqual(done, { code: 0, stdout: '', stderr: '' });
});

test('a command that is ended is not waited for by what it has started', async () => {
  const start = 'const child = spawn("sleep", ["60"], { stdio: ["ignore", "inherit", "ignore"] });';
  const more = 'process.stdout.write(child.pid + "\\n", () => process.stdout.write("x".repeat(1e6)));';
  const text = `const { spawn } = require("node:child_process"); ${start} ${more}`;
  const done = await exec(process.execPath, script(text), { outputBytesMax: 100_000 });
  const pid = Number.parseInt(done.stdout, 10);
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  process.kill(pid, 'SIGKILL');
  // It sleeps; a Z would tell that it has ended.
  assert.match(stat, /\) [RS] /);
  assert.match(done.stderr, /more than 100000 bytes of output/);
});
