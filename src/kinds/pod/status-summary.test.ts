import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, ContainerState, ContainerStatus, Pod, PodStatus } from '../generated/types.ts';
import { pod } from '../pod.ts';
import { row } from '../test-kit.ts';

const now = Date.parse('2026-11-21T12:00:00Z');
const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString();

const status = (
  name: string,
  state: ContainerState,
  more: Partial<ContainerStatus> = {},
): ContainerStatus => ({
  name,
  image: name,
  imageID: '',
  ready: state.running !== undefined,
  restartCount: 0,
  state,
  ...more,
});
const running: ContainerState = { running: { startedAt: ago(60) } };
const waiting = (reason?: string): ContainerState => ({ waiting: { reason } });
const ended = (exitCode: number, reason?: string, signal?: number): ContainerState => ({
  terminated: { exitCode, reason, signal },
});
const crashed = (seconds: number): Partial<ContainerStatus> => ({
  lastState: { terminated: { exitCode: 1, finishedAt: ago(seconds) } },
});
const isReady = { type: 'Ready', status: 'True' };

interface Case {
  containers?: string[];
  init?: (string | Container)[];
  status: PodStatus;
  deleted?: boolean;
  /** `Ready Status Restarts` */
  shows: string;
}

const sidecar = (name: string): Container => ({ name, image: name, restartPolicy: 'Always' });

const cases: Record<string, Case> = {
  'just made': { status: { phase: 'Pending' }, shows: '0/1 Pending 0' },
  'being created': {
    status: { phase: 'Pending', containerStatuses: [status('web', waiting('ContainerCreating'))] },
    shows: '0/1 ContainerCreating 0',
  },
  running: {
    status: { phase: 'Running', containerStatuses: [status('web', running)] },
    shows: '1/1 Running 0',
  },
  'running but not ready': {
    status: { phase: 'Running', containerStatuses: [status('web', running, { ready: false })] },
    shows: '0/1 Running 0',
  },
  'one of two is ready': {
    containers: ['web', 'log'],
    status: {
      phase: 'Running',
      containerStatuses: [status('web', running), status('log', running, { ready: false })],
    },
    shows: '1/2 Running 0',
  },
  'waiting without a reason keeps the phase': {
    status: { phase: 'Pending', containerStatuses: [status('web', waiting())] },
    shows: '0/1 Pending 0',
  },
  'crash loop': {
    status: {
      phase: 'Running',
      containerStatuses: [status('web', waiting('CrashLoopBackOff'), { restartCount: 5, ...crashed(180) })],
    },
    shows: '0/1 CrashLoopBackOff 5 (3m ago)',
  },
  'restarted and running again': {
    status: {
      phase: 'Running',
      containerStatuses: [status('web', running, { restartCount: 1, ...crashed(30) })],
    },
    shows: '1/1 Running 1 (30s ago)',
  },
  'restarts without a time': {
    status: { phase: 'Running', containerStatuses: [status('web', running, { restartCount: 2 })] },
    shows: '1/1 Running 2',
  },
  'the last restart of several containers': {
    containers: ['web', 'log'],
    status: {
      phase: 'Running',
      containerStatuses: [
        status('web', running, { restartCount: 1, ...crashed(7200) }),
        status('log', running, { restartCount: 2, ...crashed(600) }),
      ],
    },
    shows: '2/2 Running 3 (10m ago)',
  },
  'no image': {
    status: { phase: 'Pending', containerStatuses: [status('web', waiting('ImagePullBackOff'))] },
    shows: '0/1 ImagePullBackOff 0',
  },
  'ended well': {
    status: { phase: 'Succeeded', containerStatuses: [status('web', ended(0, 'Completed'))] },
    shows: '0/1 Completed 0',
  },
  'ended badly': {
    status: { phase: 'Failed', containerStatuses: [status('web', ended(1, 'Error'))] },
    shows: '0/1 Error 0',
  },
  'killed for its memory': {
    status: { phase: 'Failed', containerStatuses: [status('web', ended(137, 'OOMKilled'))] },
    shows: '0/1 OOMKilled 0',
  },
  'ended by a signal': {
    status: { phase: 'Failed', containerStatuses: [status('web', ended(137, '', 9))] },
    shows: '0/1 Signal:9 0',
  },
  'ended with a code and no reason': {
    status: { phase: 'Failed', containerStatuses: [status('web', ended(3))] },
    shows: '0/1 ExitCode:3 0',
  },
  'one completed, one running, pod ready': {
    containers: ['web', 'log'],
    status: {
      phase: 'Running',
      conditions: [isReady],
      containerStatuses: [status('web', ended(0, 'Completed')), status('log', running)],
    },
    shows: '1/2 Running 0',
  },
  'one completed, one running, pod not ready': {
    containers: ['web', 'log'],
    status: {
      phase: 'Running',
      containerStatuses: [status('web', ended(0, 'Completed')), status('log', running)],
    },
    shows: '1/2 NotReady 0',
  },
  'the first container with a reason wins': {
    containers: ['web', 'log'],
    status: {
      phase: 'Running',
      containerStatuses: [status('web', ended(1, 'Error')), status('log', waiting('ErrImagePull'))],
    },
    shows: '0/2 Error 0',
  },
  'evicted, by the pod`s own reason': {
    status: { phase: 'Failed', reason: 'Evicted' },
    shows: '0/1 Evicted 0',
  },
  'scheduling gated': {
    status: {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
    },
    shows: '0/1 SchedulingGated 0',
  },
  'init container running': {
    init: ['prepare', 'load'],
    status: { phase: 'Pending', initContainerStatuses: [status('prepare', running, { ready: false })] },
    shows: '0/1 Init:0/2 0',
  },
  'second init container waiting for its turn': {
    init: ['prepare', 'load'],
    status: {
      phase: 'Pending',
      initContainerStatuses: [
        status('prepare', ended(0, 'Completed')),
        status('load', waiting('PodInitializing')),
      ],
    },
    shows: '0/1 Init:1/2 0',
  },
  'init container failed': {
    init: ['prepare'],
    status: { phase: 'Pending', initContainerStatuses: [status('prepare', ended(1, 'Error'))] },
    shows: '0/1 Init:Error 0',
  },
  'init container ended by a signal': {
    init: ['prepare'],
    status: { phase: 'Pending', initContainerStatuses: [status('prepare', ended(139, '', 11))] },
    shows: '0/1 Init:Signal:11 0',
  },
  'init container ended with a code': {
    init: ['prepare'],
    status: { phase: 'Pending', initContainerStatuses: [status('prepare', ended(2))] },
    shows: '0/1 Init:ExitCode:2 0',
  },
  'init container in a crash loop': {
    init: ['prepare'],
    status: {
      phase: 'Pending',
      initContainerStatuses: [
        status('prepare', waiting('CrashLoopBackOff'), { restartCount: 4, ...crashed(90) }),
      ],
    },
    shows: '0/1 Init:CrashLoopBackOff 4 (90s ago)',
  },
  'initialized, containers to come': {
    init: ['prepare'],
    status: {
      phase: 'Pending',
      initContainerStatuses: [status('prepare', ended(0, 'Completed'), { restartCount: 2 })],
      containerStatuses: [status('web', waiting('PodInitializing'))],
    },
    shows: '0/1 PodInitializing 0',
  },
  'a sidecar that runs counts as a container': {
    init: [sidecar('mesh')],
    status: {
      phase: 'Running',
      initContainerStatuses: [status('mesh', running, { started: true, restartCount: 1, ...crashed(60) })],
      containerStatuses: [status('web', running, { restartCount: 1 })],
    },
    shows: '2/2 Running 2 (60s ago)',
  },
  'a sidecar that has not started': {
    init: [sidecar('mesh')],
    status: {
      phase: 'Pending',
      initContainerStatuses: [status('mesh', running, { started: false, ready: false })],
    },
    shows: '0/2 Init:0/1 0',
  },
  'a sidecar failed after initialization': {
    init: [sidecar('mesh')],
    status: {
      phase: 'Running',
      conditions: [{ type: 'Initialized', status: 'True' }],
      initContainerStatuses: [status('mesh', ended(1, 'Error'), { started: false })],
      containerStatuses: [status('web', running)],
    },
    shows: '1/2 Init:Error 0',
  },
  'being deleted': {
    deleted: true,
    status: { phase: 'Running', containerStatuses: [status('web', running)] },
    shows: '1/1 Terminating 0',
  },
  'being deleted after its end': {
    deleted: true,
    status: { phase: 'Succeeded', containerStatuses: [status('web', ended(0, 'Completed'))] },
    shows: '0/1 Completed 0',
  },
  'being deleted on a lost node': {
    deleted: true,
    status: { phase: 'Running', reason: 'NodeLost', containerStatuses: [status('web', running)] },
    shows: '1/1 Unknown 0',
  },
  'on a lost node': {
    status: { phase: 'Running', reason: 'NodeLost' },
    shows: '0/1 NodeLost 0',
  },
};

