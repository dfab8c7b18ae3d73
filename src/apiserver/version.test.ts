import assert from 'node:assert/strict';
import { test } from 'node:test';
import { versionInfo } from './version.ts';

test('/version is v1.36', () => {
  assert.deepEqual(versionInfo('linux/arm64', 'node v26.1.0'), {
    major: '1',
    minor: '36',
    emulationMajor: '1',
    emulationMinor: '36',
    minCompatibilityMajor: '1',
    minCompatibilityMinor: '35',
    gitVersion: 'v1.36.0+wherry',
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: 'node v26.1.0',
    compiler: 'node',
    platform: 'linux/arm64',
  });
});
