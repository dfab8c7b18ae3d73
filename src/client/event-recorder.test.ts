import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { faultyTransport } from '../../test/client/faults.ts';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import type { CoreEvent } from '../kinds/generated/types.ts';
import { silentLogger } from '../lib/log.ts';
import { seededRandom } from '../lib/random.ts';
import { type EventText, referenceTo } from './change.ts';
import { EventRecorder } from './event-recorder.ts';

const web = { metadata: { namespace: 'default', name: 'web', uid: 'u-1', resourceVersion: '7' } };
const text = (message: string, name = 'web'): EventText => ({
  regarding: { ...referenceTo('ConfigMap', web), name },
  type: 'Normal',
  reason: 'Tested',
  message,
});

const summaries = async (world: TestWorld) =>
  (await world.client.of('Event').list({ namespace: 'default' })).items.map(
    ({ count, message }) => `${count} ${message}`,
  );

describe('the event recorder', () => {
  test('writes an event as upstream does', async () => {
    const world = await startTestWorld();
    world.recorder.record({ component: 'kubelet', host: 'node-1' }, text('hello'));
    await world.settle();
    const [{ metadata: found }] = (await world.client.of('Event').list()).items as [CoreEvent];
    const event = await world.client.of('Event').get({ namespace: 'default', name: found.name ?? '' });
    const { metadata, ...rest } = event;
    assert.equal(metadata.name, `web.${(BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n).toString(16)}`);
    assert.deepEqual(rest, {
      apiVersion: 'v1',
      kind: 'Event',
      involvedObject: {
        kind: 'ConfigMap',
        namespace: 'default',
        name: 'web',
        uid: 'u-1',
        apiVersion: 'v1',
        resourceVersion: '7',
      },
      reason: 'Tested',
      message: 'hello',
      source: { component: 'kubelet', host: 'node-1' },
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      count: 1,
      type: 'Normal',
      eventTime: null,
      reportingComponent: 'kubelet',
      reportingInstance: 'node-1',
    });
    await world.close();
  });

  test('an object whose name makes no name of an Event is told of under another', async () => {
    const world = await startTestWorld();
    const names = ['a'.repeat(245), 'system:node'];
    for (const name of names) world.recorder.record({ component: 'test' }, text(`of ${name}`, name));
    await world.settle();
    const { items } = await world.client.of('Event').list({ namespace: 'default' });
    assert.deepEqual(items.map(({ involvedObject }) => involvedObject.name).sort(), names);
    for (const { metadata } of items)
      assert.match(metadata.name ?? '', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    await world.close();
  });

  test('two recorders tell of one object in the same millisecond', async () => {
    const world = await startTestWorld();
    const stop = new AbortController();
    const { client, clock } = world;
    const others = { client, clock, random: seededRandom(9), log: silentLogger, signal: stop.signal };
    const recorder = new EventRecorder(others);
    for (const message of ['one', 'two']) world.recorder.record({ component: 'kubelet' }, text(message));
    for (const message of ['three', 'four']) recorder.record({ component: 'other' }, text(message));
    await world.settle();
    assert.deepEqual((await summaries(world)).sort(), ['1 four', '1 one', '1 three', '1 two']);
    stop.abort();
    await world.close();
  });

  test('counts the same event', async () => {
    const world = await startTestWorld();
    for (let time = 0; time < 3; time++) {
      world.recorder.record({ component: 'test' }, text('again'));
      await world.advance(5000);
    }
    assert.deepEqual(await summaries(world), ['3 again']);
    const [event] = (await world.client.of('Event').list({ namespace: 'default' })).items;
    assert.deepEqual(
      [event?.firstTimestamp, event?.lastTimestamp],
      ['2026-01-01T00:00:00Z', '2026-01-01T00:00:10Z'],
    );
    await world.close();
  });

  test('combines the tenth similar event and those after it, until there was peace for ten minutes', async () => {
    const world = await startTestWorld();
    for (let index = 1; index <= 12; index++) {
      world.recorder.record({ component: 'test' }, text(`number ${index}`));
      await world.settle();
    }
    assert.deepEqual((await summaries(world)).slice(8), [
      '1 number 9',
      '3 (combined from similar events): number 12',
    ]);
    await world.advance(601_000);
    world.recorder.record({ component: 'test' }, text('number 13'));
    await world.settle();
    assert.equal((await summaries(world)).at(-1), '1 number 13');
    await world.close();
  });

  test('mutes an object after 25, lets one through every five minutes, and leaves others alone', async () => {
    const world = await startTestWorld();
    const record = (message: string, name?: string) =>
      world.recorder.record({ component: 'test' }, text(message, name));
    for (let time = 0; time < 40; time++) record('again');
    await world.settle();
    assert.deepEqual(await summaries(world), ['25 again']);
    record('again', 'other');
    await world.settle();
    assert.deepEqual(await summaries(world), ['1 again', '25 again']);
    await world.advance(300_000);
    record('again');
    record('again');
    await world.settle();
    // What was muted is in the count.
    assert.deepEqual(await summaries(world), ['1 again', '41 again']);
    await world.close();
  });

  test('makes an event anew that was forgotten, under its name and count', async () => {
    const world = await startTestWorld();
    const record = () => world.recorder.record({ component: 'test' }, text('again'));
    record();
    await world.settle();
    await world.client.of('Event').deleteCollection({ namespace: 'default' });
    record();
    await world.settle();
    assert.deepEqual(await summaries(world), ['2 again']);
    await world.close();
  });

  test('tries again while the server cannot, drops what it refuses and what is too much', async () => {
    let faults: ReturnType<typeof faultyTransport> | undefined;
    const world = await startTestWorld({
      wrap: (transport) => {
        faults = faultyTransport(transport);
        return faults.transport;
      },
    });
    faults?.answer({ match: ({ method }) => method === 'POST', times: 3, with: 'no answer' });
    world.recorder.record({ component: 'test' }, text('late'));
    await world.advance(60_000);
    assert.deepEqual(await summaries(world), ['1 late']);
    const nowhere: EventText = {
      ...text('nowhere'),
      regarding: { kind: 'ConfigMap', namespace: 'absent', name: 'a' },
    };
    world.recorder.record({ component: 'test' }, nowhere);
    for (let index = 0; index < 1100; index++)
      world.recorder.record({ component: 'test' }, text('flood', `of-${index}`));
    assert.equal(world.recorder.dropped, 101);
    await world.advance(60_000);
    assert.equal(world.recorder.waiting, 0);
    assert.equal((await summaries(world)).length, 1000);
    await world.close();
  });

  test('cuts a long message', async () => {
    const world = await startTestWorld();
    world.recorder.record({ component: 'test' }, text('ä'.repeat(2000)));
    await world.settle();
    const [event] = (await world.client.of('Event').list({ namespace: 'default' })).items;
    assert.equal(event?.message, `${'ä'.repeat(510)}...`);
    await world.close();
  });
});
