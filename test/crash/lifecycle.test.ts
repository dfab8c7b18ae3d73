/** How the real server ends when it is asked to, and who may not start beside it; all of it while it is written to. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { seededRandom } from '../../src/lib/random.ts';
import { http2Session } from '../hostile/clients.ts';
import { rawConnect } from '../hostile/tls.ts';
import { ask } from './api.ts';
import { rangeOptions, untilCut } from './load.ts';
import { endServer, type ServerProcess, startServer } from './server-process.ts';
import { slowCreateHttp1, slowCreateHttp2, slowPath } from './slow-create.ts';
import { World } from './world.ts';

/** A drain has nothing to wait for once the last request has its answer. */
const drainMillisecondsMax = 5000;

async function temporaryDirectory(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wherry-lifecycle-'));
  context.after(() => rm(directory, { recursive: true }));
  return directory;
}

/** Sessions to a server, closed with the test. */
async function connect(context: TestContext, server: ServerProcess) {
  const target = await server.ready;
  const session = () => {
    const made = http2Session(target);
    context.after(() => made.destroy());
    return made;
  };
  return { target, writing: session(), watching: session(), session };
}

/**
 * A last start: what is there is what was acknowledged, and the watches go on without a gap. Resolves with the names of
 * the slow creates that are there.
 */
async function checkAll(context: TestContext, world: World, directory: string): Promise<string[]> {
  const server = startServer({ directory, options: rangeOptions });
  context.after(() => endServer(server));
  const { writing, watching } = await connect(context, server);
  await world.settle(writing);
  void world.resume(watching, { lazily: true });
  await world.catchUp(writing, { lazily: true, isGone: () => false });
  assert.deepEqual([...world.faults(), ...world.compareHistories()], []);
  const { object } = await ask(writing, { path: slowPath });
  writing.destroy();
  watching.destroy();
  await endServer(server);
  return (object.items ?? []).map(({ metadata }) => metadata.name);
}

/** Slow creates over both protocols, idle connections of both, watches and writers; and then SIGTERM. */
async function drainOnce(
  context: TestContext,
  world: World,
  options: { server: ServerProcess; round: number; writersGoOn: boolean },
): Promise<void> {
  const { server, round, writersGoOn } = options;
  const { target, writing, watching, session } = await connect(context, server);
  await world.settle(writing);
  const watched = world.resume(watching, { lazily: true });
  await ask(session(), { path: '/version' });
  const idle = await rawConnect({ ...target, protocol: 'http/1.1' });
  idle.write('GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const slow = [
    slowCreateHttp1(target, `slow-${round}-http1`),
    slowCreateHttp2(session(), `slow-${round}-http2`),
  ];
  let stopping = false;
  const load = world.load(writing, () => stopping);
  const working = world.work({ ...load, isOver: () => stopping && !writersGoOn });
  await wait(150 + 20 * round);
  const begun = performance.now();
  server.child.kill('SIGTERM');
  stopping = true;
  assert.deepEqual(await watched, Array(6).fill(true), 'every watch ends by the word of the server');
  await wait(100);
  assert.equal(server.child.exitCode, null, 'it waits for the requests that are under way');
  assert.deepEqual(await Promise.all(slow.map((each) => each.finish())), [201, 201]);
  assert.equal(await server.ended, 0);
  await working;
  assert.ok(performance.now() - begun < drainMillisecondsMax, `${performance.now() - begun} ms`);
}

for (const writersGoOn of [false, true])
  test(`SIGTERM lets requests finish, ${writersGoOn ? 'while clients send more' : 'all that were sent'}`, async (context) => {
    const directory = await temporaryDirectory(context);
    const world = new World(seededRandom(writersGoOn ? 2 : 1));
    for (let round = 0; round < 4; round++) {
      const server = startServer({ directory, options: rangeOptions });
      context.after(() => endServer(server));
      await drainOnce(context, world, { server, round, writersGoOn });
      assert.deepEqual(world.faults(), []);
      assert.equal(server.errors().replace(/^\S+ info +stopping signal="SIGTERM"\n$/, ''), '');
    }
    assert.deepEqual(
      await checkAll(context, world, directory),
      [0, 1, 2, 3].flatMap((round) => [`slow-${round}-http1`, `slow-${round}-http2`]),
    );
    context.diagnostic(`${world.ledger.acknowledged} acknowledged, ${world.ledger.cutOff} cut off`);
    if (!writersGoOn) assert.equal(world.ledger.cutOff, 0);
  });

test('nobody starts beside a server that is at work, and it does not suffer', async (context) => {
  const directory = await temporaryDirectory(context);
  const world = new World(seededRandom(3));
  const first = startServer({ directory, options: rangeOptions });
  context.after(() => endServer(first));
  const { target, writing, watching } = await connect(context, first);
  await world.settle(writing);
  const watched = world.resume(watching, { lazily: true });
  let over = false;
  const working = world.work({ ...world.load(writing), isOver: () => over });
  const sameDirectory = startServer({ directory });
  const samePort = startServer({ directory: join(directory, 'other'), port: target.port });
  context.after(() => Promise.all([endServer(sameDirectory), endServer(samePort)]));
  assert.equal(await sameDirectory.ended, 1);
  assert.equal(
    sameDirectory.errors(),
    `wherry: the data directory ${directory} is in use by another wherry process; stop that one, or give this one a --data-dir of its own\n`,
  );
  assert.equal(await samePort.ended, 1);
  assert.equal(
    samePort.errors(),
    `wherry: cannot listen on 127.0.0.1 port ${target.port}: another process listens there; stop it, choose another --port, or --port 0 for a free one\n`,
  );
  over = true;
  await working;
  await world.catchUp(writing, { lazily: true, isGone: () => false });
  assert.deepEqual([...world.faults(), ...world.compareHistories()], []);
  assert.equal(world.ledger.cutOff, 0);
  first.child.kill('SIGKILL');
  assert.equal(await first.ended, 'SIGKILL');
  await watched;
  // The lock of a killed process is no obstacle.
  await checkAll(context, world, directory);
});

test('a second SIGTERM ends a drain, and nothing acknowledged is lost', async (context) => {
  const directory = await temporaryDirectory(context);
  const world = new World(seededRandom(4));
  const server = startServer({ directory, options: rangeOptions });
  context.after(() => endServer(server));
  const { target, writing, watching } = await connect(context, server);
  await world.settle(writing);
  void world.resume(watching, { lazily: true });
  slowCreateHttp1(target, 'never-finished');
  let stopping = false;
  const working = untilCut(() => world.work({ ...world.load(writing, () => stopping), isOver: () => false }));
  await wait(200);
  stopping = true;
  server.child.kill('SIGTERM');
  await wait(100);
  assert.equal(server.child.exitCode, null);
  server.child.kill('SIGTERM');
  assert.equal(await server.ended, 1);
  await working;
  assert.deepEqual(await checkAll(context, world, directory), []);
});
