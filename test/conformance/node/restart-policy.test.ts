/**
 * Who is started again, by the pod's policy, the container's own, and its rules. Source of the cases:
 * test/e2e/common/node/{container_restart_policy,init_container,runtime}.go of kubernetes/kubernetes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Container, PodSpec } from '../../../src/kinds/generated/types.ts';
import { container, programsBy, startAgentWorld, summary } from './agent-world.ts';

const on42 = {
  restartPolicy: 'Never',
  restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
};
const init = (more: Partial<Container> = {}): Partial<PodSpec> => ({
  initContainers: [container('init', more)],
});

interface Case {
  readonly spec: Partial<PodSpec>;
  readonly ends: Record<string, (number | 'runs')[]>;
  /** What it comes to. */
  readonly summary: string;
}

const one = (more: Partial<Container> = {}) => ({ containers: [container('web', more)] });
const crashed = (code: number, more: Partial<Container>, restartPolicy: string): Omit<Case, 'summary'> => ({
  spec: { restartPolicy, ...one(more) },
  ends: { web: [code, 'runs'] },
});

const cases: Record<string, Case> = {
  'a rule that matches': { ...crashed(42, on42, 'Never'), summary: 'Running: web running #1 ready' },
  'a rule that does not match': { ...crashed(1, on42, 'Never'), summary: 'Failed: web Error 1 #0' },
  'a container that is never restarted, whatever its pod says': {
    ...crashed(1, { restartPolicy: 'Never' }, 'Always'),
    summary: 'Failed: web Error 1 #0',
  },
  'a container that succeeds and is never restarted': {
    ...crashed(0, { restartPolicy: 'Never' }, 'Always'),
    summary: 'Succeeded: web Completed 0 #0',
  },
  'a container that is always restarted, whatever its pod says': {
    ...crashed(1, { restartPolicy: 'Always' }, 'Never'),
    summary: 'Running: web running #1 ready',
  },
  'a container without a policy of its own': {
    ...crashed(1, {}, 'Always'),
    summary: 'Running: web running #1 ready',
  },
  'of two, one that has ended for good beside one that goes on': {
    spec: {
      restartPolicy: 'Always',
      containers: [container('web', { restartPolicy: 'Never' }), container('side')],
    },
    ends: { web: [1] },
    summary: 'Running: side running #0 ready, web Error 1 #0',
  },
  'an init container that is tried again by its rule': {
    spec: { restartPolicy: 'Never', ...init(on42) },
    ends: { init: [42, 0] },
    summary: 'Running: init Completed 0 #1 ready, web running #0 ready',
  },
  'an init container that has failed for good, whatever its pod says': {
    spec: { restartPolicy: 'Always', ...init({ restartPolicy: 'Never' }) },
    ends: { init: [1] },
    summary: 'Failed: init Error 1 #0, web PodInitializing #0',
  },
  'an init container that fails in a pod that is never restarted': {
    spec: { restartPolicy: 'Never', ...init() },
    ends: { init: [1] },
    summary: 'Failed: init Error 1 #0, web PodInitializing #0',
  },
  'init containers in their order, then the others': {
    spec: {
      restartPolicy: 'Never',
      initContainers: [container('first'), container('second')],
    },
    ends: { first: [0], second: [0], web: [0] },
    summary: 'Succeeded: first Completed 0 #0 ready, second Completed 0 #0 ready, web Completed 0 #0',
  },
};

describe('who is started again', () => {
  for (const [name, { spec, ends, summary: wanted }] of Object.entries(cases))
    test(name, async (t) => {
      const world = await startAgentWorld(t, programsBy(ends));
      await world.create('p', spec);
      await world.until('p', `is ${wanted}`, (pod) => summary(pod) === wanted);
      // And stays so.
      await world.seconds(90);
      assert.equal(summary(await world.pod('p')), wanted);
    });

  test('an init container that fails again and again keeps the others from starting', async (t) => {
    const world = await startAgentWorld(t, programsBy({ init: [1] }));
    await world.create('p', { restartPolicy: 'Always', ...init() });
    const pod = await world.until(
      'p',
      'has failed thrice',
      ({ status }) => (status?.initContainerStatuses?.[0]?.restartCount ?? 0) >= 3,
    );
    assert.equal(pod.status?.phase, 'Pending');
    assert.deepEqual(pod.status?.containerStatuses?.[0]?.state, { waiting: { reason: 'PodInitializing' } });
    const initialized = pod.status?.conditions?.find(({ type }) => type === 'Initialized');
    assert.deepEqual(
      [initialized?.status, initialized?.reason, initialized?.message],
      ['False', 'ContainersNotInitialized', 'containers with incomplete status: [init]'],
    );
  });

  const ill: Record<string, [Partial<Container>, string, string]> = {
    'and is never restarted, in a pod that always is': [
      { restartPolicy: 'Never' },
      'Always',
      'Failed: web Error 137 #0',
    ],
    'and is always restarted, in a pod that never is': [
      { restartPolicy: 'Always' },
      'Never',
      'Running: web running #1 ready',
    ],
    'and has a rule for the way in which it was ended': [
      { ...on42, restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [137] } }] },
      'Always',
      'Running: web running #1 ready',
    ],
  };
  for (const [name, [own, restartPolicy, wanted]] of Object.entries(ill))
    test(`a container that is ill ${name}`, async (t) => {
      const world = await startAgentWorld(t);
      const livenessProbe = { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 1 };
      await world.create('p', { restartPolicy, ...one({ ...own, livenessProbe }) });
      await world.until('p', 'runs', ({ status }) => status?.phase === 'Running');
      world.pods.answer = { status: 500 };
      await world.until('p', 'is killed', ({ status }) => {
        const [web] = status?.containerStatuses ?? [];
        return web?.state?.terminated !== undefined || (web?.restartCount ?? 0) > 0;
      });
      world.pods.answer = { status: 200 };
      await world.until('p', `is ${wanted}`, (pod) => summary(pod) === wanted);
    });
});
