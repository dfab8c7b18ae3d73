import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Pod, PodSpec } from '../kinds/generated/types.ts';
import { timestamp } from '../lib/timestamp.ts';
import { fullReference, imageID } from './images.ts';
import { newRuntime } from './pod-runtime.ts';
import { stepPod } from './step-pod.ts';

const start = Date.UTC(2026, 0, 1);
const node = { name: 'node-1', hostIP: '172.31.0.1' };

interface Shape {
  sim?: Record<string, string>;
  spec?: Partial<PodSpec>;
  deletedAt?: number;
}

/** `second fieldPath type reason: message`, step by step, as long as the node wakes by itself. */
function toldOf({ sim = {}, spec, deletedAt = Number.POSITIVE_INFINITY }: Shape, seconds: number): string[] {
  const annotations = Object.fromEntries(
    Object.entries(sim).map(([name, value]) => [`sim.wherry.dev/${name}`, value]),
  );
  let pod: Pod = {
    metadata: { name: 'web', namespace: 'default', uid: 'uid-1', resourceVersion: '7', annotations },
    spec: {
      nodeName: 'node-1',
      restartPolicy: 'Always',
      containers: [{ name: 'web', image: 'nginx:1.27', imagePullPolicy: 'IfNotPresent' }],
      ...spec,
    },
    status: { phase: 'Pending' },
  };
  let runtime = newRuntime(pod, '10.244.0.2', start);
  const lines: string[] = [];
  for (let now = start; now <= start + seconds * 1000; ) {
    if (now >= start + deletedAt * 1000 && pod.metadata.deletionTimestamp === undefined) {
      const metadata = { ...pod.metadata, deletionTimestamp: timestamp(now + 30_000) };
      pod = { ...pod, metadata: { ...metadata, deletionGracePeriodSeconds: 30 } };
    }
    const step = stepPod(pod, { node, runtime }, now);
    runtime = step.runtime;
    if (step.status !== undefined) pod = { ...pod, status: step.status };
    for (const { regarding, type, reason, message } of step.events ?? [])
      lines.push(`${(now - start) / 1000} ${regarding.fieldPath ?? '-'} ${type} ${reason}: ${message}`);
    if (step.delete) return [...lines, `${(now - start) / 1000} gone`];
    const wakes = [step.wakeAt, start + deletedAt * 1000].filter((at) => at !== undefined && at > now);
    now = Math.min(...(wakes as number[]), Number.POSITIVE_INFINITY);
  }
  return lines;
}

const web = 'spec.containers{web}';
const present =
  'Normal Pulled: Container image "nginx:1.27" already present on machine and can be accessed by the pod';
const failedPull =
  'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:1.27": failed to resolve reference "docker.io/library/nginx:1.27": docker.io/library/nginx:1.27: not found';
const up = (second: number, field = web) => [
  `${second} ${field} ${present}`,
  `${second} ${field} Normal Created: Container created`,
  `${second} ${field} Normal Started: Container started`,
];

const lives: Record<string, { shape: Shape; seconds: number; told: string[] }> = {
  'a pod that runs': { shape: {}, seconds: 100, told: up(1) },
  'a pod that is deleted': {
    shape: { deletedAt: 5 },
    seconds: 100,
    told: [...up(1), `5 ${web} Normal Killing: Stopping container web`, '6 gone'],
  },
  'an image that is asked for each time': {
    shape: {
      sim: { 'start-seconds': '1.25' },
      spec: { containers: [{ name: 'web', image: 'nginx', imagePullPolicy: 'Always' }] },
    },
    seconds: 100,
    told: [
      `0 ${web} Normal Pulling: Pulling image "nginx"`,
      `1.25 ${web} Normal Pulled: Successfully pulled image "nginx" in 1.25s (1.25s including waiting). Image size: 159190171 bytes.`,
      `1.25 ${web} Normal Created: Container created`,
      `1.25 ${web} Normal Started: Container started`,
    ],
  },
  'an image that is missing': {
    shape: { sim: { 'image-missing': 'true' } },
    seconds: 5,
    told: [
      `0 ${web} Normal Pulling: Pulling image "nginx:1.27"`,
      `1 ${web} Warning Failed: Failed to pull image "nginx:1.27": ${failedPull}`,
      `1 ${web} Warning Failed: Error: ErrImagePull`,
      `2 ${web} Normal BackOff: Back-off pulling image "nginx:1.27"`,
      `2 ${web} Warning Failed: Error: ImagePullBackOff`,
    ],
  },
  'a crash loop': {
    shape: { sim: { crash: 'true' } },
    seconds: 16,
    told: [
      ...up(1),
      ...up(3),
      `5 ${web} Warning BackOff: Back-off restarting failed container web in pod web_default(uid-1)`,
      ...up(15),
    ],
  },
  'a probe that fails is told each time': {
    shape: {
      sim: { 'never-ready': 'true' },
      spec: {
        containers: [
          {
            name: 'web',
            image: 'nginx:1.27',
            ports: [{ name: 'http', containerPort: 80 }],
            readinessProbe: { tcpSocket: { port: 'http' }, initialDelaySeconds: 2, periodSeconds: 3 },
          },
        ],
      },
    },
    seconds: 7,
    told: [
      ...up(1),
      ...[3, 6].map(
        (second) =>
          `${second} ${web} Warning Unhealthy: Readiness probe failed: dial tcp 10.244.0.2:80: connect: connection refused`,
      ),
    ],
  },
  'what is unready without a probe is told once': {
    shape: { sim: { 'never-ready': 'true' } },
    seconds: 100,
    told: [
      ...up(1),
      `1 ${web} Warning Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503`,
    ],
  },
  'init containers have a place of their own': {
    shape: { spec: { initContainers: [{ name: 'first', image: 'nginx:1.27' }] } },
    seconds: 100,
    told: [...up(1, 'spec.initContainers{first}'), ...up(3)],
  },
  'a deadline': {
    shape: { spec: { activeDeadlineSeconds: 5 } },
    seconds: 100,
    told: [
      ...up(1),
      '5 - Normal DeadlineExceeded: Pod was active on the node longer than the specified deadline',
      `5 ${web} Normal Killing: Stopping container web`,
    ],
  },
};

describe('what a node tells of a pod', () => {
  for (const [name, { shape, seconds, told }] of Object.entries(lives))
    test(name, () => assert.deepEqual(toldOf(shape, seconds), told));
});

describe('names of images', () => {
  const cases: [image: string, full: string][] = [
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1.27', 'docker.io/library/nginx:1.27'],
    ['example/podinfo:6.5.0', 'docker.io/example/podinfo:6.5.0'],
    ['localhost/web', 'localhost/web:latest'],
    ['images.example:5000/web:1', 'images.example:5000/web:1'],
    ['', ''],
  ];
  for (const [image, full] of cases) test(image, () => assert.equal(fullReference(image), full));

  test('an id is the same for the same image, with its own digest when it has one', () => {
    const digest = `sha256:${'ab'.repeat(32)}`;
    assert.equal(imageID(`web:1@${digest}`), `docker.io/library/web@${digest}`);
    assert.match(imageID('nginx:1.27'), /^docker\.io\/library\/nginx@sha256:[0-9a-f]{64}$/);
    assert.equal(imageID('nginx'), imageID('nginx:latest'));
  });
});
