/** Init containers and sidecars. Source: computeInitContainerActions of kubelet/kuberuntime/kuberuntime_container.go. */
import type { Container, Pod } from '../kinds/generated/types.ts';
import { containerHash } from './container-hash.ts';
import { isSidecar } from './containers.ts';
import { newestContainer, type ObservedContainer, type ObservedPod } from './observed.ts';
import type { KillReason, ProbeResults } from './plan-types.ts';
import { initHasFailed, restartsAfter, restartsWhenKilled } from './restart.ts';

export interface Kill {
  readonly target: ObservedContainer;
  readonly container: Container;
  readonly reason: KillReason;
  readonly message: string;
}

export interface InitPlan {
  /** The pod's own containers may run. */
  readonly isInitialized: boolean;
  /** Initializing has failed for good. */
  readonly hasFailed: boolean;
  readonly kill: readonly Kill[];
  /** In the order of the spec. */
  readonly start: readonly Container[];
}

/** What one init container asks for. */
interface Demand {
  kill?: { reason: KillReason; message: string };
  start?: boolean;
  /** It has done its part: what comes after it may start. */
  passed?: boolean;
  failed?: boolean;
}

/** A container of the pod proper that was made tells that initializing was done, even if its traces are gone. */
function wasInitialized(pod: Pod, observed: ObservedPod): boolean {
  return (pod.spec?.containers ?? []).some(({ name }) => {
    const state = newestContainer(observed, name)?.state;
    return state === 'Created' || state === 'Running';
  });
}

function demandOfRunningSidecar(
  container: Container,
  status: ObservedContainer,
  probes: ProbeResults,
): Demand {
  const { name } = container;
  if (container.startupProbe !== undefined) {
    const startup = probes.startup(status.id);
    if (startup === 'Failure')
      return {
        kill: { reason: 'StartupProbe', message: `Init container ${name} failed startup probe` },
        start: true,
      };
    if (startup !== 'Success') return {};
  }
  if (status.hash !== containerHash(container))
    return {
      passed: true,
      kill: { reason: 'DefinitionChanged', message: `Init container ${name} definition changed` },
      start: true,
    };
  if (container.livenessProbe !== undefined && probes.liveness(status.id) === 'Failure')
    return {
      passed: true,
      kill: { reason: 'LivenessProbe', message: `Init container ${name} failed liveness probe` },
      start: true,
    };
  return { passed: true };
}

/** What has failed is tried again; of what nobody knows how it ended only the policy can tell. */
const restartsInit = (pod: Pod, container: Container, { state, exitCode }: ObservedContainer): boolean =>
  state === 'Exited' ? restartsAfter(pod, container, exitCode) : restartsWhenKilled(pod, container);

function demandOf(
  pod: Pod,
  { container, status }: { container: Container; status: ObservedContainer },
  probes: ProbeResults,
): Demand {
  // Created and started are one step: it could not be started.
  if (status.state === 'Created') return { start: true };
  if (status.state === 'Running')
    return isSidecar(container) ? demandOfRunningSidecar(container, status, probes) : {};
  if (!isSidecar(container) && initHasFailed(status) && !restartsInit(pod, container, status))
    return { failed: true };
  if (status.state === 'Unknown')
    return {
      kill: {
        reason: 'Unknown',
        message: 'Init container is in "unknown" state, try killing it before restart',
      },
      start: true,
    };
  if (isSidecar(container) || initHasFailed(status)) return { start: true };
  return { passed: true };
}

/**
 * Looks from the last init container backwards, since the traces of those that are done may have been removed: the last
 * one that was made says how far it has come. Before it, only sidecars are kept running.
 */
export function planInit(pod: Pod, observed: ObservedPod, probes: ProbeResults): InitPlan {
  const containers = pod.spec?.initContainers ?? [];
  if (containers.length === 0) return { isInitialized: true, hasFailed: false, kill: [], start: [] };
  let isInitialized = wasInitialized(pod, observed);
  let isBeforeLatest = isInitialized;
  const kill: Kill[] = [];
  const start = new Set<number>();
  for (let index = containers.length - 1; index >= 0; index--) {
    const container = containers[index] as Container;
    const status = newestContainer(observed, container.name);
    if (status === undefined) {
      if (isBeforeLatest && isSidecar(container)) start.add(index);
      continue;
    }
    if (isBeforeLatest && !isSidecar(container)) continue;
    const demand = demandOf(pod, { container, status }, probes);
    if (demand.failed) return { isInitialized: false, hasFailed: true, kill: [], start: [] };
    if (demand.kill !== undefined) kill.push({ target: status, container, ...demand.kill });
    if (demand.start) start.add(index);
    if (demand.passed && index === containers.length - 1) isInitialized = true;
    else if (demand.passed && !isBeforeLatest) start.add(index + 1);
    isBeforeLatest = true;
  }
  if (!isBeforeLatest) start.add(0);
  const inOrder = [...start].sort((left, right) => left - right);
  return {
    isInitialized,
    hasFailed: false,
    kill: kill.reverse(),
    start: inOrder.map((index) => containers[index] as Container),
  };
}
