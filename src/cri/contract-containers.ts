import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  commands,
  containerConfig,
  containerLines,
  ended,
  execCommands,
  type RuntimeFactory,
  runPod,
  startIn,
} from './contract-tools.ts';
import { CriError } from './errors.ts';

export function containerContract(open: RuntimeFactory): void {
  lifeContract(open);
  listContract(open);
  endContract(open);
  execContract(open);
}

function lifeContract(open: RuntimeFactory): void {
  test('a container is created, runs, and is stopped', async (t) => {
    const under = await open(t);
    const { containers } = under.runtime;
    const pod = await runPod(under, 'life');
    const config = containerConfig(under, { command: commands.runsForever });
    const id = await containers.create(pod.sandboxId, config, pod.config);
    const created = await containers.status(id);
    assert.deepEqual(
      [created.state, created.startedAt, created.finishedAt, created.labels, created.annotations],
      ['Created', undefined, undefined, config.labels, config.annotations],
    );
    assert.equal(created.logPath, `${pod.config.logDirectory}/main/0.log`);
    const image = await under.runtime.images.status(under.image);
    assert.ok(image !== undefined);
    assert.ok(image.repoTags.includes(created.image), created.image);
    assert.ok([image.id, ...image.repoDigests].includes(created.imageRef), created.imageRef);

    await containers.start(id);
    const running = await containers.status(id);
    assert.deepEqual([running.state, running.finishedAt], ['Running', undefined]);
    assert.ok(running.startedAt !== undefined && running.startedAt >= created.createdAt);
    await assert.rejects(containers.start(id), CriError);

    await under.settle(containers.stop(id, 1));
    const stopped = await containers.status(id);
    assert.deepEqual(
      [stopped.state, stopped.exitCode, stopped.reason, stopped.startedAt],
      ['Exited', 137, 'Error', running.startedAt],
    );
    assert.ok(
      (stopped.finishedAt ?? 0) >= (running.startedAt ?? 0) + 1000,
      'killed before its grace was over',
    );
  });

  test('stopping and removing is fine for what has ended, and for what is gone', async (t) => {
    const under = await open(t);
    const { containers } = under.runtime;
    const pod = await runPod(under, 'gone');
    const id = await startIn(under, pod, { command: commands.succeeds });
    await ended(under, id);
    await containers.stop(id, 1);
    await containers.remove(id);
    await containers.remove(id);
    await containers.stop(id, 0);
    await assert.rejects(containers.status(id), { code: 'NOT_FOUND' });
  });
}

function listContract(open: RuntimeFactory): void {
  test('containers are listed by sandbox, label and state', async (t) => {
    const under = await open(t);
    const { containers } = under.runtime;
    const pod = await runPod(under, 'listed');
    const { sandboxId } = pod;
    await startIn(under, pod, { name: 'a', command: commands.runsForever, labels: { kind: 'x' } });
    const done = await startIn(under, pod, { name: 'b', command: commands.succeeds });
    await ended(under, done);
    await startIn(under, pod, { name: 'b', attempt: 1, command: commands.runsForever });
    const list = async (filter: Parameters<typeof containers.list>[0]) =>
      containerLines(await containers.list(filter));
    assert.deepEqual(await list({ sandboxId }), ['a 0 Running', 'b 0 Exited', 'b 1 Running']);
    assert.deepEqual(await list({ sandboxId, state: 'Exited' }), ['b 0 Exited']);
    assert.deepEqual(await list({ sandboxId, labels: { kind: 'x' } }), ['a 0 Running']);
    assert.deepEqual(await list({ id: done }), ['b 0 Exited']);
    assert.deepEqual(await list({ sandboxId, labels: { kind: 'y' } }), []);
  });

  test('what running containers take is told, of those that are asked for', async (t) => {
    const under = await open(t);
    const { containers } = under.runtime;
    const pod = await runPod(under, 'stats');
    const id = await startIn(under, pod, {
      name: 'a',
      command: commands.runsForever,
      labels: { kind: 'measured' },
    });
    await startIn(under, pod, { name: 'b', command: commands.runsForever });
    const [stats, ...others] = await containers.stats({ labels: { kind: 'measured' } });
    assert.deepEqual([stats?.id, stats?.metadata, others], [id, { name: 'a', attempt: 0 }, []]);
    assert.equal(stats?.labels['io.kubernetes.container.name'], 'a');
    assert.ok(stats?.cpu?.usageCoreNanoseconds !== undefined);
    assert.ok((stats.memory?.workingSetBytes ?? 0) > 0);
    assert.equal((await containers.stats({ sandboxId: pod.sandboxId })).length, 2);
    assert.deepEqual(await containers.stats({ id: 'none' }), []);
  });

  test('a name and attempt is there once, and only in a sandbox that is ready', async (t) => {
    const under = await open(t);
    const { containers, sandboxes } = under.runtime;
    const pod = await runPod(under, 'names');
    await startIn(under, pod, { command: commands.succeeds });
    await assert.rejects(startIn(under, pod, { command: commands.succeeds }), /reserve/);
    await sandboxes.stop(pod.sandboxId);
    const again = containerConfig(under, { attempt: 1, command: commands.succeeds });
    await assert.rejects(containers.create(pod.sandboxId, again, pod.config), CriError);
    await assert.rejects(containers.create('none', again, pod.config), CriError);
  });
}

