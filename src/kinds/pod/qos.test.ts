import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceRequirements } from '../generated/types.ts';
import { pod } from '../pod.ts';
import { created } from '../test-kit.ts';
import { withSpec } from './test-pods.ts';

const qosCases: Record<string, [ResourceRequirements[], string]> = {
  'nothing asked': [[{}], 'BestEffort'],
  'only a device': [
    [{ requests: { 'example.com/gpu': '1' }, limits: { 'example.com/gpu': '1' } }],
    'BestEffort',
  ],
  'limits for all': [[{ limits: { cpu: '1', memory: '1Gi' } }], 'Guaranteed'],
  'limits for one of two': [[{ limits: { cpu: '1', memory: '1Gi' } }, {}], 'Burstable'],
  'only a request': [[{ requests: { cpu: '1' } }], 'Burstable'],
  'requests below limits': [
    [{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } }],
    'Burstable',
  ],
  'the same amount, written differently': [
    [{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } }],
    'Guaranteed',
  ],
  'nothing, said aloud': [[{ limits: { cpu: '0' } }], 'BestEffort'],
};

test('the quality-of-service class', () => {
  for (const [name, [resources, expected]] of Object.entries(qosCases)) {
    const containers = resources.map((each, index) => ({ name: `c${index}`, image: 'x', resources: each }));
    assert.equal(created(pod, withSpec({ containers })).status?.qosClass, expected, name);
  }
  const whole = withSpec({ resources: { limits: { cpu: '1', memory: '1Gi' } } });
  assert.equal(created(pod, whole).status?.qosClass, 'Guaranteed');
});
