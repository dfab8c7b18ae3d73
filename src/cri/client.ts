import type { Clock } from '../lib/clock.ts';
import { type Connection, connect } from './connection.ts';
import { CriError, isNotFound } from './errors.ts';
import { criLimits } from './limits.ts';
import type {
  ContainerRuntime,
  Containers,
  ExecResult,
  Images,
  RuntimeCondition,
  RuntimeFeatures,
  RuntimeVersion,
  Sandboxes,
  Streams,
} from './runtime.ts';
import {
  containerOf,
  containerStatsOf,
  containerStatusOf,
  imageOf,
  sandboxOf,
  sandboxStatusOf,
  type WireContainer,
  type WireContainerStats,
  type WireContainerStatus,
  type WireImage,
  type WireSandbox,
  type WireSandboxStatus,
  wireContainerStates,
  wireSandboxStates,
} from './wire.ts';

export interface RuntimeClient extends ContainerRuntime {
  close(): void;
}

/** A container runtime (containerd, CRI-O) behind its unix socket. */
export function connectRuntime(options: { socket: string; clock: Pick<Clock, 'now'> }): RuntimeClient {
  const connection = connect(options.socket, options.clock);
  return {
    node: {
      version: () => connection.call<RuntimeVersion>('Version', { version: 'v1' }),
      conditions: async () => {
        const { status } = await connection.call<{ status: { conditions: RuntimeCondition[] } | null }>(
          'Status',
          {},
        );
        return status?.conditions ?? [];
      },
      features: async () =>
        (await connection.call<{ features: RuntimeFeatures | null }>('Status', {})).features ?? undefined,
    },
    sandboxes: sandboxesOver(connection),
    containers: containersOver(connection),
    streams: streamsOver(connection),
    images: imagesOver(connection),
    close: () => connection.close(),
  };
}

/** An answer without the object that was asked for is no answer. */
function present<T>(value: T | null, method: string): T {
  if (value === null)
    throw new CriError('INTERNAL', { method, details: 'the runtime answered without a status' });
  return value;
}

/** Runtimes disagree on whether stopping or removing what is gone fails: containerd 1.6 says NotFound for some. */
async function unlessGone(done: Promise<unknown>): Promise<void> {
  try {
    await done;
  } catch (failure) {
    if (!isNotFound(failure)) throw failure;
  }
}

/**
 * A container that ends by itself at that very moment takes its shim along, and containerd 1.6 then fails to ask it. The
 * second time it knows that there is nothing to stop.
 */
async function againIfShimEnded(stop: () => Promise<unknown>): Promise<void> {
  try {
    await unlessGone(stop());
  } catch (failure) {
    if (!(failure instanceof CriError) || !failure.details.includes('ttrpc: closed')) throw failure;
    await unlessGone(stop());
  }
}

function sandboxesOver({ call }: Connection): Sandboxes {
  return {
    run: async (config, { runtimeHandler = '' } = {}) => {
      const deadlineMilliseconds = criLimits.runSandboxMilliseconds;
      const answer = await call<{ podSandboxId: string }>(
        'RunPodSandbox',
        { config, runtimeHandler },
        { deadlineMilliseconds },
      );
      return answer.podSandboxId;
    },
    stop: (podSandboxId) => againIfShimEnded(() => call('StopPodSandbox', { podSandboxId })),
    remove: (podSandboxId) => unlessGone(call('RemovePodSandbox', { podSandboxId })),
    status: async (podSandboxId) => {
      const answer = await call<{ status: WireSandboxStatus | null }>('PodSandboxStatus', { podSandboxId });
      return sandboxStatusOf(present(answer.status, 'PodSandboxStatus'));
    },
    list: async ({ id, state, labels } = {}) => {
      const filter = {
        id,
        state: state === undefined ? undefined : { state: wireSandboxStates[state] },
        labelSelector: labels,
      };
      const { items } = await call<{ items: WireSandbox[] }>('ListPodSandbox', { filter });
      return items.map(sandboxOf);
    },
  };
}

