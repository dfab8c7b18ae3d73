import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Pod, PodSpec } from '../../kinds/generated/types.ts';
import { silentLogger } from '../../lib/log.ts';
import { createManualClock } from '../../lib/manual-clock.ts';
import type { Eviction } from '../run/sync-pod.ts';
import type { DiskReading, FilesystemReading, NodeReading, PodReading } from '../stats/readings.ts';
import { testContainer, testPod } from '../test-kit.ts';
import { EvictionManager } from './eviction-manager.ts';
import { defaultThresholds, readThresholds } from './signals.ts';

const mebi = 2 ** 20;
const gibi = 2 ** 30;
const disk = (more: Partial<FilesystemReading> = {}): FilesystemReading => ({
  ...{ capacityBytes: 100 * gibi, availableBytes: 50 * gibi, inodes: 1000, inodesFree: 500 },
  ...more,
});
const plenty: NodeReading = {
  memory: { capacityBytes: 8 * gibi, availableBytes: 4 * gibi },
  nodefs: disk(),
  imagefs: disk(),
  pids: { max: 32_768, available: 30_000 },
};
const shortOfMemory = { memory: { capacityBytes: 8 * gibi, availableBytes: 60 * mebi } };

const podOf = (name: string, spec: Partial<PodSpec> = {}, requests = {}): Pod =>
  testPod(
    { containers: [testContainer('web', { resources: { requests } })], ...spec },
    { metadata: { name, uid: name } },
  );

const takes = (memoryBytes: number, pids = 1): PodReading => ({
  ...{ memoryBytes, pids },
  containers: new Map([['web', memoryBytes]]),
});
const wrote = (bytes: number, volumes: Record<string, number> = {}, inodes = 1): DiskReading => ({
  containers: new Map([['web', bytes]]),
  volumes: new Map(Object.entries(volumes)),
  inodes,
});

function world(pods: readonly Pod[], node: Partial<NodeReading> = {}) {
  const clock = createManualClock();
  const told: string[] = [];
  const gone = new Map<string, Eviction>();
  const state = {
    node: { ...plenty, ...node },
    memory: new Map<string, PodReading>(),
    disk: new Map<string, DiskReading>(),
    /** What removing images leaves. */
    afterReclaim: undefined as Partial<NodeReading> | undefined,
    reclaims: 0,
  };
  const manager = new EvictionManager({
    stats: {
      node: async () => state.node,
      pod: async ({ metadata }) => state.memory.get(metadata.name ?? '') ?? takes(0),
      disk: async ({ metadata }) => state.disk.get(metadata.name ?? '') ?? wrote(0),
    },
    thresholds: [...defaultThresholds, ...readThresholds('pid.available<1000')],
    ...{ clock, log: silentLogger },
    record: ({ metadata }, { type, reason, message }) =>
      told.push(`${type} ${reason} ${metadata.name}: ${message}`),
    pods: () => pods.filter(({ metadata }) => !gone.has(metadata.uid ?? '')),
    evict: (uid, eviction) => {
      gone.set(uid, eviction);
      return true;
    },
    reclaimDisk: async () => {
      state.reclaims += 1;
      state.node = { ...state.node, ...state.afterReclaim };
    },
  });
  return { clock, told, gone, state, manager };
}

