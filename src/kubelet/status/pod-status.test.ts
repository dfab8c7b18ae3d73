import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ContainerStatus, Pod, PodStatus } from '../../kinds/generated/types.ts';
import {
  testContainer,
  testNow,
  testObserved,
  testObservedPod,
  testPod,
  testProbes,
  testSandbox,
} from '../test-kit.ts';
import type { StartFailure } from './container-status.ts';
import { type PodFacts, podStatus } from './pod-status.ts';

const facts = (more: Partial<PodFacts> & { failures?: Record<string, StartFailure> } = {}): PodFacts => ({
  observed: testObservedPod([], []),
  probes: testProbes(),
  startFailures: new Map(Object.entries(more.failures ?? {})),
  hostIPs: ['172.30.0.2'],
  progress: 'running',
  now: testNow,
  ...more,
});

/** `name: state, last state, restarts, ready/started` of each. */
function containerText(status: ContainerStatus): string {
  const stateText = (state: ContainerStatus['state']): string => {
    if (state?.running) return 'running';
    if (state?.terminated) return `${state.terminated.reason ?? 'ended'} ${state.terminated.exitCode}`;
    return state?.waiting ? `waiting ${state.waiting.reason ?? ''}`.trim() : '';
  };
  const last = stateText(status.lastState);
  const flags = `${status.ready ? ' ready' : ''}${status.started ? ' started' : ''}`;
  return `${status.name}: ${stateText(status.state)}${last ? ` after ${last}` : ''} #${status.restartCount}${flags}`;
}

function statusLines(status: PodStatus): string[] {
  const conditions = (status.conditions ?? [])
    .filter(({ type }) => type !== 'PodScheduled')
    .map(({ type, status, reason }) => `${type}=${status}${reason ? ` ${reason}` : ''}`);
  return [
    `${status.phase}${status.reason ? ` ${status.reason}: ${status.message}` : ''}`,
    conditions.join(', '),
    ...(status.initContainerStatuses ?? []).map(containerText),
    ...(status.containerStatuses ?? []).map(containerText),
    ...(status.ephemeralContainerStatuses ?? []).map(containerText),
  ];
}

const ready = 'PodReadyToStartContainers=True, Initialized=True, Ready=True, ContainersReady=True';
const unready =
  'PodReadyToStartContainers=True, Initialized=True, Ready=False ContainersNotReady, ContainersReady=False ContainersNotReady';
const ended = (reason: string, initialized = '') =>
  `PodReadyToStartContainers=False, Initialized=True${initialized}, Ready=False ${reason}, ContainersReady=False ${reason}`;

