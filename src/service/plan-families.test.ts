import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceSpec } from '../kinds/generated/types.ts';
import { isUnchangedPreferDualStack } from './plan-families.ts';
import { created, dual, http, plan, selector, type World } from './plan-fixture.ts';

test('headless Services take nothing; without selector they are of both families', () => {
  const withSelector = plan({ selector, clusterIP: 'None' });
  assert.deepEqual(withSelector.spec.clusterIPs, ['None']);
  assert.deepEqual(withSelector.spec.ipFamilies, ['IPv4']);
  assert.equal(withSelector.spec.ipFamilyPolicy, 'SingleStack');
  assert.deepEqual(withSelector.takeAddresses, []);
  const without = plan({ clusterIP: 'None' });
  assert.deepEqual(without.spec.ipFamilies, ['IPv4', 'IPv6']);
  assert.equal(without.spec.ipFamilyPolicy, 'RequireDualStack');
  assert.deepEqual(without.takeAddresses, []);
  const ipv6 = plan({ clusterIP: 'None', ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' });
  assert.deepEqual(ipv6.spec.ipFamilies, ['IPv6']);
});

test('dual-stack policies on a cluster with both families and on one with one', () => {
  const of = (spec: ServiceSpec, world: World) => {
    const { spec: planned, takeAddresses } = plan({ selector, ports: [http], ...spec }, world);
    return `${planned.ipFamilyPolicy} ${planned.ipFamilies} ${takeAddresses.length}`;
  };
  const cases: [ServiceSpec, World, string][] = [
    [{}, dual, 'SingleStack IPv4 1'],
    [{ ipFamilyPolicy: 'PreferDualStack' }, dual, 'PreferDualStack IPv4,IPv6 2'],
    [{ ipFamilyPolicy: 'RequireDualStack' }, dual, 'RequireDualStack IPv4,IPv6 2'],
    [{ ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6'] }, dual, 'PreferDualStack IPv6,IPv4 2'],
    [{ ipFamilies: ['IPv6'] }, dual, 'SingleStack IPv6 1'],
    [{ clusterIP: 'fd00:10:96::9' }, dual, 'SingleStack IPv6 1'],
    [{ clusterIP: 'fd00:10:96::9', ipFamilyPolicy: 'PreferDualStack' }, dual, 'PreferDualStack IPv6,IPv4 2'],
    [{ ipFamilyPolicy: 'PreferDualStack' }, {}, 'PreferDualStack IPv4 1'],
  ];
  for (const [spec, world, expected] of cases) assert.equal(of(spec, world), expected, JSON.stringify(spec));
});

test('a PreferDualStack Service of a cluster with one family does not grow by being written again', () => {
  const old = created({ selector, ports: [http], ipFamilyPolicy: 'PreferDualStack' });
  const again = plan(old, { ...dual, old });
  assert.deepEqual(again.spec, old);
  assert.deepEqual(again.takeAddresses, []);
});

test('a policy alone makes the difference between unchanged and not', () => {
  const spec: ServiceSpec = { type: 'ClusterIP', ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4'] };
  assert.equal(isUnchangedPreferDualStack(spec, spec), true);
  assert.equal(isUnchangedPreferDualStack(spec, undefined), false);
  assert.equal(isUnchangedPreferDualStack(spec, { ...spec, ipFamilyPolicy: 'SingleStack' }), false);
  assert.equal(isUnchangedPreferDualStack({ ...spec, ipFamilyPolicy: 'RequireDualStack' }, spec), false);
  assert.equal(isUnchangedPreferDualStack({ ...spec, ipFamilies: ['IPv6'] }, spec), false);
  assert.equal(isUnchangedPreferDualStack({ ...spec, type: 'NodePort' }, spec), false);
});