describe('a node that runs short', () => {
  test('of nothing, ends nobody', async () => {
    const { manager } = world([podOf('a')]);
    assert.deepEqual([await manager.round(), manager.pressures()], [[], []]);
  });

  test('of memory, ends who takes more than it asked for, one at a time, in the words of upstream', async () => {
    const pods = [
      podOf('modest', {}, { memory: '1Gi' }),
      podOf('greedy', {}, { memory: '100Mi' }),
      podOf('important', { priority: 1000 }, { memory: '1Mi' }),
      podOf('system', { priority: 2_000_000_000 }),
    ];
    const { manager, state, gone, told } = world(pods, shortOfMemory);
    for (const { metadata } of pods) state.memory.set(metadata.name ?? '', takes(512 * mebi));
    const order = [];
    for (let round = 0; round < 4; round++) order.push(...(await manager.round()));
    assert.deepEqual(order, ['greedy', 'important', 'modest']);
    const message =
      'The node was low on resource: memory. Threshold quantity: 100Mi, available: 60Mi. Container web was using 512Mi, request is 100Mi, has larger consumption of memory. ';
    assert.deepEqual(gone.get('greedy'), { reason: 'Evicted', message, graceSeconds: 1 });
    assert.equal(told[0], `Warning Evicted greedy: ${message}`);
    assert.deepEqual(manager.pressures(), ['MemoryPressure']);
  });

  test('a pressure is told of for five minutes after it was seen', async () => {
    const { manager, state, clock } = world([], shortOfMemory);
    await manager.round();
    state.node = plenty;
    clock.advance(299_000);
    await manager.round();
    assert.deepEqual(manager.pressures(), ['MemoryPressure']);
    clock.advance(1000);
    assert.deepEqual(manager.pressures(), []);
  });

  test('of disk, removes images first, and ends nobody when that is enough', async () => {
    const short = { imagefs: disk({ availableBytes: 10 * gibi }) };
    const { manager, state } = world([podOf('a')], short);
    state.afterReclaim = { imagefs: disk({ availableBytes: 20 * gibi }) };
    assert.deepEqual([await manager.round(), state.reclaims], [[], 1]);
    assert.deepEqual(manager.pressures(), ['DiskPressure']);
  });

  test('of disk that images do not give, ends who has written most', async () => {
    const { manager, state, gone } = world([podOf('a'), podOf('b')], {
      nodefs: disk({ availableBytes: 5 * gibi }),
    });
    state.disk.set('a', wrote(mebi));
    state.disk.set('b', wrote(mebi, { data: 3 * gibi }));
    assert.deepEqual(await manager.round(), ['b']);
    assert.equal(
      gone.get('b')?.message,
      'The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 5Gi. Container web was using 1Mi, request is 0, has larger consumption of ephemeral-storage. ',
    );
  });

  test('of inodes, and of processes', async () => {
    const inodes = world([podOf('a'), podOf('b')], { nodefs: disk({ inodesFree: 40 }) });
    inodes.state.disk.set('a', wrote(0, {}, 900));
    assert.deepEqual(await inodes.manager.round(), ['a']);
    assert.equal(
      inodes.gone.get('a')?.message,
      'The node was low on resource: inodes. Threshold quantity: 50, available: 40. ',
    );
    const pids = world([podOf('a'), podOf('b')], { pids: { max: 32_768, available: 10 } });
    pids.state.memory.set('b', takes(0, 900));
    assert.deepEqual([await pids.manager.round(), pids.manager.pressures()], [['b'], ['PIDPressure']]);
  });

  test('takes no more pods, but for those that it must or that have asked for memory', async () => {
    const { manager, state } = world([], shortOfMemory);
    await manager.round();
    const refused = { reason: 'Evicted', message: 'The node had condition: [MemoryPressure]. ' };
    const tolerant = { tolerations: [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists' }] };
    const answers = [
      podOf('a'),
      podOf('b', {}, { memory: '1Mi' }),
      podOf('c', tolerant),
      podOf('d', { priority: 2_000_001_000 }),
    ].map(manager.admit);
    assert.deepEqual(answers, [refused, undefined, undefined, undefined]);
    state.node = { ...plenty, nodefs: disk({ availableBytes: 0 }) };
    await manager.round();
    assert.deepEqual(manager.admit(podOf('e', {}, { memory: '1Mi' })), {
      reason: 'Evicted',
      message: 'The node had condition: [MemoryPressure DiskPressure]. ',
    });
  });
});

describe('a pod that writes more than it may', () => {
  const limits = { 'ephemeral-storage': '1Mi' };
  const cases: Record<string, readonly [Partial<PodSpec>, DiskReading, string | undefined]> = {
    'a volume within its limit': [
      { volumes: [{ name: 'x', emptyDir: { sizeLimit: '1Mi' } }] },
      wrote(0, { x: mebi }),
      undefined,
    ],
    'a volume beyond its limit': [
      { volumes: [{ name: 'x', emptyDir: { sizeLimit: '1Mi' } }] },
      wrote(0, { x: mebi + 1 }),
      'Usage of EmptyDir volume "x" exceeds the limit "1Mi". ',
    ],
    'a container beyond its limit': [
      {
        containers: [
          testContainer('web', { resources: { limits } }),
          testContainer('more', { resources: { limits: { 'ephemeral-storage': '9Mi' } } }),
        ],
      },
      wrote(2 * mebi),
      'Container web exceeded its local ephemeral storage limit "1Mi". ',
    ],
    'all of it beyond the limit of all': [
      {
        containers: [testContainer('web', { resources: { limits } })],
        volumes: [{ name: 'x', emptyDir: {} }],
      },
      wrote(0.5 * mebi, { x: mebi }),
      'Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ',
    ],
    'what is in memory is not on the disk': [
      {
        containers: [testContainer('web', { resources: { limits } })],
        volumes: [{ name: 'x', emptyDir: { medium: 'Memory' } }],
      },
      wrote(0, { x: 9 * mebi }),
      undefined,
    ],
  };
  for (const [name, [spec, reading, message]] of Object.entries(cases))
    test(name, async () => {
      const { manager, state, gone } = world([podOf('p', spec)]);
      state.disk.set('p', reading);
      await manager.round();
      assert.equal(gone.get('p')?.message, message);
    });
});

test('thresholds as people write them', () => {
  assert.deepEqual(readThresholds('memory.available<200Mi, nodefs.available<2.5%'), [
    { signal: 'memory.available', amount: 200 * mebi },
    { signal: 'nodefs.available', share: 0.025 },
  ]);
  assert.deepEqual(readThresholds(''), []);
  for (const text of ['memory.available', 'memory<1', 'constructor<1', 'memory.available<-1'])
    assert.throws(() => readThresholds(text), RangeError, text);
});
