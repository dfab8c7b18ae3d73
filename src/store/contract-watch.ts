import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { commit, endOfKeys, eventLine, put, record, remove, type StoreFactory } from './contract-tools.ts';
import type { Store } from './store.ts';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

async function fill(store: Store): Promise<void> {
  await commit(store, put('a', '1'), put('b', '1'));
  await commit(store, put('a', '2'));
  await commit(store, remove('a'), put('c', '1'));
  await commit(store, put('a', '3'));
  await commit(store, put('b', '2'));
  await commit(store, remove('b'));
}

const all = [
  '2 put a=1@2',
  '2 put b=1@2',
  '3 put a=2@2',
  '4 delete a',
  '4 put c=1@4',
  '5 put a=3@5',
  '6 put b=2@2',
  '7 delete b',
];

export function watchContract(open: StoreFactory): void {
  describe('watch', () => {
    for (let afterRevision = 0; afterRevision <= 7; afterRevision++)
      test(`the past after revision ${afterRevision}, then what comes`, async (context) => {
        const store = await open(context);
        await fill(store);
        const watch = record(store, { afterRevision });
        assert.deepEqual(watch.lines, [], 'nothing before the call returns');
        await watch.reached(7);
        await commit(store, put('d', '1'));
        assert.deepEqual(
          watch.lines,
          [...all, '8 put d=1@8'].filter((line) => Number.parseInt(line, 10) > afterRevision),
        );
        assert.equal(watch.progress, 8);
      });

    test('only keys of the range, in the past and live', async (context) => {
      const store = await open(context);
      await fill(store);
      const watch = record(store, { from: 'b', to: 'c' });
      await watch.reached(7);
      await commit(store, put('a', 'x'), put('b', 'x'), put('c', 'x'));
      await commit(store, put('a', 'y'));
      assert.deepEqual(watch.lines, ['2 put b=1@2', '6 put b=2@2', '7 delete b', '8 put b=x@8']);
      assert.equal(watch.progress, 9, 'progress also where nothing matched');
    });

    delivery(open);
    racing(open);
    endings(open);
  });
}

function delivery(open: StoreFactory): void {
  test('a commit is never split, and has been delivered when it resolves', async (context) => {
    const store = await open(context);
    for (let round = 0; round < 10; round++)
      await commit(store, ...Array.from({ length: 5 }, (_, index) => put(`k${index}`, `${round}`)));
    const watch = record(store, {});
    await watch.reached(11);
    const revision = await commit(store, put('x', ''), put('y', ''));
    assert.deepEqual(watch.calls.at(-1), [revision, revision]);
    assert.equal(watch.lines.length, 52);
    for (const [index, call] of watch.calls.entries())
      assert.notEqual(call.at(-1), watch.calls[index + 1]?.[0], 'no commit in two calls');
  });

  test('a conflict and a commit without effect are not seen', async (context) => {
    const store = await open(context);
    const watch = record(store, { afterRevision: 1 });
    await Promise.all([
      store.commit([put('a', '1')]),
      store.commit([put('a', '2', 0)]),
      store.commit([remove('never')]),
      store.commit([put('b', '1')]),
    ]);
    assert.deepEqual(watch.lines, ['2 put a=1@2', '3 put b=1@3']);
  });

  test('a handler may commit, watch and stop watches', async (context) => {
    const store = await open(context);
    const seen: string[] = [];
    const other = record(store, { afterRevision: 1 });
    let inner: ReturnType<typeof record> | undefined;
    let reaction: Promise<number> | undefined;
    const stop = store.watch(
      { from: 'a', to: 'b', afterRevision: 1 },
      {
        onEvents: (events) => {
          seen.push(...events.map(eventLine));
          reaction = commit(store, put('reaction', '1'));
          inner = record(store, { afterRevision: 1 });
          stop();
        },
        onEnd: () => assert.fail('ended by its owner'),
      },
    );
    await commit(store, put('a', '1'));
    await reaction;
    await commit(store, put('a', '2'));
    await inner?.reached(4);
    const expected = ['2 put a=1@2', '3 put reaction=1@3', '4 put a=2@2'];
    assert.deepEqual([seen, other.lines, inner?.lines], [['2 put a=1@2'], expected, expected]);
  });

  test('a handler that throws ends its own watch and no other', async (context) => {
    const store = await open(context);
    const ended = Promise.withResolvers<Error>();
    const mistake = new Error('a mistake');
    const onEvents = () => {
      throw mistake;
    };
    store.watch({ from: 'a', to: 'z', afterRevision: 1 }, { onEvents, onEnd: ended.resolve });
    const other = record(store, { afterRevision: 1 });
    await commit(store, put('a', '1'));
    await commit(store, put('a', '2'));
    assert.equal(await ended.promise, mistake);
    assert.deepEqual(other.lines, ['2 put a=1@2', '3 put a=2@2']);
  });
}

