import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Image } from '../../cri/container-types.ts';
import { createFakeRuntime } from '../../cri/fake.ts';
import { silentLogger } from '../../lib/log.ts';
import { createManualClock } from '../../lib/manual-clock.ts';
import { seededRandom } from '../../lib/random.ts';
import { ImageCollector } from './images.ts';

const image = (letter: string, more: Partial<Image> = {}): Image => ({
  ...{ id: `sha256:${letter.repeat(64)}`, repoTags: [`docker.io/library/${letter}:latest`], repoDigests: [] },
  ...{ sizeBytes: 10, uid: undefined, username: '', pinned: false },
  ...more,
});

async function world(images: readonly Image[]) {
  const clock = createManualClock();
  const runtime = createFakeRuntime({ clock, random: seededRandom(1), images });
  const state = { availableBytes: 100 };
  const told: string[] = [];
  const collector = new ImageCollector({
    ...{ runtime, clock, log: silentLogger, nodeName: 'node-1' },
    keeps: ['docker.io/library/k:latest'],
    filesystem: async () => ({ capacityBytes: 100, inodes: 0, inodesFree: 0, ...state }),
    record: ({ type, reason, message }) => told.push(`${type} ${reason}: ${message}`),
  });
  const left = async () => (await runtime.images.list()).map(({ id }) => id.slice(-1)).join('');
  const use = async (letter: string) => {
    const config = {
      metadata: { name: letter, uid: letter, namespace: 'default', attempt: 0 },
      ...{ hostname: letter, logDirectory: '/logs', labels: {}, annotations: {} },
      linux: { cgroupParent: '', securityContext: {} },
    };
    const sandbox = await runtime.sandboxes.run(config);
    const container = {
      metadata: { name: letter, attempt: 0 },
      image: { image: `sha256:${letter.repeat(64)}` },
      ...{ command: [], args: [], envs: [], mounts: [], labels: {}, annotations: {}, logPath: '0.log' },
    };
    const id = await runtime.containers.create(sandbox, container, config);
    return () => runtime.containers.remove(id);
  };
  return { clock, state, told, collector, left, use };
}

test('while there is room, every image stays', async () => {
  const { clock, state, collector, left } = await world([image('a')]);
  await collector.collect();
  clock.advance(3_600_000);
  state.availableBytes = 16;
  await collector.collect();
  assert.equal(await left(), 'a');
});

test('the longest unused go, as many as needed; what is used, pinned, young or needed for sandboxes stays', async () => {
  const images = [...'abde'].map((letter) => image(letter));
  images.splice(2, 0, image('c', { pinned: true }), image('k'));
  const { clock, state, told, collector, left, use } = await world(images);
  await use('d');
  const stop = await use('a');
  await collector.collect();
  clock.advance(600_000);
  await collector.collect();
  await stop();
  state.availableBytes = 5;
  // Fifteen are wanted: two of ten each, those that nobody has used before the one that somebody has.
  assert.deepEqual(
    (await collector.collect()).map((id) => id.slice(-1)),
    ['b', 'e'],
  );
  assert.deepEqual([await left(), told], ['ackd', []]);
  await collector.collect();
  assert.equal(await left(), 'ckd');
  assert.deepEqual(told, [
    'Warning FreeDiskSpaceFailed: Failed to garbage collect required amount of images. Attempted to free 15 bytes, but only found 10 bytes eligible to free.',
  ]);
});

test('an image that came a moment ago is spared', async () => {
  const { clock, collector, left } = await world([image('a')]);
  await collector.collect();
  clock.advance(119_000);
  assert.deepEqual(await collector.removeUnused(), []);
  clock.advance(1000);
  await collector.removeUnused();
  assert.equal(await left(), '');
});
