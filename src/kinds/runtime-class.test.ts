import assert from 'node:assert/strict';
import { test } from 'node:test';
import { componentStatus } from './component-status.ts';
import type { ComponentStatus, RuntimeClass } from './generated/types.ts';
import { runtimeClass } from './runtime-class.ts';
import { createErrors, row, updateErrors } from './test-kit.ts';

test('the handler of a RuntimeClass is a label and stays', () => {
  const of = (handler: string): RuntimeClass => ({ metadata: { name: 'sandbox' }, handler });
  assert.deepEqual(createErrors(runtimeClass, of('run.sc')), [
    'handler: Invalid value: "run.sc": must not contain dots',
  ]);
  assert.deepEqual(updateErrors(runtimeClass, of('kata'), of('runsc')), [
    'handler: Invalid value: "kata": field is immutable',
  ]);
  assert.deepEqual(row(runtimeClass, of('runsc')), { Name: 'sandbox', Handler: 'runsc', Age: '<unknown>' });
});

test('a ComponentStatus shows its health', () => {
  const of = (status: string): ComponentStatus => ({
    metadata: { name: 'etcd-0' },
    conditions: [{ type: 'Healthy', status, message: 'ok', error: '' }],
  });
  assert.deepEqual(row(componentStatus, of('True')), {
    Name: 'etcd-0',
    Status: 'Healthy',
    Message: 'ok',
    Error: '',
  });
  assert.equal(row(componentStatus, of('False')).Status, 'Unhealthy');
  assert.equal(row(componentStatus, { metadata: {} }).Status, 'Unknown');
});
