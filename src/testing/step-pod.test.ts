import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Pod } from '../kinds/generated/types.ts';
import { podColumns } from '../kinds/pod/status-summary.ts';
import { timestamp } from '../lib/timestamp.ts';
import { advancePod, isFinished } from './advance-pod.ts';
import { lostRuntime, newRuntime, recoverRuntime } from './pod-runtime.ts';
import { podStatus } from './pod-status.ts';
import { stepPod } from './step-pod.ts';

const start = Date.UTC(2026, 0, 1);
const node = { name: 'node-1', hostIP: '172.31.0.1' };

interface Shape {
  sim?: Record<string, string>;
  spec?: Pod['spec'];
  /** Seconds from the start at which it is deleted, and with which grace. */
  deleted?: { at: number; grace: number };
  /** Of a Job. */
  job?: boolean;
}

function podOf({ sim = {}, spec, job }: Shape): Pod {
  const annotations = Object.fromEntries(
    Object.entries(sim).map(([name, value]) => [`sim.wherry.dev/${name}`, value]),
  );
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'job', controller: true };
  return {
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'uid-1',
      annotations,
      ...(job ? { ownerReferences: [owner] } : {}),
    },
    spec: {
      nodeName: 'node-1',
      restartPolicy: 'Always',
      containers: [{ name: 'web', image: 'nginx' }],
      ...spec,
    },
    status: { phase: 'Pending', qosClass: 'BestEffort' },
  };
}

const cell = (pod: Pod, name: string) => podColumns.find((column) => column.name === name)?.of(pod, 0);

/** What `kubectl get` shows whenever the node wrote something, with the second: the node wakes only when it asked to. */
function lifeOf(shape: Shape, seconds: number): string[] {
  let pod = podOf(shape);
  let runtime = newRuntime(pod, '10.244.0.2', start);
  const lines: string[] = [];
  for (let now = start; now <= start + seconds * 1000; ) {
    const { deleted } = shape;
    if (
      deleted !== undefined &&
      now >= start + deleted.at * 1000 &&
      pod.metadata.deletionTimestamp === undefined
    ) {
      const deletionTimestamp = timestamp(now + deleted.grace * 1000);
      pod = {
        ...pod,
        metadata: { ...pod.metadata, deletionTimestamp, deletionGracePeriodSeconds: deleted.grace },
      };
    }
    const step = stepPod(pod, { node, runtime }, now);
    runtime = step.runtime;
    if (step.status !== undefined) {
      pod = { ...pod, status: step.status };
      const restarts = String(cell(pod, 'Restarts')).replace(/ .*/, '');
      const text = `${cell(pod, 'Ready')} ${cell(pod, 'Status')} ${restarts} ${pod.status?.phase}`;
      lines.push(`${(now - start) / 1000}: ${text}`);
    }
    if (step.delete) return [...lines, `${(now - start) / 1000}: delete`];
    const wakes = [step.wakeAt, deleted === undefined ? undefined : start + deleted.at * 1000];
    const later = wakes.filter((at): at is number => at !== undefined && at > now);
    if (later.length === 0) return [...lines, 'at rest'];
    now = Math.min(...later);
  }
  return lines;
}

const init = { name: 'prepare', image: 'busybox' };
const sidecar = { name: 'log', image: 'busybox', restartPolicy: 'Always' };
const web = { name: 'web', image: 'nginx' };

