import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  accessModesCell,
  ageColumn,
  createdAtColumn,
  labelsCell,
  nameColumn,
  selectorCell,
  timeSince,
} from './columns.ts';

const now = Date.parse('2026-01-02T00:00:00Z');

describe('cells', () => {
  test('ages', () => {
    assert.equal(timeSince('2026-01-01T23:58:00Z', now), '2m');
    assert.equal(timeSince('2026-01-01T23:59:59.500000Z', now), '0s');
    assert.equal(timeSince('2026-01-02T00:00:05Z', now), '<invalid>');
    assert.equal(timeSince(undefined, now), '<unknown>');
  });

  test('what every object shows', () => {
    const object = { metadata: { name: 'web', creationTimestamp: '2026-01-01T00:00:00Z' } };
    const shown = [nameColumn, ageColumn, createdAtColumn].map((column) => column.of(object, now));
    assert.deepEqual(shown, ['web', '24h', '2026-01-01T00:00:00Z']);
    const unknown = [nameColumn, ageColumn, createdAtColumn].map((column) =>
      column.of({ metadata: {} }, now),
    );
    assert.deepEqual(unknown, ['', '<unknown>', null]);
  });

  test('labels and selectors in the order of their keys', () => {
    assert.equal(labelsCell({ b: '2', a: '1' }), 'a=1,b=2');
    assert.equal(labelsCell({}), '<none>');
    assert.equal(
      selectorCell({
        matchLabels: { app: 'web' },
        matchExpressions: [
          { key: 'tier', operator: 'NotIn', values: ['b', 'a'] },
          { key: 'new', operator: 'Exists' },
          { key: 'old', operator: 'DoesNotExist' },
        ],
      }),
      'app=web,new,!old,tier notin (a,b)',
    );
    assert.equal(selectorCell(undefined), '<none>');
  });

  test('access modes in a fixed order', () => {
    assert.equal(accessModesCell(['ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOnce']), 'RWO,RWX');
    assert.equal(accessModesCell(undefined), '');
  });
});
