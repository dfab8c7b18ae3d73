import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createManualClock } from '../lib/manual-clock.ts';
import { seededRandom } from '../lib/random.ts';
import { WorkQueue } from './work-queue.ts';

function makeQueue() {
  const clock = createManualClock();
  let ready = 0;
  const queue = new WorkQueue({ clock, random: seededRandom(1), onReady: () => ready++ });
  return { clock, queue, ready: () => ready };
}

const drain = (queue: WorkQueue): string[] => {
  const taken: string[] = [];
  for (let key = queue.take(); key !== undefined; key = queue.take()) {
    taken.push(key);
    queue.done(key);
  }
  return taken;
};

describe('a work queue', () => {
  test('holds a key once, in the order of coming', () => {
    const { queue, ready } = makeQueue();
    for (const key of ['b', 'a', 'b', 'c', 'a']) queue.add(key);
    assert.equal(ready(), 3);
    assert.deepEqual(drain(queue), ['b', 'a', 'c']);
    assert.deepEqual(queue.counts, { adds: 3, retries: 0 });
  });

  test('a key added while under work runs once more afterwards, and not before', () => {
    const { queue } = makeQueue();
    queue.add('a');
    assert.equal(queue.take(), 'a');
    queue.add('a');
    queue.add('a');
    assert.equal(queue.take(), undefined);
    queue.done('a');
    assert.deepEqual(drain(queue), ['a']);
  });

  test('of several delays the shortest holds', () => {
    const { clock, queue } = makeQueue();
    queue.addAfter('a', 500);
    queue.addAfter('a', 100);
    queue.addAfter('a', 300);
    assert.equal(queue.delayed, 1);
    clock.advance(99);
    assert.equal(queue.depth, 0);
    clock.advance(1);
    assert.deepEqual(drain(queue), ['a']);
    clock.advance(1000);
    assert.equal(queue.depth, 0);
  });

  test('waits for a failing key double, with jitter, to four minutes at most; forgetting starts anew', () => {
    const { clock, queue } = makeQueue();
    const waits: number[] = [];
    for (let failure = 0; failure < 20; failure++) {
      const start = clock.monotonic();
      queue.addRateLimited('a');
      while (queue.depth === 0) clock.advance(waits.length < 12 ? 1 : 1000);
      drain(queue);
      waits.push(clock.monotonic() - start);
    }
    for (const [index, wait] of waits.entries()) {
      const plain = Math.min(240_000, 5 * 2 ** index);
      assert.ok(wait >= plain && wait <= plain * 1.2 + 1001, `wait ${index} is ${wait} ms`);
    }
    assert.equal(queue.failures('a'), 20);
    queue.forget('a');
    queue.addRateLimited('a');
    clock.advance(6);
    assert.equal(queue.depth, 1);
    assert.equal(queue.counts.retries, 21);
  });

  test('closed, it takes nothing and leaves no timer', () => {
    const { clock, queue, ready } = makeQueue();
    queue.addAfter('a', 10);
    queue.close();
    queue.add('b');
    queue.addAfter('c', 10);
    clock.advance(1000);
    assert.deepEqual([queue.depth, queue.delayed, ready()], [0, 0, 0]);
  });

  /** What a queue promises, whatever is done with it. */
  test('no key is lost, worked on twice at once, or run without having been added', () => {
    const keys = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), key: keys }),
      fc.record({ do: fc.constant('after' as const), key: keys, milliseconds: fc.nat(50) }),
      fc.record({ do: fc.constant('fail' as const), key: keys }),
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({ do: fc.constant('done' as const), which: fc.nat(3) }),
      fc.record({ do: fc.constant('tick' as const), milliseconds: fc.nat(60) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, queue } = makeQueue();
        /** Asked for and not begun since. */
        const owed = new Set<string>();
        const asked = new Map<string, number>();
        const taken = new Map<string, number>();
        const working: string[] = [];
        const count = (counts: Map<string, number>, key: string) =>
          counts.set(key, (counts.get(key) ?? 0) + 1);
        const ask = (key: string) => {
          owed.add(key);
          count(asked, key);
        };
        const take = () => {
          const key = queue.take();
          if (key === undefined) return false;
          assert.ok(!working.includes(key), `${key} is under work twice`);
          owed.delete(key);
          count(taken, key);
          assert.ok(taken.get(key)! <= (asked.get(key) ?? 0), `${key} came more often than it was asked for`);
          working.push(key);
          return true;
        };
        for (const each of steps) {
          if (each.do === 'add') {
            ask(each.key);
            queue.add(each.key);
          } else if (each.do === 'after') {
            ask(each.key);
            queue.addAfter(each.key, each.milliseconds);
          } else if (each.do === 'fail') {
            ask(each.key);
            queue.addRateLimited(each.key);
          } else if (each.do === 'take') take();
          else if (each.do === 'tick') clock.advance(each.milliseconds);
          else if (working.length > 0) queue.done(working.splice(each.which % working.length, 1)[0]!);
        }
        for (let round = 0; round < 3; round++) {
          for (const key of working.splice(0)) queue.done(key);
          clock.advance(2_000_000_000);
          while (take());
        }
        assert.deepEqual([...owed], []);
        assert.equal(queue.depth + queue.delayed, 0);
      }),
      { interruptAfterTimeLimit: 3000, numRuns: 2000 },
    );
  });
});