function racing(open: StoreFactory): void {
  test('watches that start from anywhere while commits go on miss and repeat nothing', async (context) => {
    const store = await open(context);
    const expected: string[] = [];
    const reference = record(store, { afterRevision: 0 });
    const watches: { afterRevision: number; watch: ReturnType<typeof record> }[] = [];
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let round = 0; round < 15; round++) {
        const revision = await commit(store, put(`w${writer}`, `${round}`), put(`x${writer}`, ''));
        const afterRevision = Math.floor((revision * ((writer * 7 + round) % 11)) / 10);
        if (afterRevision <= revision)
          watches.push({ afterRevision, watch: record(store, { afterRevision }) });
        if (round % 3 === 0) await nextTurn();
      }
    });
    await Promise.all(writers);
    const { revision: newest } = await store.range({ from: 'a', limit: 0 });
    await reference.reached(newest);
    expected.push(...reference.lines);
    assert.equal(expected.length, 240);
    assert.ok(watches.length > 50);
    for (const { afterRevision, watch } of watches) {
      await watch.reached(newest);
      assert.deepEqual(
        watch.lines,
        expected.filter((line) => Number.parseInt(line, 10) > afterRevision),
      );
    }
  });
}

function endings(open: StoreFactory): void {
  test('a stopped watch hears nothing more, also when it had not begun', async (context) => {
    const store = await open(context);
    await fill(store);
    const unborn = record(store, { afterRevision: 0 });
    unborn.stop();
    const watch = record(store, { afterRevision: 7 });
    await watch.reached(7);
    watch.stop();
    watch.stop();
    await commit(store, put('d', '1'));
    await nextTurn();
    assert.deepEqual([unborn.lines, watch.lines], [[], []]);
  });

  test('close ends watches, live and behind; a closed store ends a new one', async (context) => {
    const store = await open(context);
    await fill(store);
    const live = record(store, { afterRevision: 7 });
    await live.reached(7);
    const behind = record(store, { afterRevision: 0 });
    await store.close();
    const late = record(store, { afterRevision: 0 });
    for (const { end } of [live, behind, late]) assert.equal((await end).name, 'StoreClosedError');
  });

  test('a revision that has not happened', async (context) => {
    const store = await open(context);
    await fill(store);
    const { end } = record(store, { afterRevision: 8 });
    assert.equal((await end).name, 'FutureRevisionError');
  });

  test('one watch too many ends at once', async (context) => {
    const store = await open(context, { watchersMax: 1 });
    const first = record(store, { to: endOfKeys, afterRevision: 1 });
    const second = record(store, { afterRevision: 1 });
    assert.equal((await second.end).name, 'StoreBusyError');
    await commit(store, put('a', '1'));
    assert.deepEqual(first.lines, ['2 put a=1@2']);
    first.stop();
    const third = record(store, { afterRevision: 1 });
    await third.reached(2);
    assert.deepEqual(third.lines, ['2 put a=1@2']);
  });
}
