import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { responseBlockBytes } from '../limits.ts';
import { BufferedSink } from './sink.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A target that takes a write when it is told to. */
function slowTarget(): { target: Writable; writes: string[]; take: () => void; ended: () => boolean } {
  const writes: string[] = [];
  let waiting: (() => void) | undefined;
  const target = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      writes.push(chunk.toString());
      waiting = callback;
    },
  });
  const take = () => {
    const callback = waiting;
    waiting = undefined;
    callback?.();
  };
  return { target, writes, take, ended: () => target.writableEnded };
}

test('what is written in one turn is one write, and one is under way at a time', async () => {
  const { target, writes, take, ended } = slowTarget();
  let ends = 0;
  const sink = new BufferedSink(target, () => ends++);
  for (const text of ['a', 'b', '', 'c']) sink.write(Buffer.from(text));
  assert.equal(sink.pendingBytes(), 3);
  await turn();
  sink.write(Buffer.from('d'));
  await turn();
  sink.write(Buffer.from('e'));
  assert.deepEqual(writes, ['abc']);
  assert.equal(sink.pendingBytes(), 5);
  take();
  await turn();
  assert.deepEqual(writes, ['abc', 'de']);
  assert.equal(sink.pendingBytes(), 2);
  sink.end();
  sink.end();
  sink.write(Buffer.from('late'));
  assert.equal(ended(), false);
  take();
  await turn();
  assert.equal(ended(), true);
  assert.deepEqual([writes, ends, sink.pendingBytes()], [['abc', 'de'], 1, 0]);
});

test('a long queue goes out in blocks', async () => {
  const { target, writes, take } = slowTarget();
  const sink = new BufferedSink(target, () => {});
  for (let index = 0; index < 10; index++) sink.write(Buffer.alloc(responseBlockBytes / 4, 'x'));
  await turn();
  take();
  await turn();
  take();
  await turn();
  assert.deepEqual(
    writes.map(({ length }) => length),
    [responseBlockBytes, responseBlockBytes, responseBlockBytes / 2],
  );
});

test('an end without anything written ends', async () => {
  const { target, ended } = slowTarget();
  new BufferedSink(target, () => {}).end();
  await turn();
  assert.equal(ended(), true);
});

test('once closed it holds and writes nothing', async () => {
  const { target, writes, ended } = slowTarget();
  const sink = new BufferedSink(target, () => assert.fail('nobody has ended it'));
  sink.write(Buffer.from('a'));
  sink.close();
  sink.write(Buffer.from('b'));
  sink.end();
  await turn();
  assert.deepEqual([writes, sink.pendingBytes(), ended()], [[], 0, false]);
});
