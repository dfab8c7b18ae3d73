import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { timestamp } from '../../lib/timestamp.ts';
import type { ContainerStatus, Pod } from '../generated/types.ts';
import { podConditions } from './conditions.ts';

const start = Date.UTC(2026, 0, 1);
const statusOf = (name: string, more: Partial<ContainerStatus> = {}): ContainerStatus => ({
  ...{ name, ready: false, image: '', imageID: '', restartCount: 0, state: {} },
  ...more,
});

test("readiness gates, and conditions of others, are others' affair", () => {
  const readinessGates = [{ conditionType: 'a/b' }, { conditionType: 'c/d' }];
  const pod: Pod = {
    metadata: { name: 'web' },
    spec: { containers: [{ name: 'web' }], readinessGates },
    status: { conditions: [{ type: 'c/d', status: 'False', lastTransitionTime: timestamp(start) }] },
  };
  const facts = { phase: 'Running', init: [], hasSandbox: true, now: start };
  const conditions = podConditions(pod, { ...facts, app: [statusOf('web', { ready: true })] });
  const at = { lastTransitionTime: timestamp(start) };
  assert.deepEqual(conditions, [
    { type: 'c/d', status: 'False', ...at },
    { type: 'PodReadyToStartContainers', status: 'True', ...at },
    { type: 'Initialized', status: 'True', ...at },
    {
      type: 'Ready',
      status: 'False',
      reason: 'ReadinessGatesNotReady',
      message:
        'corresponding condition of pod readiness gate "a/b" does not exist., the status of pod readiness gate "c/d" is not "True", but False',
      ...at,
    },
    { type: 'ContainersReady', status: 'True', ...at },
    { type: 'PodScheduled', status: 'True', ...at },
  ]);
});

describe('what stands in the way', () => {
  const pod: Pod = {
    metadata: { name: 'web' },
    spec: {
      initContainers: [{ name: 'setup' }, { name: 'proxy', restartPolicy: 'Always' }],
      containers: [{ name: 'web' }, { name: 'log' }],
    },
  };
  const setup = statusOf('setup', { ready: true });
  const running = { state: { running: { startedAt: timestamp(start) } } };
  type Case = { phase?: string; init: ContainerStatus[]; app: ContainerStatus[]; expected: string[] };
  const cases: Record<string, Case> = {
    'an init container that has not ended, and a sidecar that has not started': {
      init: [statusOf('setup'), statusOf('proxy')],
      app: [statusOf('web'), statusOf('log')],
      expected: [
        'containers with incomplete status: [setup proxy]',
        'containers with unready status: [proxy web log]',
      ],
    },
    'a container, while the sidecar has started': {
      init: [setup, statusOf('proxy', { started: true, ready: true })],
      app: [statusOf('web', { ready: true }), statusOf('log')],
      expected: ['True', 'containers with unready status: [log]'],
    },
    'a sidecar alone, after a container has run': {
      init: [statusOf('setup'), statusOf('proxy')],
      app: [statusOf('web', { ready: true, ...running }), statusOf('log', { ready: true, ...running })],
      expected: ['True', 'containers with unready status: [proxy]'],
    },
    'its end': {
      phase: 'Succeeded',
      init: [setup, statusOf('proxy')],
      app: [statusOf('web'), statusOf('log')],
      expected: ['True', 'False'],
    },
  };
  for (const [name, { phase = 'Running', init, app, expected }] of Object.entries(cases))
    test(name, () => {
      const conditions = podConditions(pod, { phase, init, app, hasSandbox: true, now: start });
      const said = ['Initialized', 'ContainersReady'].map((wanted) => {
        const { status, message } = conditions.find(({ type }) => type === wanted) ?? {};
        return message ?? status;
      });
      assert.deepEqual(said, expected);
    });
});
