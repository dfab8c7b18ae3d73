import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { systemClock } from '../lib/system.ts';
import { connectRuntime, type RuntimeClient } from './client.ts';
import { loadServices } from './connection.ts';
import { CriError, codeOfNumber, isNotFound } from './errors.ts';

type Handler = handleUnaryCall<unknown, unknown>;

/** A server on a socket of its own that answers what the handlers say; every request is kept. */
async function serve(
  t: TestContext,
  handlers: Record<string, Handler>,
): Promise<{ client: RuntimeClient; requests: unknown[] }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-cri-'));
  const socket = path.join(folder, 'cri.sock');
  const server = new Server({ 'grpc.max_send_message_length': -1, 'grpc.max_receive_message_length': -1 });
  const requests: unknown[] = [];
  const { RuntimeService, ImageService } = loadServices();
  const kept = Object.fromEntries(
    Object.entries(handlers).map(([name, handler]): [string, Handler] => [
      name,
      (call, callback) => {
        requests.push(call.request);
        handler(call, callback);
      },
    ]),
  );
  server.addService(RuntimeService.service, kept);
  server.addService(ImageService.service, kept);
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (failure) =>
      failure === null ? resolve() : reject(failure),
    ),
  );
  const client = connectRuntime({ socket, clock: systemClock });
  t.after(async () => {
    client.close();
    server.forceShutdown();
    await rm(folder, { recursive: true, force: true });
  });
  return { client, requests };
}

const answering =
  (answer: object): Handler =>
  (_, callback) =>
    callback(null, answer);

const messageOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no failure',
    (failure: CriError) => `${failure.code} ${failure.method}: ${failure.message}`,
  );

test('a status comes with milliseconds, our names, and nothing where there is nothing', async (t) => {
  const { client } = await serve(t, {
    containerStatus: answering({
      status: {
        id: 'c1',
        metadata: { name: 'main', attempt: 2 },
        state: 'CONTAINER_EXITED',
        createdAt: '1767225600000000000',
        startedAt: '1767225600500000000',
        exitCode: 137,
        reason: 'OOMKilled',
        image: { image: 'busybox' },
        labels: { constructor: 'plain' },
      },
    }),
    podSandboxStatus: answering({
      status: {
        id: 's1',
        state: 'SANDBOX_NOTREADY',
        network: { ip: '10.0.0.1', additionalIps: [{ ip: 'fd00::1' }] },
      },
    }),
  });
  assert.deepEqual(await client.containers.status('c1'), {
    id: 'c1',
    metadata: { name: 'main', attempt: 2 },
    image: 'busybox',
    imageRef: '',
    state: 'Exited',
    createdAt: Date.UTC(2026, 0, 1),
    labels: { constructor: 'plain' },
    annotations: {},
    startedAt: Date.UTC(2026, 0, 1) + 500,
    finishedAt: undefined,
    exitCode: 137,
    reason: 'OOMKilled',
    message: '',
    mounts: [],
    logPath: '',
  });
  assert.deepEqual(await client.sandboxes.status('s1'), {
    id: 's1',
    metadata: { name: '', uid: '', namespace: '', attempt: 0 },
    state: 'NotReady',
    createdAt: 0,
    labels: {},
    annotations: {},
    runtimeHandler: '',
    ips: ['10.0.0.1', 'fd00::1'],
    network: 'POD',
  });
});

test('requests arrive as they were meant', async (t) => {
  const { client, requests } = await serve(t, {
    listContainers: answering({ containers: [] }),
    listPodSandbox: answering({ items: [] }),
    stopContainer: answering({}),
    pullImage: answering({ imageRef: 'sha256:1' }),
    updateContainerResources: answering({}),
  });
  await client.containers.list({ state: 'Running', sandboxId: 's', labels: { a: 'b' } });
  await client.sandboxes.list({ state: 'Ready' });
  await client.sandboxes.list();
  await client.containers.stop('c', 30);
  assert.equal(await client.images.pull('nginx', { auth: { username: 'u', password: 'p' } }), 'sha256:1');
  await client.containers.updateResources('c', { cpuQuota: -1, memoryLimitInBytes: 2 ** 40 });
  assert.partialDeepStrictEqual(requests, [
    {
      filter: {
        id: '',
        state: { state: 'CONTAINER_RUNNING' },
        podSandboxId: 's',
        labelSelector: { a: 'b' },
      },
    },
    { filter: { state: { state: 'SANDBOX_READY' }, labelSelector: {} } },
    { filter: { state: null } },
    { containerId: 'c', timeout: 30 },
    { image: { image: 'nginx' }, auth: { username: 'u', password: 'p' }, sandboxConfig: null },
    { containerId: 'c', linux: { cpuQuota: -1, memoryLimitInBytes: 2 ** 40 } },
  ]);
});