function containersOver({ call }: Connection): Containers {
  return {
    create: async (podSandboxId, config, sandboxConfig) => {
      const request = { podSandboxId, config, sandboxConfig };
      return (await call<{ containerId: string }>('CreateContainer', request)).containerId;
    },
    start: async (containerId) => {
      await call('StartContainer', { containerId });
    },
    stop: (containerId, graceSeconds) => {
      // Pods may have more, and Go counts nanoseconds: what is beyond 64 bits would be no time at all.
      const timeout = Math.min(graceSeconds, criLimits.graceSecondsMax);
      const deadlineMilliseconds = timeout * 1000 + criLimits.stopExtraMilliseconds;
      return againIfShimEnded(() =>
        call('StopContainer', { containerId, timeout }, { deadlineMilliseconds }),
      );
    },
    remove: (containerId) => unlessGone(call('RemoveContainer', { containerId })),
    status: async (containerId) => {
      const answer = await call<{ status: WireContainerStatus | null }>('ContainerStatus', { containerId });
      return containerStatusOf(present(answer.status, 'ContainerStatus'));
    },
    list: async ({ id, state, sandboxId, labels } = {}) => {
      const filter = {
        id,
        state: state === undefined ? undefined : { state: wireContainerStates[state] },
        podSandboxId: sandboxId,
        labelSelector: labels,
      };
      const { containers } = await call<{ containers: WireContainer[] }>('ListContainers', { filter });
      return containers.map(containerOf);
    },
    updateResources: async (containerId, linux) => {
      await call('UpdateContainerResources', { containerId, linux });
    },
    reopenLog: async (containerId) => {
      await call('ReopenContainerLog', { containerId });
    },
    stats: async ({ id, sandboxId, labels } = {}) => {
      const filter = { id, podSandboxId: sandboxId, labelSelector: labels };
      const { stats } = await call<{ stats: WireContainerStats[] }>('ListContainerStats', { filter });
      return stats.map(containerStatsOf);
    },
  };
}

function streamsOver({ call }: Connection): Streams {
  return {
    execSync: async (containerId, cmd, timeoutSeconds) => {
      const allowed = timeoutSeconds > 0 ? timeoutSeconds * 1000 : criLimits.execMillisecondsMax;
      const deadlineMilliseconds = allowed + criLimits.execExtraMilliseconds;
      return await call<ExecResult>(
        'ExecSync',
        { containerId, cmd, timeout: timeoutSeconds },
        { deadlineMilliseconds },
      );
    },
    exec: async ({ command, ...request }) =>
      (await call<{ url: string }>('Exec', { ...request, cmd: command })).url,
    attach: async (request) => (await call<{ url: string }>('Attach', request)).url,
    portForward: async (podSandboxId, port) =>
      (await call<{ url: string }>('PortForward', { podSandboxId, port })).url,
  };
}

interface WireFilesystem {
  fsId: { mountpoint: string } | null;
  usedBytes: { value: number } | null;
  inodesUsed: { value: number } | null;
}

function imagesOver({ call }: Connection): Images {
  return {
    list: async () => {
      const { images } = await call<{ images: WireImage[] }>('ListImages', {});
      return images.map(imageOf);
    },
    status: async (image) => {
      const answer = await call<{ image: WireImage | null }>('ImageStatus', { image: { image } });
      return answer.image === null ? undefined : imageOf(answer.image);
    },
    pull: async (image, { auth, sandbox } = {}) => {
      const answer = await call<{ imageRef: string }>(
        'PullImage',
        { image: { image }, auth, sandboxConfig: sandbox },
        { deadlineMilliseconds: criLimits.pullMilliseconds },
      );
      return answer.imageRef;
    },
    remove: (image) => unlessGone(call('RemoveImage', { image: { image } })),
    usage: async () => {
      const { imageFilesystems } = await call<{ imageFilesystems: WireFilesystem[] }>('ImageFsInfo', {});
      return imageFilesystems.map((filesystem) => ({
        mountpoint: filesystem.fsId?.mountpoint ?? '',
        usedBytes: filesystem.usedBytes?.value ?? 0,
        inodesUsed: filesystem.inodesUsed?.value ?? 0,
      }));
    },
  };
}
