import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyObject } from '../../kinds/object.ts';
import { describeUsage } from '../../kinds/quota/amounts.ts';
import type { ObjectChange } from './hook.ts';
import { QuotaIndex } from './quota-index.ts';

const quota = (namespace: string, name: string, revision: number, used = '0'): AnyObject => ({
  metadata: { namespace, name, resourceVersion: String(revision) },
  status: { hard: { pods: '5' }, used: { pods: used } },
});

test('it knows the quotas of each namespace as they are now', () => {
  const index = new QuotaIndex();
  let tell: (change: ObjectChange) => void = () => {};
  index.start({
    get: () => undefined,
    list: () => [],
    subscribe: (_resource, onChange) => {
      tell = onChange;
    },
  });
  const shown = (namespace: string) =>
    index
      .of(namespace)
      .map(({ name, revision, used, hard }) => [name, revision, describeUsage(used), describeUsage(hard)]);
  const first = quota('a', 'second', 4);
  tell({ old: undefined, new: first });
  tell({ old: undefined, new: quota('a', 'first', 5) });
  tell({ old: undefined, new: quota('b', 'third', 6) });
  tell({ old: first, new: quota('a', 'second', 7, '3') });
  assert.deepEqual(shown('a'), [
    ['first', 5, 'pods=0', 'pods=5'],
    ['second', 7, 'pods=3', 'pods=5'],
  ]);
  tell({ old: quota('b', 'third', 6), new: undefined });
  assert.deepEqual([shown('b'), shown('none')], [[], []]);
});
