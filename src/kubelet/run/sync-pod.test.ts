import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { ContainerConfig } from '../../cri/container-types.ts';
import { CriError } from '../../cri/errors.ts';
import type { Pod } from '../../kinds/generated/types.ts';
import { Interrupted } from '../../lib/interrupt.ts';
import { testContainer, testPod } from '../test-kit.ts';
import { syncPod } from './sync-pod.ts';
import { deleted, startTestNode, statusText, testImage } from './test-node.ts';
import { newMemory } from './tools.ts';
import { VolumeError } from './volume-error.ts';

const started = (name: string): string[] => [
  `Normal Pulled ${name}: Container image "nginx" already present on machine and can be accessed by the pod`,
  `Normal Created ${name}: Container created`,
  `Normal Started ${name}: Container started`,
];

const forever = () => ({});

describe('a pod', () => {
  test('is started, runs, and is ready; then nothing is done any more', async (t) => {
    const node = await startTestNode(t);
    const pod = await node.run(testPod({}));
    assert.equal(statusText(pod.status), 'Running; web running #0 ready');
    assert.equal(pod.status?.podIP, '10.244.0.2');
    assert.deepEqual(node.takeEvents(), started('web'));
    assert.deepEqual(node.takeStatuses().map(statusText), ['Pending; web waiting ContainerCreating #0']);
    assert.match(await readFile(node.files.hostsPath('uid-1'), 'utf8'), /^10\.244\.0\.2\tp$/m);
    const again = await node.sync(pod);
    assert.deepEqual(again.status, pod.status);
    assert.deepEqual([node.takeEvents(), node.takeStatuses()], [[], []]);
  });

  test('has init containers first, and sidecars beside', async (t) => {
    const programs = ({ metadata }: { metadata: { name: string } }) =>
      metadata.name === 'init' ? { runMilliseconds: 1000 } : {};
    const node = await startTestNode(t, { programs });
    const spec = testPod({
      initContainers: [testContainer('side', { restartPolicy: 'Always' }), testContainer('init')],
    });
    const first = await node.run(spec);
    assert.equal(
      statusText(first.status),
      'Pending; side running #0 ready, init waiting PodInitializing #0, web waiting PodInitializing #0',
    );
    const second = await node.run(first);
    assert.equal(
      statusText(second.status),
      'Pending; side running #0 ready, init running #0, web waiting PodInitializing #0',
    );
    node.clock.advance(1000);
    const third = await node.run(second);
    assert.equal(
      statusText(third.status),
      'Running; side running #0 ready, init Completed 0 #0 ready, web running #0 ready',
    );
  });

  test('that is done is cleaned up, its address kept in the status', async (t) => {
    const node = await startTestNode(t, { programs: () => ({ runMilliseconds: 1000 }) });
    const running = await node.run(testPod({ restartPolicy: 'Never' }));
    node.clock.advance(1000);
    const done = await node.run(running);
    assert.equal(statusText(done.status), 'Succeeded; web Completed 0 #0');
    assert.equal(done.status?.podIP, '10.244.0.2');
    assert.deepEqual(
      (await node.runtime.sandboxes.list()).map(({ state }) => state),
      ['NotReady'],
    );
  });

  test('that is deleted ends within its grace, and says so', async (t) => {
    const programs = () => ({ onTerminate: { afterMilliseconds: 2000, exitCode: 0 } });
    const node = await startTestNode(t, { programs });
    const pod = await node.run(testPod({}));
    node.takeEvents();
    node.takeStatuses();
    const before = node.clock.now();
    const end = await node.settle(node.sync(deleted(pod)));
    assert.equal(statusText(end.status), 'Succeeded; web Completed 0 #0');
    assert.equal(end.hasEnded, true);
    assert.deepEqual(node.takeEvents(), ['Normal Killing web: Stopping container web']);
    assert.deepEqual(node.takeStatuses().map(statusText), ['Running; web running #0 ready']);
    assert.ok(node.clock.now() - before < 30_000);
  });

  test('that does not listen is killed after its grace', async (t) => {
    const node = await startTestNode(t, { programs: forever });
    const pod = await node.run(testPod({}));
    const before = node.clock.now();
    const end = await node.settle(node.sync(deleted(pod, 5)));
    assert.equal(statusText(end.status), 'Failed; web Error 137 #0');
    assert.ok(node.clock.now() - before >= 5000);
  });

  test('that is past its deadline fails', async (t) => {
    const node = await startTestNode(t);
    const pod = await node.run(testPod({ activeDeadlineSeconds: 60, terminationGracePeriodSeconds: 1 }));
    node.clock.advance(60_000);
    node.takeEvents();
    const end = await node.settle(node.sync(pod));
    assert.equal(statusText(end.status), 'Failed DeadlineExceeded; web Error 137 #0');
    assert.deepEqual(node.takeEvents(), [
      'Normal DeadlineExceeded: Pod was active on the node longer than the specified deadline',
      'Normal Killing web: Stopping container web',
    ]);
  });

  test('whose sandbox is gone gets another', async (t) => {
    const node = await startTestNode(t);
    const pod = await node.run(testPod({}));
    node.takeEvents();
    const [sandbox] = await node.runtime.sandboxes.list();
    await node.runtime.sandboxes.stop(sandbox?.id ?? '');
    const back = await node.run(pod);
    assert.equal(statusText(back.status), 'Running; web running #1 ready');
    assert.deepEqual(node.takeEvents(), [
      'Normal SandboxChanged: Pod sandbox changed, it will be killed and re-created.',
      ...started('web'),
    ]);
  });

  test('whose image is changed gets a new container in place', async (t) => {
    const other = { ...testImage, id: `sha256:${'b'.repeat(64)}`, repoTags: ['docker.io/library/nginx:2'] };
    const node = await startTestNode(t, { images: [testImage, other] });
    const pod = await node.run(testPod({ terminationGracePeriodSeconds: 1 }));
    node.takeEvents();
    const spec = { ...pod.spec, containers: [testContainer('web', { image: 'nginx:2' })] };
    const changed = await node.settle(node.run({ ...pod, spec }));
    assert.equal(statusText(changed.status), 'Running; web running #1 ready');
    assert.equal(changed.status?.containerStatuses?.[0]?.image, 'docker.io/library/nginx:2');
    assert.equal(
      node.takeEvents()[0],
      'Normal Killing web: Container web definition changed, will be restarted',
    );
    assert.equal((await node.runtime.sandboxes.list()).length, 1);
  });
});

