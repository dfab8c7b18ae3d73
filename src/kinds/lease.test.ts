import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LeaseSpec } from './generated/types.ts';
import { lease } from './lease.ts';
import { createErrors, row } from './test-kit.ts';

const metadata = { name: 'leader', namespace: 'kube-system' };

test('a Lease lasts, and names its strategy', () => {
  const of = (spec: LeaseSpec): string[] => createErrors(lease, { metadata, spec } as never);
  assert.deepEqual(of({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 }), []);
  assert.deepEqual(of({ leaseDurationSeconds: 0, leaseTransitions: -1, preferredHolder: 'b' }), [
    'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
    'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
    'spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined',
  ]);
  assert.deepEqual(of({ strategy: 'Newest' }), [
    'spec.strategy.strategy: Unsupported value: "Newest": supported values: "OldestEmulationVersion"',
  ]);
  assert.deepEqual(of({ strategy: 'example.com/newest', preferredHolder: 'b' }), []);
});

test('a Lease shows its holder', () => {
  assert.deepEqual(row(lease, { metadata, spec: { holderIdentity: 'a' } } as never), {
    Name: 'leader',
    Holder: 'a',
    Age: '<unknown>',
  });
});
