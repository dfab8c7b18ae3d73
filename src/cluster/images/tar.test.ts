import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { type TarEntry, writeTar } from './tar.ts';

const list = (archive: Buffer): string[] => {
  const done = spawnSync('tar', ['--list', '--verbose', '--utc', '--file', '-'], { input: archive });
  assert.equal(String(done.stderr), '');
  return String(done.stdout).trimEnd().split('\n');
};

test('tar reads what is written, with types, modes and long names', () => {
  const long = `${'folder-with-a-long-name/'.repeat(5)}file`;
  const entries: TarEntry[] = [
    { type: 'folder', path: 'tmp', mode: 0o1777 },
    { type: 'file', path: 'bin/sh', mode: 0o755, content: Buffer.alloc(513, 1) },
    { type: 'file', path: 'empty', content: '' },
    { type: 'symlink', path: 'bin/ls', target: 'sh' },
    { type: 'file', path: long, content: 'ä' },
  ];
  assert.deepEqual(list(writeTar(entries)), [
    'drwxrwxrwt root/root         0 1970-01-01 00:00 tmp/',
    '-rwxr-xr-x root/root       513 1970-01-01 00:00 bin/sh',
    '-rw-r--r-- root/root         0 1970-01-01 00:00 empty',
    'lrwxrwxrwx root/root         0 1970-01-01 00:00 bin/ls -> sh',
    `-rw-r--r-- root/root         2 1970-01-01 00:00 ${long}`,
  ]);
});

test('the content comes back, and the archive is whole blocks', () => {
  const content = Buffer.from(Array.from({ length: 1500 }, (_, index) => index % 251));
  const archive = writeTar([{ type: 'file', path: 'x', content }]);
  assert.equal(archive.length % 512, 0);
  const done = spawnSync('tar', ['--extract', '--to-stdout', '--file', '-', 'x'], { input: archive });
  assert.deepEqual(done.stdout, content);
});

test('what ustar has no room for is refused', () => {
  const refused: Record<string, TarEntry> = {
    'an absolute path': { type: 'file', path: '/etc/passwd', content: '' },
    'no path': { type: 'file', path: '', content: '' },
    'a long name without a slash': { type: 'file', path: 'x'.repeat(101), content: '' },
    'a long folder name': { type: 'folder', path: 'x'.repeat(100) },
    'a path that is too long': { type: 'file', path: `${'x'.repeat(160)}/y`, content: '' },
    'a long link target': { type: 'symlink', path: 'x', target: 'y'.repeat(101) },
  };
  for (const [name, entry] of Object.entries(refused))
    assert.throws(() => writeTar([entry]), { code: 'NOT_TARRABLE' }, name);
});
