import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldError } from '../field.ts';
import type { KubeObject } from '../object.ts';
import { ipAddressPool } from './ip-address-pool.ts';
import type { IPAddressPoolSpec } from './types.ts';

const pool = (spec: Partial<IPAddressPoolSpec> | undefined): KubeObject =>
  ({ metadata: { name: 'first', namespace: 'metallb-system' }, spec }) as KubeObject;

const shown = (errors: FieldError[] | undefined): string[] =>
  (errors ?? []).map(({ field, message }) => `${field}: ${message}`);

test('kubectl get prints what MetalLB’s resource prints', () => {
  const object = pool({ addresses: ['10.0.0.1-10.0.0.9', 'fd00::/120'] });
  ipAddressPool.defaults?.(object);
  const columns = ipAddressPool.columns ?? [];
  assert.deepEqual(
    columns.map(({ name, of }) => [name, of(object, 0)]),
    [
      ['Name', 'first'],
      ['Auto Assign', true],
      ['Avoid Buggy IPs', false],
      ['Addresses', '["10.0.0.1-10.0.0.9","fd00::/120"]'],
    ],
  );
});

test('what the resource’s schema asks for', () => {
  assert.deepEqual(shown(ipAddressPool.validate?.(pool(undefined))), ['spec: Required value']);
  assert.deepEqual(shown(ipAddressPool.validate?.(pool({}))), ['spec.addresses: Required value']);
  const serviceSelectors = [{ matchExpressions: [{ key: 'app', operator: 'Near' }] }];
  assert.deepEqual(
    shown(ipAddressPool.validate?.(pool({ addresses: [], serviceAllocation: { serviceSelectors } }))),
    [
      'spec.serviceAllocation.serviceSelectors[0].matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator',
    ],
  );
});
