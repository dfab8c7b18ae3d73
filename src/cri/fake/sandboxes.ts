import type { Sandboxes, SandboxFilter } from '../runtime.ts';
import type { Sandbox, SandboxConfig } from '../sandbox-types.ts';
import {
  endContainer,
  type FakeSandbox,
  type FakeState,
  fakeId,
  labelsMatch,
  refusal,
  sandboxById,
} from './state.ts';

/** What containerd calls a sandbox, and keeps for it alone. */
const sandboxName = ({ metadata }: SandboxConfig): string =>
  `${metadata.name}_${metadata.namespace}_${metadata.uid}_${metadata.attempt}`;

const killedExitCode = 137;
/** Those that containerd has by itself. */
const handlers = new Set(['', 'runc']);

export function fakeSandboxes(state: FakeState): Sandboxes {
  return {
    run: async (config, { runtimeHandler = '' } = {}) => {
      await state.fault('RunPodSandbox');
      if (!handlers.has(runtimeHandler)) {
        const details = `failed to get sandbox runtime: no runtime for "${runtimeHandler}" is configured`;
        throw refusal('RunPodSandbox', details);
      }
      const name = sandboxName(config);
      const other = [...state.sandboxes.values()].find((each) => sandboxName(each.config) === name);
      if (other !== undefined) {
        const details = `failed to reserve sandbox name "${name}": name "${name}" is reserved for "${other.id}"`;
        throw refusal('RunPodSandbox', details);
      }
      const id = fakeId(state.random);
      const ip = networkOf(config) === 'NODE' ? undefined : freeIp(state);
      const createdAt = state.clock.now();
      state.sandboxes.set(id, { id, config, createdAt, runtimeHandler, ip, isReady: true });
      return id;
    },
    stop: async (id) => {
      await state.fault('StopPodSandbox');
      const sandbox = state.sandboxes.get(id);
      if (sandbox !== undefined) stopSandbox(state, sandbox);
    },
    remove: async (id) => {
      await state.fault('RemovePodSandbox');
      const sandbox = state.sandboxes.get(id);
      if (sandbox === undefined) return;
      stopSandbox(state, sandbox);
      for (const container of state.containers.values())
        if (container.sandboxId === id) state.containers.delete(container.id);
      state.sandboxes.delete(id);
    },
    status: async (id) => {
      await state.fault('PodSandboxStatus');
      const sandbox = sandboxById(state, { id, method: 'PodSandboxStatus' });
      const ips = sandbox.ip === undefined || !sandbox.isReady ? [] : [sandbox.ip];
      return { ...viewOf(sandbox), ips, network: networkOf(sandbox.config) };
    },
    list: async (filter = {}) => {
      await state.fault('ListPodSandbox');
      return [...state.sandboxes.values()].map(viewOf).filter((sandbox) => matches(sandbox, filter));
    },
  };
}

const networkOf = (config: SandboxConfig) =>
  config.linux?.securityContext?.namespaceOptions?.network ?? 'POD';

function viewOf(sandbox: FakeSandbox): Sandbox {
  return {
    id: sandbox.id,
    metadata: sandbox.config.metadata,
    state: sandbox.isReady ? 'Ready' : 'NotReady',
    createdAt: sandbox.createdAt,
    labels: sandbox.config.labels,
    annotations: sandbox.config.annotations,
    runtimeHandler: sandbox.runtimeHandler,
  };
}

function matches(sandbox: Sandbox, filter: SandboxFilter): boolean {
  return (
    (filter.id === undefined || sandbox.id === filter.id) &&
    (filter.state === undefined || sandbox.state === filter.state) &&
    labelsMatch(sandbox.labels, filter.labels)
  );
}

function stopSandbox(state: FakeState, sandbox: FakeSandbox): void {
  for (const container of state.containers.values())
    if (container.sandboxId === sandbox.id) endContainer(state, container, { exitCode: killedExitCode });
  sandbox.isReady = false;
}

const firstAddress = 2;
const lastAddress = 254;

/** The lowest of 10.244.0.0/24 that no ready sandbox has. */
function freeIp(state: FakeState): string {
  const taken = new Set([...state.sandboxes.values()].filter(({ isReady }) => isReady).map(({ ip }) => ip));
  for (let last = firstAddress; last <= lastAddress; last++)
    if (!taken.has(`10.244.0.${last}`)) return `10.244.0.${last}`;
  const details = 'failed to setup network for sandbox: no IP addresses available in range set';
  throw refusal('RunPodSandbox', details);
}
