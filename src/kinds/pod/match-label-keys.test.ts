import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod } from '../pod.ts';
import { created } from '../test-kit.ts';
import { withSpec } from './test-pods.ts';

test('match label keys join the selectors', () => {
  const object = withSpec(
    {
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            {
              topologyKey: 'zone',
              labelSelector: { matchLabels: { app: 'web' } },
              matchLabelKeys: ['version', 'absent'],
              mismatchLabelKeys: ['tenant'],
            },
          ],
        },
      },
    },
    { labels: { version: '1', tenant: 'a' } },
  );
  const terms = created(pod, object).spec?.affinity?.podAffinity
    ?.requiredDuringSchedulingIgnoredDuringExecution;
  assert.deepEqual(terms?.[0]?.labelSelector, {
    matchLabels: { app: 'web' },
    matchExpressions: [
      { key: 'version', operator: 'In', values: ['1'] },
      { key: 'tenant', operator: 'NotIn', values: ['a'] },
    ],
  });
});
