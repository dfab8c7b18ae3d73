import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadBalancerCell } from './columns.ts';
import {
  isExternallyAccessible,
  isHeadless,
  needsHealthCheck,
  needsNodePort,
  sameStrings,
} from './service-type.ts';
import { warnings } from './warnings.ts';

test('what the types need', () => {
  const of = (type: string, rest: object = {}) => {
    const spec = { type, ...rest };
    return [needsNodePort(spec), isExternallyAccessible(spec), needsHealthCheck(spec)].map(Number).join('');
  };
  assert.equal(of('ClusterIP'), '000');
  assert.equal(of('ClusterIP', { externalIPs: ['192.0.2.1'] }), '010');
  assert.equal(of('NodePort', { externalTrafficPolicy: 'Local' }), '110');
  assert.equal(of('LoadBalancer'), '110');
  assert.equal(of('LoadBalancer', { externalTrafficPolicy: 'Local' }), '111');
  assert.equal(of('ExternalName', { externalIPs: ['192.0.2.1'] }), '000');
});

test('headless is None alone', () => {
  assert.equal(isHeadless({ clusterIPs: ['None'] }), true);
  assert.equal(isHeadless({ clusterIPs: ['None', 'fd00::1'] }), false);
  assert.equal(isHeadless({}), false);
});

test('no list is an empty list; order counts', () => {
  assert.equal(sameStrings(undefined, []), true);
  assert.equal(sameStrings(['a', 'b'], ['b', 'a']), false);
});

test('a Service without a spec is described without a crash', () => {
  assert.deepEqual(warnings({ metadata: { name: 'web' } }), []);
  assert.equal(loadBalancerCell(undefined), '');
});
