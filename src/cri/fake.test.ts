import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from '../lib/manual-clock.ts';
import { seededRandom } from '../lib/random.ts';
import { runtimeContract } from './contract.ts';
import {
  commands,
  containerConfig,
  execCommands,
  type RuntimeUnderTest,
  runPod,
  startIn,
} from './contract-tools.ts';
import { CriError } from './errors.ts';
import type { FakeProgram } from './fake/program.ts';
import { wholeImageName } from './fake/state.ts';
import { createFakeRuntime, type FakeRuntime } from './fake.ts';

/** What the contract's commands do. */
const programs: readonly (readonly [readonly string[], FakeProgram])[] = [
  [
    commands.runsForever,
    {
      exec: (command) =>
        command.join() === execCommands.answers.join()
          ? { exitCode: 4, stdout: 'out\n', stderr: 'err\n' }
          : { exitCode: 0, milliseconds: Number.POSITIVE_INFINITY },
    },
  ],
  [
    commands.endsWhenAsked,
    {
      output: [{ stream: 'stdout', text: 'ready' }],
      onTerminate: { afterMilliseconds: 20, exitCode: 7 },
    },
  ],
  [commands.succeeds, { runMilliseconds: 0 }],
  [
    commands.failsWithOutput,
    {
      runMilliseconds: 5,
      exitCode: 3,
      output: [
        { stream: 'stdout', text: 'to stdout' },
        { stream: 'stderr', text: 'to stderr' },
      ],
    },
  ],
  [
    commands.doesNotExist,
    { startError: 'exec: "/no/such/program": stat /no/such/program: no such file or directory' },
  ],
];

const busybox = {
  id: `sha256:${'b'.repeat(64)}`,
  repoTags: ['docker.io/library/busybox:latest', 'docker.io/library/busybox:1.27'],
  repoDigests: [],
  sizeBytes: 2_000_000,
  uid: undefined,
  username: '',
  pinned: false,
};

function fakeUnderTest(): RuntimeUnderTest & { runtime: FakeRuntime; advance(milliseconds: number): void } {
  const clock = createManualClock();
  const random = seededRandom(1);
  const runtime = createFakeRuntime({
    clock,
    random,
    images: [busybox],
    programs: ({ command }) => programs.find(([each]) => each.join() === command.join())?.[1] ?? {},
    registry: new Map([
      [
        'docker.io/library/nginx:1.25',
        { image: { ...busybox, id: 'sha256:n', repoTags: [] }, milliseconds: 500 },
      ],
      [
        'example.com/secret:1',
        { refusal: 'pull access denied, repository does not exist or may require authorization' },
      ],
      [
        'example.com/gone:1',
        { refusal: new CriError('UNAVAILABLE', { method: 'PullImage', details: 'gone' }) },
      ],
    ]),
  });
  const step = async () => {
    clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    runtime,
    image: 'busybox',
    now: () => clock.now(),
    advance: (milliseconds) => clock.advance(milliseconds),
    sandboxConfig: (name) => ({
      metadata: { name, uid: random.uuid(), namespace: 'default', attempt: 0 },
      hostname: name,
      logDirectory: `/var/log/pods/default_${name}`,
      labels: { 'io.kubernetes.pod.name': name },
      annotations: { note: 'kept' },
    }),
    settle: async (promise) => {
      let isSettled = false;
      const settled = () => {
        isSettled = true;
      };
      promise.then(settled, settled);
      for (let steps = 0; !isSettled && steps < 100_000; steps++) await step();
      return promise;
    },
    until: async (what, condition) => {
      for (let steps = 0; steps < 1000; steps++) {
        if (await condition()) return;
        await step();
      }
      throw new Error(`not in time: ${what}`);
    },
    readLog: async (path) => runtime.logs.get(path) ?? [],
  };
}

runtimeContract('the fake', async () => fakeUnderTest());

test('an image is pulled from the registry that the fake is given, in its time', async () => {
  const under = fakeUnderTest();
  const { images } = under.runtime;
  const pulling = images.pull('nginx:1.25');
  assert.equal(await images.status('nginx:1.25'), undefined);
  assert.equal(await under.settle(pulling), 'sha256:n');
  assert.deepEqual((await images.status('nginx:1.25'))?.repoTags, ['docker.io/library/nginx:1.25']);
  const refused = async (name: string) =>
    images.pull(name).then(
      () => 'pulled',
      (failure: Error) => failure.message,
    );
  assert.deepEqual(
    await Promise.all(['nginx:9', 'example.com/secret:1', 'example.com/gone:1'].map(refused)),
    [
      'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:9": failed to resolve reference "docker.io/library/nginx:9": docker.io/library/nginx:9: not found',
      'rpc error: code = Unknown desc = failed to pull and unpack image "example.com/secret:1": pull access denied, repository does not exist or may require authorization',
      'rpc error: code = Unavailable desc = gone',
    ],
  );
});

test('a container may be ended from outside, and every method may be made to fail', async () => {
  const under = fakeUnderTest();
  const { runtime } = under;
  const pod = await runPod(under, 'faults');
  const id = await startIn(under, pod, { command: commands.runsForever });
  runtime.end(id, { exitCode: 137, reason: 'OOMKilled' });
  const status = await runtime.containers.status(id);
  assert.deepEqual([status.state, status.exitCode, status.reason], ['Exited', 137, 'OOMKilled']);
  const failure = new CriError('UNAVAILABLE', { method: 'any', details: 'connection refused' });
  runtime.fail('ContainerStatus', failure);
  await assert.rejects(runtime.containers.status(id), failure);
  runtime.fail('ContainerStatus', undefined);
  runtime.fail('*', failure);
  await assert.rejects(runtime.node.version(), failure);
  await assert.rejects(
    runtime.containers.create(pod.sandboxId, containerConfig(under, { command: ['true'] }), pod.config),
    failure,
  );
  runtime.fail('*', undefined);
  runtime.setConditions([
    { type: 'NetworkReady', status: false, reason: 'NetworkPluginNotReady', message: 'cni' },
  ]);
  assert.deepEqual((await runtime.node.conditions()).length, 1);
});

test('short names of images', () => {
  assert.deepEqual(['busybox', 'a/b:1', 'localhost/x', 'h:5000/y@sha256:1', 'k.io/z'].map(wholeImageName), [
    'docker.io/library/busybox:latest',
    'docker.io/a/b:1',
    'localhost/x:latest',
    'h:5000/y@sha256:1',
    'k.io/z:latest',
  ]);
});
