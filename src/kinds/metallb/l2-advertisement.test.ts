import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../object.ts';
import { l2Advertisement } from './l2-advertisement.ts';

test('kubectl get prints what MetalLB’s resource prints', () => {
  const spec = { ipAddressPools: ['first'], nodeSelectors: [{ matchLabels: { rack: '1' } }] };
  const object = { metadata: { name: 'all' }, spec } as KubeObject;
  assert.deepEqual(
    (l2Advertisement.columns ?? []).map(({ name, priority = 0, of }) => [name, priority, of(object, 0)]),
    [
      ['Name', 0, 'all'],
      ['IPAddressPools', 0, '["first"]'],
      ['IPAddressPool Selectors', 0, null],
      ['Interfaces', 0, null],
      ['Node Selectors', 10, '[{"matchLabels":{"rack":"1"}}]'],
    ],
  );
});

test('selectors are looked at', () => {
  const spec = { nodeSelectors: [{ matchLabels: { 'a b': 'c' } }] };
  const errors = l2Advertisement.validate?.({ metadata: { name: 'all' }, spec } as KubeObject) ?? [];
  assert.deepEqual(
    errors.map(({ field }) => field),
    ['spec.nodeSelectors[0].matchLabels'],
  );
});
