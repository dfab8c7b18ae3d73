import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerStatus } from '../cri/container-types.ts';
import { containerHash } from './container-hash.ts';
import { containersOf, podText } from './containers.ts';
import { annotationsOfContainer, containerLabels, labelsOfContainer, sandboxLabels } from './labels.ts';
import { addressesOf, nothingObserved, observedPod } from './observed.ts';
import { testContainer, testPod, testSandbox } from './test-kit.ts';

const status = (name: string, createdAt: number, more: Partial<ContainerStatus> = {}): ContainerStatus => ({
  id: `${name}-${createdAt}`,
  metadata: { name, attempt: 0 },
  image: 'nginx',
  imageRef: 'sha256:1',
  state: 'Running',
  createdAt,
  labels: {},
  annotations: {},
  startedAt: createdAt,
  finishedAt: undefined,
  exitCode: 0,
  reason: '',
  message: '',
  mounts: [],
  logPath: '/log',
  ...more,
});

test('what the runtime has is sorted, the newest first, and read by its labels', () => {
  const pod = testPod({ containers: [testContainer('web')] });
  const labels = labelsOfContainer(pod, testContainer('web'));
  const annotations = annotationsOfContainer(pod, testContainer('web'), 3);
  const observed = observedPod(
    [testSandbox({ createdAt: 1 }), testSandbox({ createdAt: 2, attempt: 1, state: 'NotReady' })],
    [status('old', 1), status('new', 2, { labels, annotations, exitCode: 4 })],
  );
  assert.deepEqual(
    observed.sandboxes.map(({ id }) => id),
    ['sandbox-1', 'sandbox-0'],
  );
  assert.deepEqual(
    observed.containers.map(({ name, restartCount, hash, exitCode }) => [name, restartCount, hash, exitCode]),
    [
      ['web', 3, containerHash(testContainer('web')), 4],
      ['old', 0, '', 0],
    ],
  );
  assert.deepEqual(addressesOf(observed), ['10.244.0.2']);
  assert.deepEqual(addressesOf(nothingObserved), []);
});

test('labels and annotations of sandbox and container', () => {
  const pod = testPod({}, { metadata: { labels: { app: 'web' }, deletionGracePeriodSeconds: 4 } });
  const container = testContainer('web', {
    ports: [{ containerPort: 80 }],
    lifecycle: { preStop: { sleep: { seconds: 1 } } },
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  });
  assert.deepEqual(sandboxLabels(pod), {
    app: 'web',
    'io.kubernetes.pod.name': 'p',
    'io.kubernetes.pod.namespace': 'default',
    'io.kubernetes.pod.uid': 'uid-1',
  });
  assert.deepEqual(annotationsOfContainer(pod, container, 0), {
    [containerLabels.hash]: containerHash(container),
    [containerLabels.restartCount]: '0',
    [containerLabels.terminationMessagePath]: '/dev/termination-log',
    [containerLabels.terminationMessagePolicy]: 'File',
    [containerLabels.podDeletionGracePeriod]: '4',
    [containerLabels.podTerminationGracePeriod]: '30',
    [containerLabels.preStopHandler]: '{"sleep":{"seconds":1}}',
    [containerLabels.ports]: '[{"containerPort":80}]',
  });
});

test('the hash changes with name and image only', () => {
  const base = containerHash({ name: 'web', image: 'nginx' });
  assert.match(base, /^[0-9a-f]{1,8}$/);
  assert.equal(containerHash({ name: 'web', image: 'nginx', command: ['x'] }), base);
  assert.notEqual(containerHash({ name: 'web', image: 'nginx:1' }), base);
  assert.notEqual(containerHash({ name: 'web2', image: 'nginx' }), base);
});

test("a pod's containers by role", () => {
  const pod = testPod({
    ephemeralContainers: [testContainer('debug')],
    initContainers: [testContainer('init'), testContainer('side', { restartPolicy: 'Always' })],
  });
  assert.deepEqual(
    containersOf(pod).map(({ role, container }) => `${role} ${container.name}`),
    ['ephemeral debug', 'init init', 'sidecar side', 'app web'],
  );
  assert.equal(podText(pod), 'p_default(uid-1)');
});