function podOf(each: Case): Pod {
  return {
    metadata: {
      name: 'web',
      creationTimestamp: ago(3 * 24 * 3600),
      deletionTimestamp: each.deleted ? ago(1) : undefined,
    },
    spec: {
      containers: (each.containers ?? ['web']).map((name) => ({ name, image: name })),
      initContainers: (each.init ?? []).map((container) =>
        typeof container === 'string' ? { name: container, image: container } : container,
      ),
    },
    status: each.status,
  };
}

test('READY, STATUS and RESTARTS', () => {
  const shown = Object.entries(cases).map(([name, each]) => {
    const cells = row(pod, podOf(each), now);
    return [name, `${cells.Ready} ${cells.Status} ${cells.Restarts}`];
  });
  assert.deepEqual(
    shown,
    Object.entries(cases).map(([name, each]) => [name, each.shows]),
  );
});

test('a whole row, wide', () => {
  const object: Pod = {
    metadata: { name: 'web', creationTimestamp: ago(200) },
    spec: {
      nodeName: 'node-1',
      containers: [{ name: 'web' }],
      readinessGates: [{ conditionType: 'example.com/a' }, { conditionType: 'example.com/b' }],
    },
    status: {
      phase: 'Running',
      podIP: '10.244.1.7',
      nominatedNodeName: 'node-2',
      conditions: [
        { type: 'example.com/a', status: 'True' },
        { type: 'example.com/b', status: 'False' },
      ],
      containerStatuses: [status('web', running)],
    },
  };
  assert.deepEqual(row(pod, object, now), {
    Name: 'web',
    Ready: '1/1',
    Status: 'Running',
    Restarts: '0',
    Age: '3m20s',
    IP: '10.244.1.7',
    Node: 'node-1',
    'Nominated Node': 'node-2',
    'Readiness Gates': '1/2',
  });
  assert.deepEqual(row(pod, { metadata: { name: 'new' } }, now), {
    Name: 'new',
    Ready: '0/0',
    Status: '',
    Restarts: '0',
    Age: '<unknown>',
    IP: '<none>',
    Node: '<none>',
    'Nominated Node': '<none>',
    'Readiness Gates': '<none>',
  });
  assert.deepEqual(
    pod.columns?.filter((column) => column.priority === 1).map((column) => column.name),
    ['IP', 'Node', 'Nominated Node', 'Readiness Gates'],
  );
});
