import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createManualClock } from '../lib/manual-clock.ts';
import { nodeAffinity } from './filters/node-affinity.ts';
import { nodeResourcesFit } from './filters/node-resources-fit.ts';
import type { PodView } from './pod-view.ts';
import { viewPod } from './pod-view.ts';
import { SchedulingQueue } from './queue.ts';
import { makeNode, makePod, type PodWords, snapshotOf, viewOf } from './test-kit.ts';

function start(podsMax?: number) {
  const clock = createManualClock();
  let ready = 0;
  const stopping = new AbortController();
  const queue = new SchedulingQueue({
    clock,
    signal: stopping.signal,
    onReady: () => ready++,
    ...(podsMax === undefined ? {} : { podsMax }),
  });
  return {
    clock,
    queue,
    stop: () => stopping.abort(),
    ready: () => ready,
    takeAll(): string[] {
      const names: string[] = [];
      for (let next = queue.take(); next !== undefined; next = queue.take()) names.push(next.pod.name);
      return names;
    },
  };
}

const changedPod = (pod: PodView, words: PodWords): PodView => {
  const made = makePod(pod.name, words);
  return viewPod({ ...made, metadata: { ...made.metadata, uid: pod.uid, generation: 2 } });
};
const nodeAdded = (cpu: string) => ({
  type: 'nodeAdded' as const,
  node: snapshotOf([makeNode('n', { cpu })]).nodes[0]!,
});
const none = { active: 0, backoff: 0, unschedulable: 0, gated: 0 };

test('the most important first, then who came first', () => {
  const { queue, takeAll, ready } = start();
  for (const [name, priority] of [
    ['a', 0],
    ['b', 5],
    ['c', 0],
    ['d', 5],
  ] as const)
    queue.set(viewOf(name, { priority }));
  assert.equal(ready(), 4);
  assert.deepEqual(takeAll(), ['b', 'd', 'a', 'c']);
});

test('a pod that found no node waits until something helps it', () => {
  const { queue, clock, takeAll } = start();
  queue.set(viewOf('p', { requests: { cpu: '2' } }));
  const taken = queue.take()!;
  queue.failed(taken, { refusedBy: [nodeResourcesFit] });
  assert.deepEqual(queue.counts, { ...none, unschedulable: 1 });
  queue.wake(nodeAdded('1'));
  assert.deepEqual(queue.counts, { ...none, unschedulable: 1 });
  queue.wake(nodeAdded('2'));
  assert.deepEqual(queue.counts, { ...none, backoff: 1 });
  clock.advance(1000);
  assert.deepEqual(queue.counts, { ...none, active: 1 });
  assert.deepEqual(takeAll(), ['p']);
});

test('when nobody else is there, a pod that may be helped is tried before its backoff is over', () => {
  const { queue, takeAll } = start();
  queue.set(viewOf('p'));
  queue.failed(queue.take()!, { refusedBy: [] });
  queue.wake(nodeAdded('1'));
  assert.deepEqual([queue.counts.backoff, takeAll()], [1, ['p']]);
});

test('after errors the waits are 1 s, 2 s, 4 s, 8 s and 10 s', () => {
  const { queue, clock } = start();
  queue.set(viewOf('p'));
  const waits: number[] = [];
  for (let attempt = 0; attempt < 6; attempt++) {
    const taken = queue.take();
    assert.ok(taken);
    queue.failed(taken, { refusedBy: [], isError: true });
    let wait = 0;
    while (queue.counts.active === 0) {
      assert.equal(queue.take(), undefined);
      clock.advance(500);
      wait += 500;
    }
    waits.push(wait);
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test('what nothing wakes is tried again after five minutes', () => {
  const { queue, clock } = start();
  queue.set(viewOf('p'));
  queue.failed(queue.take()!, { refusedBy: [nodeAffinity] });
  clock.advance(299_000);
  assert.equal(queue.counts.unschedulable, 1);
  clock.advance(31_000);
  assert.deepEqual(queue.counts, { ...none, active: 1 });
});

describe('a pod that changes', () => {
  test('waits for its gates, and goes when they are taken away', () => {
    const { queue, takeAll } = start();
    const gated = viewOf('p', { schedulingGates: [{ name: 'example.com/wait' }] });
    queue.set(gated);
    assert.deepEqual([queue.counts, takeAll()], [{ ...none, gated: 1 }, []]);
    queue.activate('default/p');
    assert.deepEqual(takeAll(), []);
    queue.set(changedPod(gated, {}));
    assert.deepEqual(takeAll(), ['p']);
  });

  test('has a new chance when its spec changed, none when only its status did', () => {
    const { queue } = start();
    const pod = viewOf('p');
    queue.set(pod);
    queue.failed(queue.take()!, { refusedBy: [nodeAffinity] });
    queue.set(viewPod({ ...pod.pod, status: { phase: 'Pending' } }));
    assert.deepEqual(queue.counts, { ...none, unschedulable: 1 });
    queue.set(changedPod(pod, { nodeSelector: {} }));
    assert.deepEqual(queue.counts, { ...none, backoff: 1 });
  });

  test('is another one when it was made anew', () => {
    const { queue } = start();
    queue.set(viewOf('p'));
    const taken = queue.take()!;
    queue.set(viewOf('p'));
    queue.failed(taken, { refusedBy: [] });
    assert.deepEqual(queue.counts, { ...none, active: 1 });
  });

  test('is not taken when it was deleted', () => {
    const { queue, takeAll } = start();
    queue.set(viewOf('p'));
    queue.delete('default/p');
    assert.deepEqual([queue.counts, takeAll(), queue.has('default/p')], [none, [], false]);
  });

  test('is done with', () => {
    const { queue } = start();
    queue.set(viewOf('p'));
    const taken = queue.take()!;
    assert.equal(taken.attempts, 1);
    queue.done(taken);
    assert.equal(queue.has('default/p'), false);
  });
});

test('at once, when somebody says so', () => {
  const { queue, takeAll } = start();
  queue.set(viewOf('p'));
  queue.failed(queue.take()!, { refusedBy: [nodeAffinity] });
  queue.activate('default/p');
  assert.deepEqual(takeAll(), ['p']);
});

test('a full queue turns pods away, and says when they may come', () => {
  const { queue } = start(2);
  for (const name of ['a', 'b', 'c']) queue.set(viewOf(name));
  assert.deepEqual([queue.counts.active, queue.takeOverflow()], [2, false]);
  queue.done(queue.take()!);
  assert.deepEqual([queue.takeOverflow(), queue.takeOverflow()], [true, false]);
});

test('nothing is left on the clock when it ends', () => {
  const { clock, stop, ready } = start();
  stop();
  clock.advance(3_600_000);
  assert.equal(ready(), 0);
});
