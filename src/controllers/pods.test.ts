/** What is asked of pods. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Pod } from '../kinds/generated/types.ts';
import {
  isActive,
  isTerminating,
  millisecondsToAvailable,
  podFromTemplate,
  podNode,
  timeOf,
} from './pods.ts';

const now = Date.UTC(2026, 0, 1);
const pod = (phase: string, metadata: Pod['metadata'] = {}): Pod => ({ metadata, status: { phase } });
const going = { deletionTimestamp: '2026-01-01T00:00:00Z' };

describe('a pod', () => {
  const states: Record<string, { pod: Pod; wanted: [boolean, boolean] }> = {
    'that runs is active': { pod: pod('Running'), wanted: [true, false] },
    'that is pending is active': { pod: pod('Pending'), wanted: [true, false] },
    'that has ended is neither': { pod: pod('Failed', going), wanted: [false, false] },
    'that is going is terminating': { pod: pod('Running', going), wanted: [false, true] },
  };
  for (const [name, { pod: each, wanted }] of Object.entries(states))
    test(name, () => assert.deepEqual([isActive(each), isTerminating(each)], wanted));

  const ready = (status: string, lastTransitionTime?: string): Pod => ({
    metadata: {},
    status: {
      conditions: [{ type: 'Ready', status, ...(lastTransitionTime ? { lastTransitionTime } : {}) }],
    },
  });
  const waits: Record<string, { pod: Pod; minReadySeconds: number; wanted: number | undefined }> = {
    'not ready': { pod: ready('False'), minReadySeconds: 0, wanted: undefined },
    'ready, and no more is asked': { pod: ready('True'), minReadySeconds: 0, wanted: 0 },
    'ready since when?': { pod: ready('True'), minReadySeconds: 5, wanted: undefined },
    'ready for a while': { pod: ready('True', '2025-12-31T23:59:58Z'), minReadySeconds: 5, wanted: 3000 },
    'ready long enough': { pod: ready('True', '2025-12-31T23:59:55Z'), minReadySeconds: 5, wanted: 0 },
  };
  for (const [name, { pod: each, minReadySeconds, wanted }] of Object.entries(waits))
    test(`waits to be available: ${name}`, () =>
      assert.equal(millisecondsToAvailable(each, { minReadySeconds, now }), wanted));

  test('of a template has its own copy', () => {
    const template = { metadata: { labels: { app: 'web' }, finalizers: ['x/y'] }, spec: { containers: [] } };
    const made = podFromTemplate(template, { metadata: { name: 'web' } }, { apiVersion: 'v1', kind: 'X' });
    assert.deepEqual([made.metadata.labels, made.metadata.finalizers], [{ app: 'web' }, ['x/y']]);
    assert.notEqual(made.metadata.labels, template.metadata.labels);
  });

  test('is found by its node, once it has one', () => {
    const on = (nodeName?: string): Pod => ({ metadata: {}, spec: { nodeName, containers: [] } });
    assert.deepEqual([podNode(on('node-a')), podNode(on()), podNode(on(''))], [['node-a'], [], []]);
  });

  test('may have no time', () =>
    assert.deepEqual([timeOf(undefined), timeOf('never')], [undefined, undefined]));
});
