import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { testContainer, testPod } from '../test-kit.ts';
import { Gate } from './gate.ts';
import { HookRunner } from './hooks.ts';
import { syncPod } from './sync-pod.ts';
import { deleted, startTestNode, type TestNode } from './test-node.ts';
import { newMemory } from './tools.ts';

const forever = () => ({});

/** Names of the containers in the order of their ends. */
async function endsIn({ runtime }: TestNode): Promise<string[]> {
  const ids = (await runtime.containers.list()).map(({ id }) => id);
  const statuses = await Promise.all(ids.map((id) => runtime.containers.status(id)));
  return statuses
    .sort((left, right) => (left.finishedAt ?? 0) - (right.finishedAt ?? 0))
    .map(({ metadata }) => metadata.name);
}

describe('hooks and last words', () => {
  const lifecycle = (more: object) => testPod({ containers: [testContainer('web', { lifecycle: more })] });

  test('a preStop hook takes from the grace', async (t) => {
    const node = await startTestNode(t, { programs: forever });
    const pod = await node.run(lifecycle({ preStop: { sleep: { seconds: 4 } } }));
    const before = node.clock.now();
    await node.settle(node.sync(deleted(pod, 6)));
    const took = node.clock.now() - before;
    assert.ok(took >= 6000 && took < 9000, `${took}`);
  });

  test('a preStop hook that fails is told, and stops nothing', async (t) => {
    const programs = () => ({ exec: () => ({ exitCode: 2, stderr: 'no luck' }) });
    const node = await startTestNode(t, { programs });
    const pod = await node.run(lifecycle({ preStop: { exec: { command: ['bye', 'now'] } } }));
    node.takeEvents();
    const { hasEnded } = await node.settle(node.sync(deleted(pod, 1)));
    assert.equal(hasEnded, true);
    assert.deepEqual(node.takeEvents(), [
      'Normal Killing web: Stopping container web',
      'Warning FailedPreStopHook web: PreStopHook failed',
    ]);
  });

  test('a preStop hook that hangs ends with the grace', async (t) => {
    const programs = () => ({ exec: () => ({ exitCode: 0, milliseconds: 3_600_000 }) });
    const node = await startTestNode(t, { programs });
    const pod = await node.run(lifecycle({ preStop: { exec: { command: ['hang'] } } }));
    const before = node.clock.now();
    await node.settle(node.sync(deleted(pod, 5)));
    assert.ok(node.clock.now() - before < 60_000);
  });

  test('a postStart hook that fails kills its container', async (t) => {
    const node = await startTestNode(t);
    const urls: string[] = [];
    const request = async (url: string) => {
      urls.push(url);
      throw new Error('connection refused');
    };
    const hooks = new HookRunner({ runtime: node.runtime, clock: node.clock, request });
    const pod = lifecycle({ postStart: { httpGet: { path: 'hello', port: 8080 } } });
    const result = await node.settle(
      syncPod({ ...node.tools, hooks }, { pod, memory: node.memory, onStatus: () => {} }),
    );
    assert.deepEqual(urls, ['http://10.244.0.2:8080/hello']);
    assert.deepEqual(result.status.containerStatuses?.[0]?.state, {
      waiting: {
        reason: 'PostStartHookError',
        message:
          'HTTP lifecycle hook (hello) for Container "web" in Pod "p_default(uid-1)" failed - error: connection refused',
      },
    });
    assert.deepEqual(node.takeEvents().slice(-2), [
      'Warning FailedPostStartHook web: PostStartHook failed',
      'Normal Killing web: FailedPostStartHook',
    ]);
  });

  test('sidecars end last, in the reverse of their order', async (t) => {
    const side = (name: string) => testContainer(name, { restartPolicy: 'Always' });
    const programs = () => ({ onTerminate: { afterMilliseconds: 100, exitCode: 0 } });
    const node = await startTestNode(t, { programs });
    let pod = testPod({ initContainers: [side('one'), side('two')] });
    for (let look = 0; look < 3; look++) pod = await node.run(pod);
    assert.equal(pod.status?.phase, 'Running');
    node.takeEvents();
    await node.settle(node.sync(deleted(pod)));
    assert.deepEqual(
      node.takeEvents(),
      ['web', 'two', 'one'].map((name) => `Normal Killing ${name}: Stopping container ${name}`),
    );
    assert.deepEqual(await endsIn(node), ['web', 'two', 'one']);
  });

  test("a sidecar's preStop hook does not wait for the others to end", async (t) => {
    const programs = () => ({ onTerminate: { afterMilliseconds: 5000, exitCode: 0 } });
    const node = await startTestNode(t, { programs });
    const asked: number[] = [];
    const request = async () => void asked.push(node.clock.now());
    const hooks = new HookRunner({ runtime: node.runtime, clock: node.clock, request });
    const preStop = { httpGet: { port: 8080 } };
    const side = testContainer('side', { restartPolicy: 'Always', lifecycle: { preStop } });
    let pod = testPod({ initContainers: [side] });
    for (let look = 0; look < 2; look++) pod = await node.run(pod);
    const before = node.clock.now();
    const tools = { ...node.tools, hooks };
    const asking = { pod: deleted(pod), memory: node.memory, onStatus: () => {} };
    await node.settle(syncPod(tools, asking));
    assert.deepEqual(asked, [before]);
    assert.deepEqual(await endsIn(node), ['web', 'side']);
  });

  test('a sidecar whose turn does not come within the grace is ended all the same', async (t) => {
    const node = await startTestNode(t, { programs: forever });
    let pod = testPod({ initContainers: [testContainer('side', { restartPolicy: 'Always' })] });
    for (let look = 0; look < 2; look++) pod = await node.run(pod);
    const before = node.clock.now();
    await node.settle(node.sync(deleted(pod, 5)));
    const took = node.clock.now() - before;
    assert.ok(took >= 5000 && took < 10_000, `${took}`);
  });

  test('a postStart hook that hangs keeps no other pod from starting', async (t) => {
    const programs = () => ({ exec: () => ({ exitCode: 0, milliseconds: Number.POSITIVE_INFINITY }) });
    const node = await startTestNode(t, { programs, tools: { gate: new Gate(1) } });
    const pod = lifecycle({ postStart: { exec: { command: ['hang'] } } });
    const over = new AbortController();
    const memory = newMemory();
    const hangs = syncPod(node.tools, { pod, memory, onStatus: () => {}, signal: over.signal });
    const other = testPod({}, { metadata: { name: 'other', uid: 'uid-2' } });
    const started = await node.settle(
      syncPod(node.tools, { pod: other, memory: newMemory(), onStatus: () => {} }),
    );
    assert.equal(started.status.phase, 'Running');
    over.abort();
    await assert.rejects(hangs, { code: 'INTERRUPTED' });
  });

  test('last words come from their file, or from the log', async (t) => {
    const programs = () => ({
      runMilliseconds: 100,
      exitCode: 1,
      output: [{ stream: 'stderr' as const, text: 'from the log' }],
    });
    const node = await startTestNode(t, { programs });
    const spec = testPod({
      restartPolicy: 'Never',
      containers: [
        testContainer('web', {
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'FallbackToLogsOnError',
        }),
      ],
    });
    const pod = await node.run(spec);
    const file = node.files.terminationPath('uid-1', { name: 'web', restartCount: 0 });
    const [{ id } = { id: '' }] = await node.runtime.containers.list();
    const { logPath, mounts } = await node.runtime.containers.status(id);
    assert.ok(
      mounts.some((mount) => mount.hostPath === file && mount.containerPath === '/dev/termination-log'),
    );
    await mkdir(path.dirname(logPath), { recursive: true });
    await writeFile(logPath, `${(node.runtime.logs.get(logPath) ?? []).join('\n')}\n`);
    node.clock.advance(100);
    const messageOf = async () => {
      const { status } = await node.sync(pod);
      return status.containerStatuses?.[0]?.state?.terminated?.message;
    };
    assert.equal(await messageOf(), 'from the log\n');
    await writeFile(file, 'said in full');
    assert.equal(await messageOf(), 'said in full');
  });
});
