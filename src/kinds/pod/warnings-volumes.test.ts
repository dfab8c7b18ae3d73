import assert from 'node:assert/strict';
import { test } from 'node:test';
import { path } from '../field.ts';
import type { Volume } from '../generated/types.ts';
import { volumeWarnings } from './warnings-volumes.ts';

const warnings = (...volumes: Volume[]): string[] =>
  volumeWarnings({ containers: [], volumes }, path('spec'));

test('plugins that are gone', () => {
  assert.deepEqual(
    warnings({ name: 'a', glusterfs: { endpoints: 'e', path: 'p' } }, { name: 'b', emptyDir: {} }),
    ['spec.volumes[0].glusterfs: deprecated in v1.25, non-functional in v1.26+'],
  );
});

test('files where a token stands', () => {
  const token = { serviceAccountToken: { path: 'token' } };
  const items = [{ key: 'k', path: 'token' }];
  assert.deepEqual(
    warnings({
      name: 'a',
      projected: {
        sources: [
          token,
          { configMap: { items } },
          { secret: { items: [{ key: 'k', path: 'x' }, ...items] } },
        ],
      },
    }),
    [
      'spec.volumes[0].projected.sources.configMap[0]: has duplicated path with ServiceAccountToken "token"',
      'spec.volumes[0].projected.sources.secrets[1]: has duplicated path with ServiceAccountToken "token"',
    ],
  );
});
