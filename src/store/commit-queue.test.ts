import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backend, CommitOutcome } from './backend.ts';
import { CommitQueue } from './commit-queue.ts';
import { put } from './contract-tools.ts';
import { storeLimits } from './limits.ts';

/** A backend whose groups are finished by hand. */
function setUp(limits: Partial<typeof storeLimits> = {}, gathersTurn = false) {
  const groups: {
    size: number;
    finish: (outcomes?: CommitOutcome[]) => void;
    fail: (error: Error) => void;
  }[] = [];
  const log: string[] = [];
  let revision = 1;
  const commit: Backend['commit'] = (group, done) => {
    const outcomes = () =>
      group.map((): CommitOutcome => ({ committed: true, revision: ++revision, events: [] }));
    groups.push({ size: group.length, finish: (given) => done(given ?? outcomes()), fail: done });
  };
  const queue: CommitQueue = new CommitQueue({
    backend: { commit, gathersTurn } as Backend,
    limits: { ...storeLimits, ...limits },
    apply: (outcomes) => log.push(`applied ${outcomes.length}`),
    fail: (error) => queue.rejectAll(error),
  });
  const push = async (value = '') => {
    const result = await queue.push([put('a', value)], 1 + value.length);
    log.push(result.committed ? `committed ${result.revision}` : `conflict ${result.key} ${result.actual}`);
  };
  return { groups, log, queue, push };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** As a request of its own would come: later, but in the same turn of the event loop. */
const nextMicrotasks = () => new Promise<void>((resolve) => process.nextTick(resolve));

test('what comes while a group is under way shares the next one', async () => {
  const { groups, log, push, queue } = setUp();
  const pushes = [push(), push()];
  await turn();
  pushes.push(push(), push(), push());
  await turn();
  assert.deepEqual([groups.length, queue.waiting], [1, 5]);
  groups[0]!.finish();
  await turn();
  groups[1]!.finish();
  await Promise.all(pushes);
  assert.deepEqual(
    groups.map(({ size }) => size),
    [2, 3],
  );
  assert.deepEqual(log, [
    'applied 2',
    'committed 2',
    'committed 3',
    'applied 3',
    'committed 4',
    'committed 5',
    'committed 6',
  ]);
  assert.equal(queue.waiting, 0);
});

for (const [what, gathersTurn, sizes] of [
  ['go alone', false, [1]],
  ['wait for the turn to end where a commit costs a flush', true, [2]],
] as const)
  test(`commits of one turn that are made apart ${what}`, async () => {
    const { groups, push, queue } = setUp({}, gathersTurn);
    const first = push();
    await nextMicrotasks();
    const second = push();
    await turn();
    assert.deepEqual(
      groups.map(({ size }) => size),
      sizes,
    );
    groups[0]!.finish();
    await turn();
    groups[1]?.finish();
    await Promise.all([first, second]);
    assert.equal(queue.waiting, 0);
  });

test('a group is bounded in commits and in bytes, and has at least one commit', async () => {
  const { groups, push } = setUp({ groupCommitsMax: 3, groupBytesMax: 10 });
  const values = ['', '', '', '', '12345', '123456', '12345678901234567890', ''];
  const pushes = values.map((value) => push(value));
  for (let index = 0; index < 5; index++) {
    await turn();
    groups[index]!.finish();
  }
  await Promise.all(pushes);
  assert.deepEqual(
    groups.map(({ size }) => size),
    [3, 2, 1, 1, 1],
  );
});

test('each commit of a group has its own result', async () => {
  const { groups, log, push } = setUp();
  const full = new Error('full');
  const pushes = Promise.allSettled([push(), push(), push()]);
  await turn();
  groups[0]!.finish([
    { committed: false, key: 'a', actual: 7 },
    { committed: false, error: full },
    { committed: true, revision: 9, events: [] },
  ]);
  const results = await pushes;
  assert.deepEqual(log, ['applied 3', 'conflict a 7', 'committed 9']);
  assert.deepEqual(results[1], { status: 'rejected', reason: full });
});

test('a backend that fails fails all; what it says later is not heard', async () => {
  const { groups, log, push, queue } = setUp();
  const pushes = Promise.allSettled([push(), push()]);
  await turn();
  const later = Promise.allSettled([push()]);
  const drained = queue.drained();
  const broken = new Error('broken');
  groups[0]!.fail(broken);
  await drained;
  groups[0]!.finish();
  const results = [...(await pushes), ...(await later)];
  assert.deepEqual(
    results.map((result) => result.status === 'rejected' && result.reason),
    [broken, broken, broken],
  );
  assert.deepEqual(log, []);
});