const lives: Record<string, { shape: Shape; seconds: number; life: string[] }> = {
  'a plain pod runs and is left alone': {
    shape: {},
    seconds: 100,
    life: ['0: 0/1 ContainerCreating 0 Pending', '1: 1/1 Running 0 Running', 'at rest'],
  },
  'delays are exact to the millisecond': {
    shape: { sim: { 'start-seconds': '0.25', 'ready-seconds': '1.5' } },
    seconds: 100,
    life: [
      '0: 0/1 ContainerCreating 0 Pending',
      '0.25: 0/1 Running 0 Running',
      '1.75: 1/1 Running 0 Running',
      'at rest',
    ],
  },
  'no delay at all is one write': {
    shape: { sim: { 'start-seconds': '0' } },
    seconds: 100,
    life: ['0: 1/1 Running 0 Running', 'at rest'],
  },
  'a readiness probe waits as it says': {
    shape: { spec: { containers: [{ ...web, readinessProbe: { initialDelaySeconds: 7 } }] } },
    seconds: 100,
    life: [
      '0: 0/1 ContainerCreating 0 Pending',
      '1: 0/1 Running 0 Running',
      '8: 1/1 Running 0 Running',
      'at rest',
    ],
  },
  'never ready': {
    shape: { sim: { 'never-ready': 'true' } },
    seconds: 100,
    life: ['0: 0/1 ContainerCreating 0 Pending', '1: 0/1 Running 0 Running', 'at rest'],
  },
  'of two containers one can be told apart': {
    shape: { sim: { 'never-ready.two': 'true' }, spec: { containers: [web, { name: 'two', image: 'x' }] } },
    seconds: 100,
    life: ['0: 0/2 ContainerCreating 0 Pending', '1: 1/2 Running 0 Running', 'at rest'],
  },
  'a crash loop backs off': {
    shape: { sim: { crash: 'true', 'start-seconds': '0' } },
    seconds: 35,
    life: [
      '0: 1/1 Running 0 Running',
      '1: 1/1 Running 1 Running',
      '2: 0/1 Error 1 Running',
      '3: 0/1 CrashLoopBackOff 1 Running',
      '12: 1/1 Running 2 Running',
      '13: 0/1 Error 2 Running',
      '14: 0/1 CrashLoopBackOff 2 Running',
      '33: 1/1 Running 3 Running',
      '34: 0/1 Error 3 Running',
      '35: 0/1 CrashLoopBackOff 3 Running',
    ],
  },
  'what ends well and is not to restart has succeeded': {
    shape: {
      sim: { 'exit-code': '0', 'exit-after-seconds': '5' },
      spec: { containers: [web], restartPolicy: 'OnFailure' },
    },
    seconds: 100,
    life: [
      '0: 0/1 ContainerCreating 0 Pending',
      '1: 1/1 Running 0 Running',
      '6: 0/1 Completed 0 Succeeded',
      'at rest',
    ],
  },
  'what ends ill and is not to restart has failed': {
    shape: { sim: { 'exit-code': '3' }, spec: { containers: [web], restartPolicy: 'Never' } },
    seconds: 100,
    life: [
      '0: 0/1 ContainerCreating 0 Pending',
      '1: 1/1 Running 0 Running',
      '2: 0/1 Error 0 Failed',
      'at rest',
    ],
  },
  "a job's pod ends by itself": {
    shape: { job: true, spec: { containers: [web], restartPolicy: 'Never' } },
    seconds: 100,
    life: [
      '0: 0/1 ContainerCreating 0 Pending',
      '1: 1/1 Running 0 Running',
      '2: 0/1 Completed 0 Succeeded',
      'at rest',
    ],
  },
  'an image that is missing': {
    shape: { sim: { 'image-missing': 'true' } },
    seconds: 40,
    life: [
      '0: 0/1 ContainerCreating 0 Pending',
      '1: 0/1 ErrImagePull 0 Pending',
      '2: 0/1 ImagePullBackOff 0 Pending',
      '12: 0/1 ErrImagePull 0 Pending',
      '13: 0/1 ImagePullBackOff 0 Pending',
      '33: 0/1 ErrImagePull 0 Pending',
      '34: 0/1 ImagePullBackOff 0 Pending',
    ],
  },
  'init containers come one by one, then a sidecar, then the rest': {
    shape: { spec: { initContainers: [init, { ...init, name: 'second' }, sidecar], containers: [web] } },
    seconds: 100,
    life: [
      '0: 0/2 Init:0/3 0 Pending',
      '1: 0/2 Init:0/3 0 Pending',
      '2: 0/2 Init:1/3 0 Pending',
      '3: 0/2 Init:1/3 0 Pending',
      '4: 0/2 Init:2/3 0 Pending',
      '5: 1/2 PodInitializing 0 Pending',
      '6: 2/2 Running 0 Running',
      'at rest',
    ],
  },
  'an init container that fails for good': {
    shape: {
      sim: { 'exit-code.prepare': '2' },
      spec: { initContainers: [init], containers: [web], restartPolicy: 'Never' },
    },
    seconds: 100,
    life: ['0: 0/1 Init:0/1 0 Pending', '1: 0/1 Init:0/1 0 Pending', '2: 0/1 Init:Error 0 Failed', 'at rest'],
  },
  'deleted: it stops, and is taken off': {
    shape: { deleted: { at: 10, grace: 30 } },
    seconds: 100,
    life: [
      '0: 0/1 ContainerCreating 0 Pending',
      '1: 1/1 Running 0 Running',
      '11: 0/1 Completed 0 Succeeded',
      '11: delete',
    ],
  },
  'deleted: killed when it does not stop in time': {
    shape: { sim: { 'stop-seconds': '60' }, deleted: { at: 10, grace: 5 } },
    seconds: 100,
    life: [
      '0: 0/1 ContainerCreating 0 Pending',
      '1: 1/1 Running 0 Running',
      '15: 0/1 Error 0 Failed',
      '15: delete',
    ],
  },
  'deleted before it ran': {
    shape: { sim: { 'start-seconds': '60' }, deleted: { at: 10, grace: 30 } },
    seconds: 100,
    life: ['0: 0/1 ContainerCreating 0 Pending', '10: 0/1 ContainerStatusUnknown 0 Failed', '10: delete'],
  },
  'deleted after its end': {
    shape: {
      sim: { 'exit-code': '0' },
      spec: { containers: [web], restartPolicy: 'Never' },
      deleted: { at: 10, grace: 30 },
    },
    seconds: 100,
    life: [
      '0: 0/1 ContainerCreating 0 Pending',
      '1: 1/1 Running 0 Running',
      '2: 0/1 Completed 0 Succeeded',
      '10: delete',
    ],
  },
  'deleted: sidecars go after the rest, the last first': {
    shape: {
      spec: { initContainers: [sidecar, { ...sidecar, name: 'mesh' }], containers: [web] },
      deleted: { at: 10, grace: 30 },
    },
    seconds: 100,
    life: [
      '0: 0/3 Init:0/2 0 Pending',
      '1: 1/3 Init:1/2 0 Pending',
      '2: 2/3 PodInitializing 0 Pending',
      '3: 3/3 Running 0 Running',
      '11: 2/3 Terminating 0 Running',
      '12: 1/3 Terminating 0 Running',
      '13: 0/3 Completed 0 Succeeded',
      '13: delete',
    ],
  },
  'active for too long': {
    shape: { spec: { containers: [web], activeDeadlineSeconds: 20 } },
    seconds: 100,
    life: [
      '0: 0/1 ContainerCreating 0 Pending',
      '1: 1/1 Running 0 Running',
      '21: 0/1 Completed 0 Failed',
      'at rest',
    ],
  },
};

