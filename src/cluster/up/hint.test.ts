import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandFor, usualDataDirectory } from './hint.ts';

test('a command names what is not as usual', () => {
  assert.deepEqual(
    [
      commandFor('up', { name: 'default', dataDirectory: usualDataDirectory('default') }),
      commandFor('down', { name: 'lab', dataDirectory: usualDataDirectory('lab') }),
      commandFor('down', { name: 'default', dataDirectory: '/srv/my lab' }),
      commandFor('status', { name: 'lab', dataDirectory: '/srv/lab' }),
    ],
    [
      'bin/wherry up',
      'bin/wherry down --name lab',
      "bin/wherry down --data-dir '/srv/my lab'",
      'bin/wherry status --name lab --data-dir /srv/lab',
    ],
  );
});
