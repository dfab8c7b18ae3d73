import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createManualClock, type ManualClock } from '../../lib/manual-clock.ts';
import { yamlIdleMilliseconds, yamlJobsMax } from './limits.ts';
import { YamlThread } from './thread.ts';

const millisecondsMax = 1000;

/** Takes the parser longer than anyone would wait. */
const endless = '? '.repeat(2000);

describe('the YAML thread', () => {
  let clock: ManualClock;
  let thread: YamlThread;
  beforeEach(() => {
    clock = createManualClock();
    thread = new YamlThread({ clock, millisecondsMax });
  });
  afterEach(() => thread.close());

  const read = async (text: string) => {
    const reply = await thread.run({ work: 'read', bytes: Buffer.from(text) });
    if (reply === undefined) return 'given up';
    return 'problem' in reply ? reply.problem : Buffer.from(reply.bytes).toString();
  };

  test('answers each in turn', async () => {
    assert.deepEqual(await Promise.all(['a: 1', 'a: 2', 'a: 3'].map(read)), [
      '{"a":1}',
      '{"a":2}',
      '{"a":3}',
    ]);
  });

  test('gives up what takes too long, and goes on with the next', async () => {
    const first = read(endless);
    const second = read('a: 1');
    clock.advance(millisecondsMax);
    assert.deepEqual(await Promise.all([first, second]), ['given up', '{"a":1}']);
  });

  test('ends when it has nothing to do, and starts anew', async () => {
    assert.equal(await read('a: 1'), '{"a":1}');
    clock.advance(yamlIdleMilliseconds);
    assert.equal(await read('a: 2'), '{"a":2}');
  });

  test('refuses when too much waits', async () => {
    const waiting = [read(endless), ...Array.from({ length: yamlJobsMax }, () => read('a: 1'))];
    assert.throws(() => thread.run({ work: 'read', bytes: Buffer.from('a: 1') }), { httpCode: 429 });
    await thread.close();
    assert.deepEqual(new Set(await Promise.all(waiting)), new Set(['given up']));
  });
});
