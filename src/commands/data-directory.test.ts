import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { dataDirectoryOf } from './data-directory.ts';
import { UsageError } from './usage-error.ts';

test('a data directory is made absolute', () => {
  assert.deepEqual(
    [dataDirectoryOf('/srv/wherry/'), dataDirectoryOf('lab')],
    ['/srv/wherry', join(process.cwd(), 'lab')],
  );
});

const refused: Record<string, string> = {
  'nothing, as of a variable that is not set': '',
  'the whole machine': '/',
  'where nothing can be made': '/proc/lab',
  'where the kernel tells of itself': '/srv/../sys',
};
for (const [name, text] of Object.entries(refused))
  test(`is refused as a data directory: ${name}`, () =>
    assert.throws(() => dataDirectoryOf(text), UsageError));
