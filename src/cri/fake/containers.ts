import path from 'node:path';
import type { ContainerConfig, ContainerStats } from '../container-types.ts';
import type { ContainerFilter, Containers } from '../runtime.ts';
import type { SandboxConfig } from '../sandbox-types.ts';
import {
  containerById,
  containerView,
  endContainer,
  type FakeContainer,
  type FakeState,
  fakeId,
  findImage,
  labelsMatch,
  refusal,
  sandboxById,
} from './state.ts';

const killedExitCode = 137;
/** containerd's for a process that could not be started. */
const startErrorExitCode = 128;

export function fakeContainers(state: FakeState): Containers {
  return {
    create: async (sandboxId, config, sandbox) => {
      await state.fault('CreateContainer');
      return createContainer(state, { sandboxId, config, sandbox });
    },
    start: async (id) => {
      await state.fault('StartContainer');
      startContainer(state, containerById(state, { id, method: 'StartContainer' }));
    },
    stop: async (id, graceSeconds) => {
      await state.fault('StopContainer');
      const container = state.containers.get(id);
      if (container !== undefined) await stopContainer(state, container, graceSeconds);
    },
    remove: async (id) => {
      await state.fault('RemoveContainer');
      const container = state.containers.get(id);
      if (container === undefined) return;
      endContainer(state, container, { exitCode: killedExitCode });
      state.containers.delete(id);
    },
    status: async (id) => {
      await state.fault('ContainerStatus');
      const container = containerById(state, { id, method: 'ContainerStatus' });
      const { sandboxId: _, ...common } = containerView(container);
      const { startedAt, finishedAt, exitCode, reason, message, logPath, config } = container;
      // As containerd has it: the image's first name, whichever it was asked for by.
      const image = state.images.get(container.imageRef)?.repoTags[0] ?? common.image;
      const mounts = config.mounts;
      return { ...common, image, startedAt, finishedAt, exitCode, reason, message, logPath, mounts };
    },
    list: async (filter = {}) => {
      await state.fault('ListContainers');
      return [...state.containers.values()].filter((each) => matches(each, filter)).map(containerView);
    },
    updateResources: async (id) => {
      await state.fault('UpdateContainerResources');
      containerById(state, { id, method: 'UpdateContainerResources' });
    },
    reopenLog: async (id) => {
      await state.fault('ReopenContainerLog');
      const container = containerById(state, { id, method: 'ReopenContainerLog' });
      if (container.state !== 'Running') throw refusal('ReopenContainerLog', 'container is not running');
      state.logs.set(container.logPath, []);
    },
    stats: async (filter = {}) => {
      await state.fault('ListContainerStats');
      const running = [...state.containers.values()].filter((each) => each.state === 'Running');
      return running.filter((each) => matches(each, filter)).map((each) => statsOf(state, each));
    },
  };
}

const megabyte = 2 ** 20;

/** A thousandth of a processor, and a megabyte. */
function statsOf({ clock }: FakeState, { id, config, startedAt = 0 }: FakeContainer): ContainerStats {
  const time = clock.now();
  return {
    id,
    metadata: config.metadata,
    labels: config.labels,
    cpu: { time, usageCoreNanoseconds: (time - startedAt) * 1000 },
    memory: {
      time,
      workingSetBytes: megabyte,
      availableBytes: undefined,
      usageBytes: megabyte,
      rssBytes: megabyte,
      pageFaults: 0,
      majorPageFaults: 0,
    },
    writableLayer: { time, usedBytes: 0, inodesUsed: 0 },
  };
}

function createContainer(
  state: FakeState,
  request: { sandboxId: string; config: ContainerConfig; sandbox: SandboxConfig },
): string {
  const { sandboxId, config } = request;
  const method = 'CreateContainer';
  const sandbox = sandboxById(state, { id: sandboxId, method });
  if (!sandbox.isReady) throw refusal(method, `failed to get sandbox container task: no running task found`);
  const { name, attempt } = config.metadata;
  const other = [...state.containers.values()].find(
    (each) =>
      each.sandboxId === sandboxId &&
      each.config.metadata.name === name &&
      each.config.metadata.attempt === attempt,
  );
  if (other !== undefined)
    throw refusal(
      method,
      `failed to reserve container name "${name}_${attempt}": it is reserved for "${other.id}"`,
    );
  const image = findImage(state, config.image.image);
  if (image === undefined) {
    const details = `failed to resolve image "${config.image.image}": not found`;
    throw refusal(method, details, 'NOT_FOUND');
  }
  const id = fakeId(state.random);
  state.containers.set(id, {
    id,
    sandboxId,
    config,
    imageRef: image.id,
    logPath: path.join(sandbox.config.logDirectory, config.logPath),
    program: state.programs(config),
    createdAt: state.clock.now(),
    state: 'Created',
    startedAt: undefined,
    finishedAt: undefined,
    exitCode: 0,
    reason: '',
    message: '',
    timers: new Set(),
    onEnd: new Set(),
  });
  return id;
}

function startContainer(state: FakeState, container: FakeContainer): void {
  const { program } = container;
  if (container.state !== 'Created')
    throw refusal(
      'StartContainer',
      `failed to set starting state for container "${container.id}": container is already in ${wireName(container)} state`,
    );
  if (program.startError !== undefined) {
    container.state = 'Exited';
    container.finishedAt = state.clock.now();
    container.exitCode = startErrorExitCode;
    container.reason = 'StartError';
    container.message = `failed to create containerd task: failed to create shim task: ${program.startError}: unknown`;
    throw refusal('StartContainer', container.message);
  }
  container.state = 'Running';
  container.startedAt = state.clock.now();
  const time = new Date(state.clock.now()).toISOString();
  const lines = (program.output ?? []).map(({ stream, text }) => `${time} ${stream} F ${text}`);
  state.logs.set(container.logPath, [...(state.logs.get(container.logPath) ?? []), ...lines]);
  if (program.runMilliseconds !== undefined) endAfter(state, container, program.runMilliseconds);
}

const wireName = (container: FakeContainer): string => `CONTAINER_${container.state.toUpperCase()}`;

function endAfter(state: FakeState, container: FakeContainer, milliseconds: number): void {
  const { program } = container;
  const end =
    program.oomKilled === true
      ? { exitCode: killedExitCode, reason: 'OOMKilled' }
      : { exitCode: program.exitCode ?? 0 };
  container.timers.add(state.clock.after(milliseconds, () => endContainer(state, container, end)));
}

function stopContainer(state: FakeState, container: FakeContainer, graceSeconds: number): Promise<void> {
  if (container.state !== 'Running') return Promise.resolve();
  const { onTerminate } = container.program;
  const ended = new Promise<void>((resolve) => container.onEnd.add(resolve));
  const kill = () => endContainer(state, container, { exitCode: killedExitCode });
  if (graceSeconds <= 0) {
    kill();
    return ended;
  }
  if (onTerminate !== undefined) {
    const end = () => endContainer(state, container, { exitCode: onTerminate.exitCode });
    container.timers.add(state.clock.after(onTerminate.afterMilliseconds, end));
  }
  container.timers.add(state.clock.after(graceSeconds * 1000, kill));
  return ended;
}

function matches(container: FakeContainer, filter: ContainerFilter): boolean {
  return (
    (filter.id === undefined || container.id === filter.id) &&
    (filter.state === undefined || container.state === filter.state) &&
    (filter.sandboxId === undefined || container.sandboxId === filter.sandboxId) &&
    labelsMatch(container.config.labels, filter.labels)
  );
}