describe('the status of a pod', () => {
  test('that is new, whole', () => {
    const pod = testPod({}, { metadata: { generation: 1 } });
    const condition = (type: string, status: string, more = {}) => ({
      type,
      status,
      ...more,
      lastTransitionTime: '2026-01-01T12:00:00Z',
      observedGeneration: 1,
    });
    const notReady = { reason: 'ContainersNotReady', message: 'containers with unready status: [web]' };
    assert.deepEqual(podStatus(pod, facts()), {
      observedGeneration: 1,
      phase: 'Pending',
      startTime: '2026-01-01T12:00:00Z',
      hostIP: '172.30.0.2',
      hostIPs: [{ ip: '172.30.0.2' }],
      qosClass: 'BestEffort',
      conditions: [
        condition('PodReadyToStartContainers', 'False'),
        condition('Initialized', 'True'),
        condition('Ready', 'False', notReady),
        condition('ContainersReady', 'False', notReady),
        condition('PodScheduled', 'True'),
      ],
      containerStatuses: [
        {
          name: 'web',
          state: { waiting: { reason: 'ContainerCreating' } },
          lastState: {},
          ready: false,
          restartCount: 0,
          image: 'nginx',
          imageID: '',
          started: false,
        },
      ],
    });
  });

  test('that runs, whole; what others wrote into it stays', () => {
    const others = { type: 'example.com/gate', status: 'True' };
    const since = '2025-12-31T00:00:00Z';
    const resources = { requests: { cpu: '100m' }, limits: { memory: '1Gi' } };
    const pod = testPod(
      {
        containers: [
          testContainer('web', { resources, volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true }] }),
        ],
      },
      {
        status: {
          startTime: since,
          nominatedNodeName: 'node-9',
          conditions: [others, { type: 'PodScheduled', status: 'True', lastTransitionTime: since }],
        },
      },
    );
    const observed = testObservedPod([
      testObserved('web', 'running', { restartCount: 1 }),
      testObserved('web', 'exited 3', { message: 'out of luck' }),
    ]);
    const status = podStatus(pod, facts({ observed }));
    const now = '2026-01-01T12:00:00Z';
    assert.deepEqual(status, {
      nominatedNodeName: 'node-9',
      phase: 'Running',
      startTime: since,
      hostIP: '172.30.0.2',
      hostIPs: [{ ip: '172.30.0.2' }],
      podIP: '10.244.0.2',
      podIPs: [{ ip: '10.244.0.2' }],
      qosClass: 'Burstable',
      conditions: [
        others,
        ...['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady'].map((type) => ({
          type,
          status: 'True',
          lastTransitionTime: now,
        })),
        { type: 'PodScheduled', status: 'True', lastTransitionTime: since },
      ],
      containerStatuses: [
        {
          name: 'web',
          state: { running: { startedAt: '2026-01-01T11:59:10Z' } },
          lastState: {
            terminated: {
              exitCode: 3,
              reason: 'Error',
              message: 'out of luck',
              startedAt: '2026-01-01T11:59:10Z',
              finishedAt: '2026-01-01T11:59:20Z',
              containerID: 'containerd://web-0',
            },
          },
          ready: true,
          restartCount: 1,
          image: 'docker.io/library/nginx:latest',
          imageID: 'sha256:1',
          containerID: 'containerd://web-1',
          allocatedResources: { cpu: '100m' },
          resources: { limits: { memory: '1Gi' }, requests: { cpu: '100m' } },
          started: true,
          volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true, recursiveReadOnly: 'Disabled' }],
        },
      ],
    });
    // What was written once is not written again.
    assert.deepEqual(podStatus({ ...pod, status }, facts({ observed })), status);
  });
});

