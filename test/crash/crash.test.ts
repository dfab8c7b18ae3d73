/**
 * Kills the real server again and again while it is being written to, and compares what it says after each start with
 * what it had acknowledged. `node test/crash/crash.test.ts --kills=20 --seed=7` repeats the choices of a run; the
 * moments of the kills are drawn from the seed too, but what the server has done by then is the machine's.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { replayRevisionsMax } from '../../src/apiserver/cache/limits.ts';
import { type Random, randomInteger, seededRandom } from '../../src/lib/random.ts';
import { http2Session } from '../hostile/clients.ts';
import { checkAllocations } from './allocations.ts';
import { CutError } from './api.ts';
import { rangeOptions, untilCut } from './load.ts';
import { endServer, type ServerProcess, startServer } from './server-process.ts';
import { World } from './world.ts';

const argument = (name: string, otherwise: number) =>
  Number(process.argv.find((word) => word.startsWith(`--${name}=`))?.split('=')[1] ?? otherwise);
const kills = argument('kills', 200);
const seed = argument('seed', 1);

/** One life of the server. */
interface Plan {
  /** From the first sign of the process, ready or not; otherwise from when it has begun to take writes. */
  readonly early: boolean;
  readonly milliseconds: number;
  /** SIGTERM first, and the kill while it drains. */
  readonly drains: boolean;
  /** Writes before the watches have caught up. */
  readonly hasty: boolean;
  /** The watch that rests between takes part. */
  readonly lazily: boolean;
}

function planRound(round: number, random: Random): Plan {
  const early = random.next() < 0.15;
  return {
    early,
    milliseconds: randomInteger(random, early ? 700 : 200),
    drains: random.next() < 0.1,
    hasty: random.next() < 0.3,
    lazily: round % 8 === 0,
  };
}

/** Lists, watches, writes, until the server is gone. */
async function live(
  world: World,
  server: ServerProcess,
  options: { plan: Plan; isGone: () => boolean; kill: () => void },
): Promise<void> {
  const { plan, isGone, kill } = options;
  const target = await server.ready;
  const [writing, watching] = [http2Session(target), http2Session(target)];
  try {
    await untilCut(async () => {
      await world.settle(writing);
      const watched = world.resume(watching, plan);
      if (!plan.hasty) await world.catchUp(writing, { ...plan, isGone });
      if (!plan.early) kill();
      void world.fidget(watching, isGone);
      await world.work({ ...world.load(writing, isGone), isOver: () => false });
      await watched;
    });
  } finally {
    writing.destroy();
    watching.destroy();
  }
}

async function runRound(world: World, server: ServerProcess, plan: Plan): Promise<void> {
  let gone = false;
  const kill = async () => {
    await wait(plan.milliseconds);
    gone = true;
    if (plan.drains) {
      server.child.kill('SIGTERM');
      await wait(plan.milliseconds % 30);
    }
    server.child.kill('SIGKILL');
  };
  let killing: Promise<void> | undefined;
  const start = () => {
    killing ??= kill();
  };
  if (plan.early) start();
  const living = live(world, server, { plan, isGone: () => gone, kill: start }).then(
    () => (gone ? undefined : new Error('the server cut its clients off')),
    // An early kill may come before it is ready.
    (failure: Error) => (gone ? undefined : failure),
  );
  const failure = await Promise.race([living, server.ended.then(() => undefined)]);
  if (failure !== undefined) {
    await endServer(server);
    throw failure;
  }
  const end = await server.ended;
  assert.ok(gone, `the server ended by itself with ${end}: ${server.errors()}`);
  if (!plan.drains) assert.equal(end, 'SIGKILL');
  await living;
  await killing;
}

/** A last life, to compare all that was written with all that was seen. */
async function finish(world: World, directory: string): Promise<string[]> {
  const server = startServer({ directory, options: rangeOptions });
  const target = await server.ready;
  const [asking, watching] = [http2Session(target), http2Session(target)];
  try {
    await world.settle(asking);
    void world.resume(watching, { lazily: true });
    await world.catchUp(asking, { lazily: true, isGone: () => false });
    const differences = world.compareHistories();
    const allocations = await checkAllocations(asking, world.followers!.services.log);
    return [...differences, ...allocations];
  } finally {
    asking.destroy();
    watching.destroy();
    await endServer(server);
  }
}

/** Rounds of lives, and a last look. Resolves when nothing was found wrong. */
async function runRounds(
  context: TestContext,
  world: World,
  options: { directory: string; rounds: number; random: Random },
): Promise<void> {
  const { directory, rounds, random } = options;
  let server: ServerProcess | undefined;
  context.after(() => endServer(server));
  const where = (round: number) => `round ${round} of --seed=${seed}; the data is in ${directory}`;
  for (let round = 1; round <= rounds; round++) {
    const plan = planRound(round, random);
    server = startServer({ directory, options: rangeOptions });
    await runRound(world, server, plan).catch((failure: Error) => {
      throw new Error(`${where(round)}: ${failure.message}`, { cause: failure });
    });
    assert.deepEqual(world.faults(), [], where(round));
    if (round % 20 === 0) {
      const { acknowledged, newest } = world.ledger;
      process.stdout.write(`crash test: ${round} kills, ${acknowledged} writes, revision ${newest}\n`);
    }
  }
  const differences = await finish(world, directory).catch((failure: Error) => {
    if (failure instanceof CutError) throw new Error(`the last start was cut off: ${failure.message}`);
    throw failure;
  });
  assert.deepEqual([...world.faults(), ...differences], [], where(rounds));
}

function tell(context: TestContext, world: World): void {
  const { acknowledged, cutOff, cutOffHappened } = world.ledger;
  const watches = Object.values(world.followers!).map(
    ({ log, resumed }) => `${log.name} ${log.events.length} in ${resumed} watches`,
  );
  context.diagnostic(
    `${acknowledged} writes acknowledged, ${cutOff} cut off, of which ${cutOffHappened} had happened; ` +
      `counted to ${world.counter.value}; events: ${watches.join(', ')}`,
  );
}

test(`${kills} kills lose nothing that was acknowledged`, async (context) => {
  process.stdout.write(`crash test: --kills=${kills} --seed=${seed}\n`);
  const directory = await mkdtemp(join(tmpdir(), 'wherry-crash-'));
  // The writers have a source of their own: how much they draw depends on how far they come.
  const world = new World(seededRandom(seed + 1));
  await runRounds(context, world, { directory, rounds: kills, random: seededRandom(seed) });
  tell(context, world);
  const { acknowledged } = world.ledger;
  assert.ok(acknowledged > kills * 5, `only ${acknowledged} writes were acknowledged`);
  await rm(directory, { recursive: true });
});

test('the same when most of the state is older than the history that a start replays', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'wherry-crash-history-'));
  const world = new World(seededRandom(seed + 2));
  const server = startServer({ directory, options: rangeOptions });
  context.after(() => endServer(server));
  const target = await server.ready;
  const [writing, watching] = [http2Session(target), http2Session(target)];
  await world.settle(writing);
  void world.resume(watching, { lazily: true });
  void world.fidget(watching, () => world.ledger.acknowledged > 200);
  await world.work({ ...world.load(writing), isOver: () => world.ledger.acknowledged > 200 });
  await world.writeHistory(writing, replayRevisionsMax + 500);
  // The watches come to the newest revision, which the next start can go on from.
  await world.catchUp(writing, { lazily: true, isGone: () => false });
  await endServer(server);
  await runRounds(context, world, { directory, rounds: Math.min(kills, 10), random: seededRandom(seed + 3) });
  tell(context, world);
  await rm(directory, { recursive: true });
});
