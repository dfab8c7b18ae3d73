import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goPlatform } from './go-platform.ts';

test('platforms have Go’s names', () => {
  assert.deepEqual(
    [goPlatform('linux', 'x64'), goPlatform('darwin', 'arm64'), goPlatform('win32', 'ia32')],
    ['linux/amd64', 'darwin/arm64', 'windows/386'],
  );
});