function endContract(open: RuntimeFactory): void {
  test('a container that ends says how, and its output is in its log', async (t) => {
    const under = await open(t);
    const pod = await runPod(under, 'ends');
    const good = await ended(under, await startIn(under, pod, { name: 'good', command: commands.succeeds }));
    assert.deepEqual([good.exitCode, good.reason, good.message], [0, 'Completed', '']);
    const bad = await ended(
      under,
      await startIn(under, pod, { name: 'bad', command: commands.failsWithOutput }),
    );
    assert.deepEqual([bad.exitCode, bad.reason], [3, 'Error']);
    // Not which of the two is later: containerd notes the start when it has been told of it, and a quick end before that.
    assert.ok(bad.startedAt !== undefined && bad.finishedAt !== undefined);
    await under.until(
      'both lines are in the log',
      async () => (await under.readLog(bad.logPath)).length === 2,
    );
    const lines = await under.readLog(bad.logPath);
    assert.deepEqual(
      lines
        .map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d) /, '<time> '))
        .sort(),
      ['<time> stderr F to stderr', '<time> stdout F to stdout'],
    );
  });

  test('a container that listens ends by itself within its grace', async (t) => {
    const under = await open(t);
    const pod = await runPod(under, 'listens');
    const id = await startIn(under, pod, { command: commands.endsWhenAsked });
    const { logPath } = await under.runtime.containers.status(id);
    await under.until('it listens', async () => (await under.readLog(logPath)).length === 1);
    await under.settle(under.runtime.containers.stop(id, 600));
    const status = await under.runtime.containers.status(id);
    assert.deepEqual([status.state, status.exitCode, status.reason], ['Exited', 7, 'Error']);
  });

  test('a program that is not there cannot be started', async (t) => {
    const under = await open(t);
    const pod = await runPod(under, 'no-program');
    const { containers } = under.runtime;
    const config = containerConfig(under, { command: commands.doesNotExist });
    const id = await containers.create(pod.sandboxId, config, pod.config);
    await assert.rejects(containers.start(id), (failure) => {
      assert.ok(failure instanceof CriError);
      assert.match(failure.details, /exec: "\/no\/such\/program": stat \/no\/such\/program: no such file/);
      return true;
    });
    const status = await containers.status(id);
    assert.deepEqual([status.state, status.exitCode, status.reason], ['Exited', 128, 'StartError']);
    assert.match(status.message, /no such file or directory/);
  });

  test('an image that is not there makes no container', async (t) => {
    const under = await open(t);
    const pod = await runPod(under, 'no-image');
    const config = {
      ...containerConfig(under, { command: commands.succeeds }),
      image: { image: 'wherry.local/none:1' },
    };
    await assert.rejects(under.runtime.containers.create(pod.sandboxId, config, pod.config), {
      code: 'NOT_FOUND',
    });
  });
}

function execContract(open: RuntimeFactory): void {
  test('a command in a running container answers, and may take too long', async (t) => {
    const under = await open(t);
    const pod = await runPod(under, 'exec');
    const { streams } = under.runtime;
    const id = await startIn(under, pod, { command: commands.runsForever });
    const { stdout, stderr, exitCode } = await streams.execSync(id, execCommands.answers, 60);
    assert.deepEqual([String(stdout), String(stderr), exitCode], ['out\n', 'err\n', 4]);
    await assert.rejects(under.settle(streams.execSync(id, execCommands.takesForever, 1)), {
      code: 'DEADLINE_EXCEEDED',
    });
    const request = { containerId: id, tty: false, stdin: false, stdout: true, stderr: true };
    assert.match(await streams.exec({ ...request, command: ['true'] }), /^http:\/\/127\.0\.0\.1:\d+\/exec\//);
    assert.match(await streams.attach(request), /^http:\/\/127\.0\.0\.1:\d+\/attach\//);
    assert.match(await streams.portForward(pod.sandboxId, [80]), /^http:\/\/127\.0\.0\.1:\d+\/portforward\//);
  });

  test('no command runs in a container that has ended', async (t) => {
    const under = await open(t);
    const pod = await runPod(under, 'exec-ended');
    const id = await startIn(under, pod, { command: commands.succeeds });
    await ended(under, id);
    await assert.rejects(under.runtime.streams.execSync(id, ['true'], 5), CriError);
    await assert.rejects(under.runtime.streams.execSync('none', ['true'], 5), { code: 'NOT_FOUND' });
  });
}