describe('a pod on a node', () => {
  for (const [name, { shape, seconds, life }] of Object.entries(lives))
    test(name, () => assert.deepEqual(lifeOf(shape, seconds), life));

  test('the back-off grows to five minutes and is forgiven after ten minutes of peace', () => {
    const pod = podOf({ sim: { crash: 'true' } });
    const first = newRuntime(pod, undefined, start);
    const waits = [1, 10, 60, 600, 3600].map((minutes) => {
      const { runtime } = advancePod(pod, first, start + minutes * 60_000);
      return runtime.containers[0]?.backOff?.milliseconds;
    });
    assert.deepEqual(waits, [40_000, 300_000, 300_000, 300_000, 300_000]);
    const peaceful = podOf({ sim: { crash: 'true', 'exit-after-seconds': '1000' } });
    const { runtime } = advancePod(peaceful, first, start + 3500_000);
    assert.equal(runtime.containers[0]?.restarts, 3);
    assert.equal(runtime.containers[0]?.backOff?.milliseconds, 10_000);
  });

  test('a step that comes late makes the same history', () => {
    const pod = podOf({ sim: { crash: 'true' } });
    const first = newRuntime(pod, '10.244.0.2', start);
    let runtime = first;
    for (let second = 0; second <= 500; second++)
      runtime = advancePod(pod, runtime, start + second * 1000).runtime;
    assert.deepEqual(runtime, advancePod(pod, first, start + 500_000).runtime);
    assert.equal(isFinished(pod, runtime), false);
  });

  test('what the status tells is enough to go on from', () => {
    const pod = podOf({ spec: { initContainers: [init, sidecar], containers: [web] } });
    const { runtime } = advancePod(pod, newRuntime(pod, '10.244.0.2', start), start + 10_000);
    const status = podStatus(pod, { node, runtime, now: start + 10_000 });
    const known = { ...pod, status };
    const recovered = recoverRuntime(known, '10.244.0.2', start + 20_000);
    const step = stepPod(known, { node, runtime: recovered }, start + 20_000);
    assert.equal(step.status, undefined);
    assert.equal(step.wakeAt, undefined);
  });

  test('after a power cut what ran starts again at once', () => {
    const pod = podOf({});
    const { runtime } = advancePod(pod, newRuntime(pod, '10.244.0.2', start), start + 10_000);
    const lost = lostRuntime(runtime, start + 20_000);
    const after = advancePod(pod, lost, start + 30_000).runtime;
    assert.deepEqual(after.containers, [
      {
        name: 'web',
        role: 'app',
        stage: 'running',
        since: start + 21_000,
        restarts: 1,
        exit: { startedAt: start + 1000, finishedAt: start + 20_000, code: 255, reason: 'Unknown' },
        backOff: { milliseconds: 10_000, setAt: start + 21_000 },
      },
    ]);
  });

  test('finalizers alone do not make it ask twice', () => {
    const pod = podOf({});
    pod.status = { phase: 'Failed' };
    pod.metadata.deletionTimestamp = timestamp(start);
    const runtime = newRuntime(pod, undefined, start);
    pod.metadata.deletionGracePeriodSeconds = 30;
    assert.equal(stepPod(pod, { node, runtime }, start).delete, true);
    pod.metadata.deletionGracePeriodSeconds = 0;
    assert.equal(stepPod(pod, { node, runtime }, start).delete, undefined);
  });
});