test('a refusal has its code, its method, and the words that Go would print', async (t) => {
  const refuse =
    (code: status, details: string): Handler =>
    (_, callback) =>
      callback({ code, details });
  const { client } = await serve(t, {
    runPodSandbox: refuse(status.UNKNOWN, 'failed to setup network'),
    podSandboxStatus: answering({}),
    containerStatus: refuse(status.NOT_FOUND, 'not found'),
    stopContainer: refuse(status.NOT_FOUND, 'not found'),
    removePodSandbox: refuse(status.INTERNAL, 'busy'),
  });
  const config = {
    metadata: { name: '', uid: '', namespace: '', attempt: 0 },
    hostname: '',
    logDirectory: '',
  };
  assert.deepEqual(
    await Promise.all(
      [
        client.sandboxes.run({ ...config, labels: {}, annotations: {} }),
        client.sandboxes.status('s'),
        client.containers.status('c'),
        client.containers.stop('c', 0),
        client.sandboxes.remove('s'),
        client.containers.start('c'),
      ].map(messageOf),
    ),
    [
      'UNKNOWN RunPodSandbox: rpc error: code = Unknown desc = failed to setup network',
      'INTERNAL PodSandboxStatus: rpc error: code = Internal desc = the runtime answered without a status',
      'NOT_FOUND ContainerStatus: rpc error: code = NotFound desc = not found',
      'no failure',
      'INTERNAL RemovePodSandbox: rpc error: code = Internal desc = busy',
      'UNIMPLEMENTED StartContainer: rpc error: code = Unimplemented desc = The server does not implement the method StartContainer',
    ],
  );
});

test('an answer over the limit is refused, not kept', async (t) => {
  const { client } = await serve(t, {
    execSync: answering({ stdout: Buffer.alloc(17 * 1024 * 1024) }),
  });
  assert.match(await messageOf(client.streams.execSync('c', ['yes'], 1)), /^RESOURCE_EXHAUSTED ExecSync: /);
});

test('a call is given up at its deadline', async (t) => {
  const { client } = await serve(t, { version: () => {} });
  // By this clock every deadline passed long ago.
  const late = connectRuntime({ socket: '/nowhere/cri.sock', clock: { now: () => 0 } });
  t.after(() => late.close());
  assert.match(await messageOf(late.node.version()), /^DEADLINE_EXCEEDED Version: /);
  client.close();
  assert.match(await messageOf(client.node.version()), /^CANCELLED Version: /);
});

test('without a runtime every call is refused at once', async (t) => {
  const client = connectRuntime({ socket: '/nowhere/cri.sock', clock: systemClock });
  t.after(() => client.close());
  assert.match(await messageOf(client.images.list()), /^UNAVAILABLE ListImages: .*\/nowhere\/cri\.sock/);
});

test('codes', () => {
  assert.deepEqual(
    [codeOfNumber(0), codeOfNumber(5), codeOfNumber(16), codeOfNumber(99)],
    ['OK', 'NOT_FOUND', 'UNAUTHENTICATED', 'UNKNOWN'],
  );
  assert.equal(isNotFound(new CriError('NOT_FOUND', { method: 'x', details: '' })), true);
  assert.equal(isNotFound(new Error('not found')), false);
});

test('what could not be stopped since it ended at that moment is stopped the second time', async (t) => {
  const shimEnded: Handler = (_, callback) =>
    callback({ code: status.UNKNOWN, details: 'failed to kill container "c": ttrpc: closed: unknown' });
  let calls = 0;
  const { client, requests } = await serve(t, {
    stopPodSandbox: (call, callback) => (calls++ === 0 ? shimEnded(call, callback) : callback(null, {})),
    stopContainer: shimEnded,
  });
  await client.sandboxes.stop('s');
  assert.equal(requests.length, 2);
  assert.match(await messageOf(client.containers.stop('c', 0)), /^UNKNOWN StopContainer: .*ttrpc: closed/);
  assert.equal(requests.length, 4);
});

test('a grace without a bound is one that Go can count', async (t) => {
  const { client, requests } = await serve(t, { stopContainer: answering({}) });
  for (const seconds of [30, Number.MAX_SAFE_INTEGER]) await client.containers.stop('c1', seconds);
  assert.deepEqual(
    requests.map((request) => (request as { timeout: number }).timeout),
    [30, 100 * 365 * 86_400],
  );
});
