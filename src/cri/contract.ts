/**
 * What every container runtime does, as tests: `fake.test.ts` runs them on the fake, `test/node/containerd.test.ts` on a
 * real containerd.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { containerContract } from './contract-containers.ts';
import { commands, type RuntimeFactory, runPod, startIn } from './contract-tools.ts';
import { CriError } from './errors.ts';

export function runtimeContract(name: string, open: RuntimeFactory): void {
  describe(`${name} as a container runtime`, () => {
    nodeContract(open);
    sandboxContract(open);
    sandboxesContract(open);
    containerContract(open);
    imageContract(open);
  });
}

function nodeContract(open: RuntimeFactory): void {
  test('says what it is, and that it is well', async (t) => {
    const { runtime } = await open(t);
    const version = await runtime.node.version();
    assert.equal(version.runtimeApiVersion, 'v1');
    assert.match(`${version.runtimeName} ${version.runtimeVersion}`, /^\w+ \d+\.\d+\.\d+/);
    const conditions = await runtime.node.conditions();
    assert.deepEqual(
      conditions.filter(({ status }) => status).map(({ type }) => type),
      ['RuntimeReady', 'NetworkReady'],
    );
  });
}

function sandboxContract(open: RuntimeFactory): void {
  test('a sandbox has an address until it is stopped, and keeps what it was told', async (t) => {
    const under = await open(t);
    const { sandboxes } = under.runtime;
    const before = under.now();
    const { sandboxId, config } = await runPod(under, 'lives');
    const status = await sandboxes.status(sandboxId);
    const { metadata, labels, annotations } = config;
    assert.deepEqual(
      { metadata: status.metadata, labels: status.labels, annotations: status.annotations },
      { metadata, labels, annotations },
    );
    assert.deepEqual([status.state, status.network, status.ips.length], ['Ready', 'POD', 1]);
    assert.match(status.ips[0] ?? '', /^10\.244\.0\.\d+$/);
    assert.ok(
      status.createdAt >= before && status.createdAt <= under.now(),
      `created at ${status.createdAt}`,
    );

    await sandboxes.stop(sandboxId);
    await sandboxes.stop(sandboxId);
    const stopped = await sandboxes.status(sandboxId);
    assert.deepEqual([stopped.state, stopped.ips], ['NotReady', []]);
    await sandboxes.remove(sandboxId);
    await sandboxes.remove(sandboxId);
    await assert.rejects(sandboxes.status(sandboxId), { code: 'NOT_FOUND' });
  });

  test('a sandbox in the network of the node has no address of its own', async (t) => {
    const under = await open(t);
    const config = under.sandboxConfig('on-node');
    const linux = { ...config.linux, securityContext: { namespaceOptions: { network: 'NODE' as const } } };
    const id = await under.runtime.sandboxes.run({ ...config, hostname: '', linux });
    const status = await under.runtime.sandboxes.status(id);
    assert.deepEqual([status.state, status.network, status.ips], ['Ready', 'NODE', []]);
  });
}

/** Several at a time, and what is in them. */
function sandboxesContract(open: RuntimeFactory): void {
  test('two sandboxes of one pod and attempt cannot be', async (t) => {
    const under = await open(t);
    const { config } = await runPod(under, 'twice');
    await assert.rejects(under.runtime.sandboxes.run(config), (failure) => {
      assert.ok(failure instanceof CriError);
      assert.match(failure.message, /^rpc error: code = \w+ desc = .*reserve/);
      return true;
    });
    const next = { ...config, metadata: { ...config.metadata, attempt: 1 } };
    await under.runtime.sandboxes.run(next);
  });

  test('sandboxes are listed by label and by state', async (t) => {
    const under = await open(t);
    const { sandboxes } = under.runtime;
    const one = await runPod(under, 'one');
    const two = await runPod(under, 'two');
    await sandboxes.stop(two.sandboxId);
    const idsOf = async (filter: Parameters<typeof sandboxes.list>[0]) =>
      (await sandboxes.list(filter)).map(({ id }) => id);
    assert.deepEqual(await idsOf({ labels: one.config.labels }), [one.sandboxId]);
    assert.deepEqual(await idsOf({ labels: two.config.labels, state: 'NotReady' }), [two.sandboxId]);
    assert.deepEqual(await idsOf({ labels: two.config.labels, state: 'Ready' }), []);
    assert.deepEqual(await idsOf({ id: one.sandboxId }), [one.sandboxId]);
  });

  test('removing a sandbox ends and removes what runs in it', async (t) => {
    const under = await open(t);
    const { sandboxes, containers } = under.runtime;
    const pod = await runPod(under, 'removed');
    const id = await startIn(under, pod, { command: commands.runsForever });
    await sandboxes.stop(pod.sandboxId);
    assert.deepEqual([(await containers.status(id)).exitCode], [137]);
    await sandboxes.remove(pod.sandboxId);
    await assert.rejects(containers.status(id), { code: 'NOT_FOUND' });
  });
}

function imageContract(open: RuntimeFactory): void {
  test('an image is found by any of its names and by its id', async (t) => {
    const under = await open(t);
    const { images } = under.runtime;
    const image = await images.status(under.image);
    assert.ok(image !== undefined);
    assert.match(image.id, /^sha256:[0-9a-f]{64}$/);
    assert.ok(image.sizeBytes > 0);
    assert.deepEqual(await images.status(image.id), image);
    for (const tag of image.repoTags) assert.deepEqual(await images.status(tag), image);
    assert.ok((await images.list()).some(({ id }) => id === image.id));
    assert.equal(await images.status('wherry.local/none:1'), undefined);
    const [usage] = await images.usage();
    assert.ok(usage?.mountpoint.startsWith('/'));
  });

  test('removing an image that is not there is fine', async (t) => {
    const under = await open(t);
    await under.runtime.images.remove('wherry.local/none:1');
  });
}
