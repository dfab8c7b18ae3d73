/** A node for tests: the fake runtime under a clock that the test moves, its files in a folder of their own. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Image } from '../../cri/container-types.ts';
import type { FakeRegistry } from '../../cri/fake/images.ts';
import type { FakePrograms } from '../../cri/fake/program.ts';
import { createFakeRuntime, type FakeRuntime } from '../../cri/fake.ts';
import type { Pod, PodStatus } from '../../kinds/generated/types.ts';
import { createManualClock, type ManualClock } from '../../lib/manual-clock.ts';
import { seededRandom } from '../../lib/random.ts';
import { testNow, testProbes } from '../test-kit.ts';
import { Gate } from './gate.ts';
import { HookRunner } from './hooks.ts';
import { ImagePuller } from './image-puller.ts';
import type { PodEvent } from './pod-event.ts';
import { PodFiles } from './pod-files.ts';
import { type SyncResult, syncPod } from './sync-pod.ts';
import { newMemory, type PodMemory, type RunTools } from './tools.ts';

export interface TestNode {
  readonly clock: ManualClock;
  readonly runtime: FakeRuntime;
  readonly tools: RunTools;
  readonly files: PodFiles;
  readonly memory: PodMemory;
  /** `Warning Failed web: Error: ...`, oldest first; taken by `takeEvents`. */
  takeEvents(): string[];
  /** The statuses on the way, taken by `takeStatuses`. */
  takeStatuses(): PodStatus[];
  /** Moves the clock, whenever something waits for it, until the promise is settled. */
  settle<T>(promise: Promise<T>): Promise<T>;
  sync(pod: Pod, more?: { evicted?: { reason: string; message: string } }): Promise<SyncResult>;
  /** Syncs and takes the status over, as often as the pod asks for it at once. */
  run(pod: Pod): Promise<Pod>;
}

export const testImage: Image = {
  id: `sha256:${'a'.repeat(64)}`,
  repoTags: ['docker.io/library/nginx:latest'],
  repoDigests: [],
  sizeBytes: 1000,
  uid: undefined,
  username: '',
  pinned: false,
};

/** `Running; web running #0 ready, side waiting X #1` */
export function statusText(status: PodStatus | undefined): string {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const containers = all.map(({ name, state, restartCount, ready }) => {
    const what = state?.running
      ? 'running'
      : state?.terminated
        ? `${state.terminated.reason} ${state.terminated.exitCode}`
        : `waiting ${state?.waiting?.reason ?? ''}`;
    return `${name} ${what} #${restartCount}${ready ? ' ready' : ''}`;
  });
  return `${status?.phase}${status?.reason ? ` ${status.reason}` : ''}; ${containers.join(', ')}`;
}

export const deleted = (pod: Pod, seconds = 30): Pod => ({
  ...pod,
  metadata: {
    ...pod.metadata,
    deletionTimestamp: '2026-01-01T13:00:00Z',
    deletionGracePeriodSeconds: seconds,
  },
});

/** Turns of the event loop after which whatever needs no time has gone as far as it can. */
const quietTurns = 20;
const stepMilliseconds = 100;

/** The clock, and who waits on it. */
function countingClock(): { clock: ManualClock; timers: ReadonlySet<object> } {
  const clock = createManualClock(testNow);
  const timers = new Set<object>();
  const after: ManualClock['after'] = (milliseconds, callback) => {
    const timer = {};
    timers.add(timer);
    const cancel = clock.after(milliseconds, () => {
      timers.delete(timer);
      callback();
    });
    return () => {
      timers.delete(timer);
      cancel();
    };
  };
  return { clock: { ...clock, after }, timers };
}

/** Moves the clock, whenever something waits for it, until a promise is settled. */
function settler(clock: ManualClock, timers: ReadonlySet<object>): TestNode['settle'] {
  return async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false;
    const settled = () => {
      isSettled = true;
    };
    promise.then(settled, settled);
    while (!isSettled) {
      for (let turn = 0; !isSettled && turn < quietTurns; turn++)
        await new Promise((resolve) => setImmediate(resolve));
      // Without a timer it waits for the disk, which takes no time of this clock.
      if (!isSettled && timers.size > 0) clock.advance(stepMilliseconds);
    }
    return promise;
  };
}

export async function startTestNode(
  t: TestContext,
  options: {
    programs?: FakePrograms;
    registry?: FakeRegistry;
    images?: readonly Image[];
    tools?: Partial<RunTools>;
  } = {},
): Promise<TestNode> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-kubelet-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { clock, timers } = countingClock();
  const events: string[] = [];
  const statuses: PodStatus[] = [];
  const record = (_pod: Pod, { type, reason, message, fieldPath }: PodEvent) => {
    const container = fieldPath === undefined ? '' : ` ${/\{(.*)\}/.exec(fieldPath)?.[1]}`;
    events.push(`${type} ${reason}${container}: ${message}`);
  };
  const { programs, registry, images = [testImage] } = options;
  const runtime = createFakeRuntime({ clock, random: seededRandom(1), images, programs, registry });
  const files = new PodFiles(path.join(folder, 'pods'));
  const memory = newMemory();
  const tools: RunTools = {
    runtime,
    clock,
    puller: new ImagePuller({ images: runtime.images, clock, record }),
    hooks: new HookRunner({ runtime, clock, request: async () => {} }),
    files,
    record,
    probes: { ...testProbes(), follow: () => {}, listen: () => () => {}, forget: () => {} },
    volumes: { prepare: async () => new Map(), remove: async () => {}, subPath: async () => undefined },
    sources: { configMap: () => undefined, secret: () => undefined, services: () => [] },
    gate: new Gate(10),
    node: {
      hostIPs: ['172.30.0.2'],
      allocatable: { cpu: '4', memory: '8Gi' },
      memoryCapacityBytes: 8 * 2 ** 30,
      clusterDns: { servers: ['10.96.0.10'], domain: 'cluster.local' },
      nodeDns: { servers: [], searches: [], options: [] },
      nodeHosts: '127.0.0.1 localhost\n',
      logsFolder: path.join(folder, 'logs'),
      seccompFolder: path.join(folder, 'seccomp'),
      cgroupRoot: '',
    },
    ...options.tools,
  };
  const settle = settler(clock, timers);
  const sync: TestNode['sync'] = (pod, more = {}) =>
    syncPod(tools, { pod, memory, onStatus: (status) => statuses.push(status), ...more });
  return {
    ...{ clock, runtime, tools, files, memory, settle, sync },
    takeEvents: () => events.splice(0),
    takeStatuses: () => statuses.splice(0),
    run: async (pod) => {
      let current = pod;
      for (let looks = 0; looks < 10; looks++) {
        const { status, again, hasEnded } = await sync(current);
        current = { ...current, status };
        if (again > 0 || hasEnded) break;
      }
      return current;
    },
  };
}
