/** A disk that is full, under the real server: writes are refused and nothing else, and all goes on once there is space. */
import assert from 'node:assert/strict';
import { appendFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { seededRandom } from '../../src/lib/random.ts';
import { http2Session } from '../hostile/clients.ts';
import { type ApiAnswer, type ApiRequest, ask } from './api.ts';
import { configMapsPath, ledgerKey, rangeOptions, servicesPath, write } from './load.ts';
import { endServer, type ServerProcess, type StartOptions, startServer } from './server-process.ts';
import { makeSmallDisk, type SmallDisk } from './small-disk.ts';
import { World } from './world.ts';

const diskMegabytes = 48;
/** What somebody else has of it from the start: room enough to go on with once it is given back. */
const fillerBytes = 32 * 2 ** 20;
/** Enough for the disk several times over. */
const createsMax = 2000;

const refusal = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'no space is left on the disk that holds the data; writes are refused until there is',
  reason: 'InsufficientStorage',
  code: 507,
};

const fillerOf = (disk: SmallDisk) => join(disk.seenAt, 'filler');

/** Somebody else's file takes what is left of the disk. */
function fillUp(disk: SmallDisk): void {
  const file = fillerOf(disk);
  for (const bytes of [2 ** 20, 2 ** 16, 2 ** 12])
    for (;;) {
      try {
        appendFileSync(file, Buffer.alloc(bytes));
      } catch (failure) {
        if ((failure as NodeJS.ErrnoException).code !== 'ENOSPC') throw failure;
        break;
      }
    }
  assert.equal(statfsSync(disk.seenAt).bavail, 0);
}

const freeUp = (disk: SmallDisk) => rmSync(fillerOf(disk));

/** Creates large objects until one is refused for want of space; resolves with that answer. */
async function createUntilRefused(world: World, session: ClientHttp2Session): Promise<ApiAnswer> {
  const { configMaps, left, lazy, restless } = world.followers!;
  for (let count = 0; count < createsMax; count++) {
    const name = `large-${count}`;
    const token = `token-${count}`;
    if (world.ledger.state(ledgerKey(name)) !== undefined) continue;
    const body = {
      metadata: { name, labels: { side: 'left' }, annotations: { 'crash-test/token': token } },
      data: { payload: 'x'.repeat(100_000) },
    };
    const planned = { method: 'POST', path: configMapsPath, body, token, refusals: [507] };
    const answer = await write(name, planned, world.load(session));
    if (answer.status !== 201) return answer;
    // A watcher that falls behind by megabytes would be closed, and rightly.
    const revision = Number(answer.object.metadata.resourceVersion);
    for (const follower of [configMaps, left, lazy, restless])
      assert.ok(await follower.reaches(revision, { milliseconds: 10_000, isGone: () => false }));
  }
  throw new Error(`${createsMax} objects fit on a disk of ${diskMegabytes} MB`);
}

/** Where no watch is. */
const elsewhere = '/api/v1/namespaces/kube-public/configmaps';
const probe = {
  metadata: { name: 'probe' },
  spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 30_007 }], clusterIP: '10.96.0.9' },
};
/** SQLite takes its log from the start again now and then, so that some writes still fit; but not many. */
const fittingMax = 200;

/** Writes of every sort: each is refused, if not at once. */
async function checkWritesAreRefused(session: ClientHttp2Session): Promise<void> {
  let count = 0;
  const data = () => ({ padding: `${count++}`.padEnd(100_000, 'y') });
  const type = 'application/merge-patch+json';
  const path = `${elsewhere}/changed`;
  const writes: Record<string, () => ApiRequest> = {
    create: () => ({
      method: 'POST',
      path: elsewhere,
      body: { metadata: { generateName: 'made-' }, data: data() },
    }),
    update: () => ({ method: 'PUT', path, body: { metadata: { name: 'changed' }, data: data() } }),
    patch: () => ({ method: 'PATCH', path, type, body: { data: data() } }),
  };
  for (const [name, make] of Object.entries(writes)) {
    let answer = await ask(session, make());
    for (let fitted = 0; answer.status < 300 && fitted < fittingMax; fitted++)
      answer = await ask(session, make());
    assert.deepEqual({ name, ...answer }, { name, status: 507, object: refusal });
  }
  const { metadata, spec } = probe;
  const annotated = { metadata: { ...metadata, annotations: data() }, spec };
  const service = await ask(session, { method: 'POST', path: servicesPath, body: annotated });
  assert.deepEqual(service, { status: 507, object: refusal });
}

async function checkReadsWork(session: ClientHttp2Session): Promise<void> {
  const reads = {
    [`${configMapsPath}/large-0`]: 'ConfigMap',
    [configMapsPath]: 'ConfigMapList',
    [servicesPath]: 'ServiceList',
    '/apis': 'APIGroupList',
  };
  for (const [path, kind] of Object.entries(reads)) {
    const { status, object } = await ask(session, { path });
    assert.deepEqual({ path, status, kind: object.kind }, { path, status: 200, kind });
  }
}