describe('the life of a pod', () => {
  const probed = testPod({ containers: [testContainer('web', { readinessProbe: {}, startupProbe: {} })] });
  const running = testObservedPod([testObserved('web', 'running')]);
  const never = testPod({ restartPolicy: 'Never' });
  const inits = testPod({
    initContainers: [testContainer('init'), testContainer('side', { restartPolicy: 'Always' })],
  });
  const gone = [testSandbox({ state: 'NotReady' })];
  const withStatus = (pod: Pod, status: PodStatus): Pod => ({ ...pod, status });
  const failed = { reason: 'DeadlineExceeded', message: 'too long' };
  const cases: Record<string, { pod: Pod; facts: PodFacts; lines: string[] }> = {
    'a sandbox without containers': {
      pod: testPod({}),
      facts: facts({ observed: testObservedPod([]) }),
      lines: ['Pending', unready, 'web: waiting ContainerCreating #0'],
    },
    'an image that cannot be had': {
      pod: testPod({}),
      facts: facts({
        observed: testObservedPod([]),
        failures: { web: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "nginx"' } },
      }),
      lines: ['Pending', unready, 'web: waiting ImagePullBackOff #0'],
    },
    'a startup probe that has not answered': {
      pod: probed,
      facts: facts({ observed: running }),
      lines: ['Running', unready, 'web: running #0'],
    },
    'a readiness probe that has not answered': {
      pod: probed,
      facts: facts({ observed: running, probes: testProbes({ startup: { 'web-0': 'Success' } }) }),
      lines: ['Running', unready, 'web: running #0 started'],
    },
    'probes that succeed': {
      pod: probed,
      facts: facts({
        observed: running,
        probes: testProbes({ startup: { 'web-0': 'Success' }, readiness: { 'web-0': 'Success' } }),
      }),
      lines: ['Running', ready, 'web: running #0 ready started'],
    },
    'a crash, before the next start': {
      pod: testPod({}),
      facts: facts({ observed: testObservedPod([testObserved('web', 'exited 1')]) }),
      lines: ['Running', unready, 'web: Error 1 #0'],
    },
    'a crash loop': {
      pod: testPod({}),
      facts: facts({
        observed: testObservedPod([
          testObserved('web', 'exited 1', { restartCount: 1 }),
          testObserved('web', 'exited 2'),
        ]),
        failures: { web: { reason: 'CrashLoopBackOff', message: 'back-off 20s' } },
      }),
      lines: ['Running', unready, 'web: waiting CrashLoopBackOff after Error 1 #1'],
    },
    'init containers': {
      pod: inits,
      facts: facts({ observed: testObservedPod([testObserved('init', 'running')]) }),
      lines: [
        'Pending',
        'PodReadyToStartContainers=True, Initialized=False ContainersNotInitialized, Ready=False ContainersNotReady, ContainersReady=False ContainersNotReady',
        'init: running #0 started',
        'side: waiting PodInitializing #0',
        'web: waiting PodInitializing #0',
      ],
    },
    'a sidecar beside the pod': {
      pod: inits,
      facts: facts({
        observed: testObservedPod(
          ['web', 'side']
            .map((name) => testObserved(name, 'running'))
            .concat(testObserved('init', 'exited 0')),
        ),
      }),
      lines: [
        'Running',
        ready,
        'init: Completed 0 #0 ready',
        'side: running #0 ready started',
        'web: running #0 ready started',
      ],
    },
    success: {
      pod: never,
      facts: facts({ observed: testObservedPod([testObserved('web', 'exited 0')], gone) }),
      lines: ['Succeeded', ended('PodCompleted', ' PodCompleted'), 'web: Completed 0 #0'],
    },
    failure: {
      pod: never,
      facts: facts({ observed: testObservedPod([testObserved('web', 'exited 1')], gone) }),
      lines: ['Failed', ended('PodFailed'), 'web: Error 1 #0'],
    },
    'a failed init container': {
      pod: testPod({ initContainers: [testContainer('init')], restartPolicy: 'Never' }),
      facts: facts({
        observed: testObservedPod([testObserved('init', 'exited 1')], gone),
        progress: 'ended',
      }),
      lines: [
        'Failed',
        'PodReadyToStartContainers=False, Initialized=False ContainersNotInitialized, Ready=False PodFailed, ContainersReady=False PodFailed',
        'init: Error 1 #0',
        'web: waiting PodInitializing #0',
      ],
    },
    'past its deadline, while it still runs': {
      pod: withStatus(testPod({}), { phase: 'Running' }),
      facts: facts({ observed: running, progress: 'ending', failure: failed }),
      lines: ['Running', ready, 'web: running #0 ready started'],
    },
    'past its deadline': {
      pod: withStatus(testPod({}), { phase: 'Running' }),
      facts: facts({
        observed: testObservedPod([testObserved('web', 'exited 0')], gone),
        progress: 'ended',
        failure: failed,
      }),
      lines: ['Failed DeadlineExceeded: too long', ended('PodFailed'), 'web: Completed 0 #0'],
    },
    'deleted before anything was started': {
      pod: testPod({}, { metadata: { deletionTimestamp: '2026-01-01T12:00:00Z' } }),
      facts: facts({ progress: 'ended' }),
      lines: ['Failed', ended('PodFailed'), 'web: ContainerStatusUnknown 137 #0'],
    },
    'deleted, its containers restartable': {
      pod: testPod({}, { metadata: { deletionTimestamp: '2026-01-01T12:00:00Z' } }),
      facts: facts({ observed: testObservedPod([testObserved('web', 'exited 0')], gone), progress: 'ended' }),
      lines: ['Succeeded', ended('PodCompleted', ' PodCompleted'), 'web: Completed 0 #0'],
    },
    'a container whose traces are gone': {
      pod: withStatus(testPod({}), {
        phase: 'Running',
        containerStatuses: [
          { name: 'web', image: 'i', imageID: '', ready: true, restartCount: 2, state: { running: {} } },
        ],
      }),
      facts: facts({ observed: testObservedPod([]) }),
      lines: ['Running', unready, 'web: waiting ContainerCreating after ContainerStatusUnknown 137 #3'],
    },
    'a debugger beside it': {
      pod: testPod({ ephemeralContainers: [testContainer('debug')] }),
      facts: facts({
        observed: testObservedPod([testObserved('web', 'running'), testObserved('debug', 'running')]),
      }),
      lines: ['Running', ready, 'web: running #0 ready started', 'debug: running #0'],
    },
    'a final phase, whatever is seen later': {
      pod: withStatus(never, { phase: 'Failed', reason: 'Evicted', message: 'low on memory' }),
      facts: facts({ observed: running, progress: 'ended' }),
      lines: [
        'Failed Evicted: low on memory',
        'PodReadyToStartContainers=True, Initialized=True, Ready=False PodFailed, ContainersReady=False PodFailed',
        'web: ContainerStatusUnknown 137 #0',
      ],
    },
  };
  for (const [name, { pod, facts, lines }] of Object.entries(cases))
    test(name, () => assert.deepEqual(statusLines(podStatus(pod, facts)), lines));

  test('readiness gates', () => {
    const gate = 'example.com/gate';
    const pod = testPod({ readinessGates: [{ conditionType: gate }] });
    const readyOf = (conditions: PodStatus['conditions']) =>
      podStatus(withStatus(pod, { conditions }), facts({ observed: running })).conditions?.find(
        ({ type }) => type === 'Ready',
      );
    const text = (conditions: PodStatus['conditions']) => {
      const { status, message } = readyOf(conditions) ?? {};
      return `${status} ${message ?? ''}`;
    };
    assert.deepEqual(
      [text([]), text([{ type: gate, status: 'False' }]), text([{ type: gate, status: 'True' }])],
      [
        `False corresponding condition of pod readiness gate "${gate}" does not exist.`,
        `False the status of pod readiness gate "${gate}" is not "True", but False`,
        'True ',
      ],
    );
  });

  test('containers share the room for their last words', () => {
    const names = ['a', 'b', 'c', 'd'];
    const message = `${'ä'.repeat(1999)}zz`;
    const status = podStatus(
      testPod({ restartPolicy: 'Never', containers: names.map((name) => testContainer(name)) }),
      facts({ observed: testObservedPod(names.map((name) => testObserved(name, 'exited 1', { message }))) }),
    );
    const said = status.containerStatuses?.map(({ state }) => state?.terminated?.message);
    assert.deepEqual(
      said,
      names.map(() => 'ä'.repeat(1536)),
    );
    const alone = podStatus(
      testPod({ restartPolicy: 'Never' }),
      facts({ observed: testObservedPod([testObserved('web', 'exited 1', { message })]) }),
    );
    assert.equal(alone.containerStatuses?.[0]?.state?.terminated?.message, message);
  });

  test("a pod in the node's network has its addresses", () => {
    const status = podStatus(testPod({ hostNetwork: true }), facts({ hostIPs: ['172.30.0.2', 'fd00::2'] }));
    assert.deepEqual(
      [status.podIP, status.podIPs, status.hostIPs],
      ['172.30.0.2', [{ ip: '172.30.0.2' }, { ip: 'fd00::2' }], [{ ip: '172.30.0.2' }, { ip: 'fd00::2' }]],
    );
  });
});