describe('what goes wrong', () => {
  test('a crash loop waits longer and longer and says so', async (t) => {
    const programs = () => ({ runMilliseconds: 0, exitCode: 3 });
    const node = await startTestNode(t, { programs });
    let pod = await node.run(testPod({}));
    const waits: number[] = [];
    while (waits.length < 4) {
      // It crashes.
      node.clock.advance(1);
      const looked = await node.sync(pod);
      pod = { ...pod, status: looked.status };
      if (looked.status.containerStatuses?.[0]?.state?.waiting === undefined) continue;
      waits.push(Math.round(looked.again / 1000));
      node.clock.advance(looked.again);
      pod = { ...pod, status: (await node.sync(pod)).status };
    }
    // The first restart waits for nothing.
    assert.deepEqual(waits, [10, 20, 40, 60]);
    node.clock.advance(20_000);
    pod = { ...pod, status: (await node.sync(pod)).status };
    node.clock.advance(1);
    node.takeEvents();
    const looked = await node.run(pod);
    assert.match(statusText(looked.status), /^Running; web waiting CrashLoopBackOff #5$/);
    const [web] = looked.status?.containerStatuses ?? [];
    assert.equal(
      web?.state?.waiting?.message,
      'back-off 2m40s restarting failed container=web pod=p_default(uid-1)',
    );
    assert.equal(web?.lastState?.terminated?.exitCode, 3);
    assert.equal(
      node.takeEvents().at(-1),
      'Warning BackOff web: Back-off restarting failed container web in pod p_default(uid-1)',
    );
    // No more than is shown is kept.
    assert.equal((await node.runtime.containers.list()).length, 2);
  });

  test('another image does not wait for what the one before has done', async (t) => {
    const other = { ...testImage, id: `sha256:${'b'.repeat(64)}`, repoTags: ['docker.io/library/nginx:2'] };
    const programs = ({ image }: ContainerConfig) =>
      image.image === other.id ? {} : { runMilliseconds: 0, exitCode: 3 };
    const node = await startTestNode(t, { programs, images: [testImage, other] });
    let pod = testPod({});
    const look = async () => {
      node.clock.advance(1);
      pod = { ...pod, status: (await node.sync(pod)).status };
    };
    for (let looks = 0; looks < 3; looks++) await look();
    assert.equal(statusText(pod.status), 'Running; web waiting CrashLoopBackOff #1');
    pod = { ...pod, spec: { ...pod.spec, containers: [testContainer('web', { image: 'nginx:2' })] } };
    await look();
    assert.equal(statusText(pod.status), 'Running; web running #2 ready');
  });

  test('an image that is not there is asked for again, later and later', async (t) => {
    const node = await startTestNode(t, { images: [] });
    const pod = testPod({});
    const why =
      'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:latest": failed to resolve reference "docker.io/library/nginx:latest": docker.io/library/nginx:latest: not found';
    const first = await node.sync(pod);
    assert.equal(first.status.containerStatuses?.[0]?.state?.waiting?.reason, 'ErrImagePull');
    assert.equal(first.status.containerStatuses?.[0]?.state?.waiting?.message, why);
    assert.deepEqual(node.takeEvents(), [
      'Normal Pulling web: Pulling image "nginx"',
      `Warning Failed web: Failed to pull image "nginx": ${why}`,
      'Warning Failed web: Error: ErrImagePull',
    ]);
    const second = await node.sync({ ...pod, status: first.status });
    assert.deepEqual(second.status.containerStatuses?.[0]?.state?.waiting, {
      reason: 'ImagePullBackOff',
      message: `Back-off pulling image "nginx": ErrImagePull: ${why}`,
    });
    assert.deepEqual(node.takeEvents(), [
      'Normal BackOff web: Back-off pulling image "nginx"',
      'Warning Failed web: Error: ImagePullBackOff',
    ]);
    assert.ok(second.again > 9000 && second.again <= 10_000);
    node.clock.advance(second.again);
    const third = await node.sync({ ...pod, status: second.status });
    assert.equal(third.again, 20_000);
  });

  test('an image comes from the registry', async (t) => {
    const registry = new Map([['docker.io/library/nginx:latest', { image: testImage, milliseconds: 300 }]]);
    const node = await startTestNode(t, { images: [], registry });
    assert.equal(
      statusText((await node.settle(node.run(testPod({})))).status),
      'Running; web running #0 ready',
    );
    const [pulling, pulled] = node.takeEvents();
    assert.equal(pulling, 'Normal Pulling web: Pulling image "nginx"');
    assert.match(
      pulled ?? '',
      /^Normal Pulled web: Successfully pulled image "nginx" in 300ms \(300ms including waiting\)\. Image size: 1000 bytes\.$/,
    );
  });

  test('an image is not waited for by a pod that is to end, nor pulled once nobody wants it', async (t) => {
    const registry = new Map([
      ['docker.io/library/nginx:latest', { image: testImage, milliseconds: 60_000 }],
    ]);
    const node = await startTestNode(t, { images: [], registry });
    const over = new AbortController();
    const look = (pod: Pod) =>
      syncPod(node.tools, { pod, memory: newMemory(), onStatus: () => {}, signal: over.signal });
    const other = testPod({}, { metadata: { name: 'other', uid: 'uid-2' } });
    const looks = [look(testPod({})), look(other)].map((each) => assert.rejects(each, Interrupted));
    while (node.takeEvents().filter((event) => event.includes('Pulling')).length === 0)
      await new Promise((resolve) => setImmediate(resolve));
    over.abort();
    await Promise.all(looks);
    const third = testPod({}, { metadata: { name: 'third', uid: 'uid-3' } });
    const before = node.clock.now();
    const started = await node.settle(
      syncPod(node.tools, { pod: third, memory: newMemory(), onStatus: () => {} }),
    );
    assert.equal(started.status.phase, 'Running');
    // The first is under way, the second is left out.
    assert.ok(node.clock.now() - before < 125_000, `${node.clock.now() - before}`);
  });

  const waiting: Record<
    string,
    { container: Parameters<typeof testContainer>[1]; reason: string; message: string }
  > = {
    'a bad name of an image': {
      container: { image: 'NGINX' },
      reason: 'InvalidImageName',
      message:
        'Failed to apply default image tag "NGINX": couldn\'t parse image name "NGINX": invalid reference format: repository name (library/NGINX) must be lowercase',
    },
    'an image that must not be pulled': {
      container: { image: 'other', imagePullPolicy: 'Never' },
      reason: 'ErrImageNeverPull',
      message: 'Container image "other" is not present with pull policy of Never',
    },
    'a ConfigMap that is not there': {
      container: { envFrom: [{ configMapRef: { name: 'none' } }] },
      reason: 'CreateContainerConfigError',
      message: 'configmap "none" not found',
    },
  };
  for (const [name, { container, reason, message }] of Object.entries(waiting))
    test(name, async (t) => {
      const node = await startTestNode(t);
      const { status } = await node.run(testPod({ containers: [testContainer('web', container)] }));
      assert.deepEqual(status?.containerStatuses?.[0]?.state, { waiting: { reason, message } });
      assert.equal(status?.phase, 'Pending');
      const last = reason === 'CreateContainerConfigError' ? message : reason;
      assert.equal(node.takeEvents().at(-1), `Warning Failed web: Error: ${last}`);
    });

  test('a program that is not there', async (t) => {
    const startError = 'exec: "nope": executable file not found in $PATH';
    const node = await startTestNode(t, { programs: () => ({ startError }) });
    const { status } = await node.sync(testPod({}));
    const message = `failed to create containerd task: failed to create shim task: ${startError}: unknown`;
    assert.deepEqual(status.containerStatuses?.[0]?.state, {
      waiting: { reason: 'RunContainerError', message },
    });
    assert.equal(status.containerStatuses?.[0]?.lastState?.terminated?.reason, 'StartError');
    assert.equal(node.takeEvents().at(-1), `Warning Failed web: Error: ${message}`);
  });

  test('a network that cannot be made', async (t) => {
    const node = await startTestNode(t);
    const failure = new CriError('UNKNOWN', { method: 'RunPodSandbox', details: 'failed to setup network' });
    node.runtime.fail('RunPodSandbox', failure);
    const { status, again } = await node.sync(testPod({}));
    assert.equal(statusText(status), 'Pending; web waiting ContainerCreating #0');
    assert.equal(again, 10_000);
    assert.deepEqual(node.takeEvents(), [
      'Warning FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network',
    ]);
    node.runtime.fail('RunPodSandbox', undefined);
    assert.equal(statusText((await node.run(testPod({}))).status), 'Running; web running #0 ready');
  });

  test('a name that is too long for the kernel', async (t) => {
    const node = await startTestNode(t);
    const hostname = 'h'.repeat(60);
    const pod = testPod({ hostname, subdomain: 'sub', setHostnameAsFQDN: true });
    const { status, again } = await node.sync(pod);
    assert.equal(statusText(status), 'Pending; web waiting ContainerCreating #0');
    assert.equal(again, 10_000);
    assert.deepEqual(node.takeEvents(), [
      `Warning FailedCreatePodSandBox: Failed to create pod sandbox: failed to construct FQDN from pod hostname and cluster domain, FQDN ${hostname}.sub.default.svc.cluster.local is too long (64 characters is the max, 90 characters requested)`,
    ]);
  });

  test('users of its own, which this runtime cannot give', async (t) => {
    const node = await startTestNode(t);
    const { status, again } = await node.sync(testPod({ hostUsers: false }));
    assert.equal(statusText(status), 'Pending; web waiting ContainerCreating #0');
    assert.equal(again, 10_000);
    assert.deepEqual(node.takeEvents(), [
      "Warning FailedCreatePodSandBox: Failed to create pod sandbox: can't set `spec.hostUsers: false`, runtime does not support user namespaces",
    ]);
  });

  test('a volume that cannot be made', async (t) => {
    const prepare = async () => {
      throw new VolumeError('config', 'configmap "none" not found');
    };
    const node = await startTestNode(t, {
      tools: { volumes: { prepare, remove: async () => {}, subPath: async () => undefined } },
    });
    const { again } = await node.sync(testPod({}));
    assert.equal(again, 10_000);
    assert.deepEqual(node.takeEvents(), [
      'Warning FailedMount: MountVolume.SetUp failed for volume "config" : configmap "none" not found',
    ]);
    assert.deepEqual(await node.runtime.sandboxes.list(), []);
  });

  test('a runtime that does not answer is not the fault of the pod', async (t) => {
    const node = await startTestNode(t);
    node.runtime.fail('*', new CriError('UNAVAILABLE', { method: 'any', details: 'connection refused' }));
    await assert.rejects(node.sync(testPod({})), { code: 'UNAVAILABLE' });
  });
});

test('what a pod names of the cluster is followed until it has ended, however long it stays', async (t) => {
  const calls: string[] = [];
  const node = await startTestNode(t, {
    tools: {
      sources: {
        ...{ configMap: () => undefined, secret: () => undefined, services: () => [] },
        follow: async ({ metadata }) => void calls.push(`follow ${metadata.uid}`),
        forget: (uid) => void calls.push(`forget ${uid}`),
      },
    },
  });
  const pod = await node.settle(node.run(testPod({})));
  const { uid } = pod.metadata;
  assert.deepEqual(new Set(calls), new Set([`follow ${uid}`]));
  calls.length = 0;
  await node.settle(node.sync({ ...pod, status: { ...pod.status, phase: 'Succeeded' } }));
  assert.deepEqual(calls, [`forget ${uid}`]);
});