/** A Service that was refused has left nothing behind: its name, address and port are free. */
async function checkNothingIsLeft(session: ClientHttp2Session): Promise<void> {
  const path = `${servicesPath}/probe`;
  assert.equal((await ask(session, { path })).status, 404);
  const made = await ask(session, { method: 'POST', path: servicesPath, body: probe });
  assert.equal(made.status, 201, JSON.stringify(made.object));
  assert.equal((await ask(session, { method: 'DELETE', path })).status, 200);
}

interface Life {
  readonly server: ServerProcess;
  readonly port: number;
  readonly writing: ClientHttp2Session;
  /** Whether the watches are as they should be. */
  readonly watchesGoOn: () => boolean;
}

const whereOf = ({ directory, seenAt, wrapper }: SmallDisk) => ({
  directory: join(directory, 'data'),
  seenAt: join(seenAt, 'data'),
  wrapper,
});

async function startOn(
  context: TestContext,
  disk: SmallDisk,
  { world, port = 0 }: { world: World; port?: number },
): Promise<Life> {
  const server = startServer({ ...whereOf(disk), port, options: rangeOptions });
  context.after(() => endServer(server));
  const target = await server.ready;
  const [writing, watching] = [http2Session(target), http2Session(target)];
  context.after(() => [writing, watching].map((session) => session.destroy()));
  await world.settle(writing);
  let ended = false;
  for (const follower of Object.values(world.followers!))
    void follower.resume(watching).then(() => {
      ended = true;
    });
  return { server, port: target.port, writing, watchesGoOn: () => !ended };
}

const noFaults = (world: World) => assert.deepEqual([...world.faults(), ...world.compareHistories()], []);

/** Fills the disk, looks, and makes room again. */
async function runFull(disk: SmallDisk, world: World, { writing, watchesGoOn }: Life): Promise<void> {
  fillUp(disk);
  await checkWritesAreRefused(writing);
  await checkReadsWork(writing);
  await checkWritesAreRefused(writing);
  assert.ok(watchesGoOn(), 'the watches go on');
  freeUp(disk);
  await checkNothingIsLeft(writing);
  await world.catchUp(writing, { lazily: true, isGone: () => false });
  assert.ok(watchesGoOn(), 'the watches that were there before show what is written after');
}

/** Who has something to write down at the start says in a line why that cannot be. */
async function checkStartsInVain(context: TestContext, disk: SmallDisk): Promise<void> {
  const fresh = { ...whereOf(disk), directory: join(disk.directory, 'fresh') };
  const starts: Record<string, { start: StartOptions; errors: RegExp }> = {
    'at another port': {
      start: { ...whereOf(disk), options: rangeOptions },
      errors: /^wherry: cannot write \S+ at start: no space is left on the disk that holds the data; .+\n$/,
    },
    'on a fresh directory': {
      start: fresh,
      errors: /^wherry: the database \S+ cannot be opened: database or disk is full; .+\n$/,
    },
    'with nothing but certificates': {
      start: { ...fresh, options: ['--store', 'memory'] },
      errors: /^wherry: cannot write \S+: no space is left on its disk; .+\n$/,
    },
  };
  for (const [name, { start, errors }] of Object.entries(starts)) {
    const server = startServer(start);
    context.after(() => endServer(server));
    assert.equal(await server.ended, 1, name);
    assert.match(server.errors(), errors, name);
  }
}

/** By large writes, and by somebody else's file; three lives, two of them ended by kill -9 on a full disk. */
async function runFullDisk(context: TestContext, disk: SmallDisk): Promise<void> {
  const world = new World(seededRandom(1));
  writeFileSync(fillerOf(disk), Buffer.alloc(fillerBytes));
  const first = await startOn(context, disk, { world });
  const changed = { metadata: { name: 'changed' } };
  const made = await ask(first.writing, { method: 'POST', path: elsewhere, body: changed });
  assert.equal(made.status, 201);
  assert.deepEqual(await createUntilRefused(world, first.writing), { status: 507, object: refusal });
  await runFull(disk, world, first);
  noFaults(world);
  fillUp(disk);
  await checkWritesAreRefused(first.writing);
  await endServer(first.server);
  await checkStartsInVain(context, disk);
  // At the same port it starts on a full disk too.
  const second = await startOn(context, disk, { world, port: first.port });
  await checkReadsWork(second.writing);
  await checkWritesAreRefused(second.writing);
  freeUp(disk);
  await runFull(disk, world, second);
  noFaults(world);
  fillUp(disk);
  await checkWritesAreRefused(second.writing);
  await endServer(second.server);
  freeUp(disk);
  const third = await startOn(context, disk, { world });
  await checkNothingIsLeft(third.writing);
  await world.catchUp(third.writing, { lazily: true, isGone: () => false });
  noFaults(world);
  third.server.child.kill('SIGTERM');
  assert.equal(await third.server.ended, 0);
  assert.ok(world.ledger.acknowledged > 50, `only ${world.ledger.acknowledged} writes were made`);
}

test('a full disk refuses writes, and nothing else', async (context) => {
  const disk = await makeSmallDisk(diskMegabytes);
  if (typeof disk === 'string') return context.skip(disk);
  try {
    await runFullDisk(context, disk);
  } finally {
    await disk.remove();
  }
});
