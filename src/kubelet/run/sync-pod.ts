/** One look at a pod, and what is to be done about it. Source: SyncPod of kubelet/kubelet.go and kubelet/kuberuntime. */
import { mkdir } from 'node:fs/promises';
import type { SandboxConfig } from '../../cri/sandbox-types.ts';
import type { Pod, PodStatus } from '../../kinds/generated/types.ts';
import { Interrupted, unlessAborted } from '../../lib/interrupt.ts';
import { podHostname } from '../config/hostname.ts';
import { hostsFile } from '../config/hosts.ts';
import { podCgroup, podResources } from '../config/resources.ts';
import { sandboxConfig } from '../config/sandbox-config.ts';
import { containersOf, isHostNetwork } from '../containers.ts';
import { isTerminal, type PodEnd, podEnd } from '../end.ts';
import { kubeletLimits } from '../limits.ts';
import { addressesOf, type ObservedPod } from '../observed.ts';
import { planPod } from '../plan.ts';
import type { PodStep } from '../plan-types.ts';
import { type PodFacts, podStatus } from '../status/pod-status.ts';
import { killContainer, killPod } from './kill.ts';
import { observePod } from './observe.ts';
import { normal, warning } from './pod-event.ts';
import { prune } from './prune.ts';
import { pullSecrets } from './pull-secrets.ts';
import { startContainer } from './start-container.ts';
import type { PodMemory, RunTools } from './tools.ts';
import { VolumeError } from './volume-error.ts';

export interface SyncResult {
  readonly status: PodStatus;
  /** Milliseconds until it should be looked at again, whatever else happens. */
  readonly again: number;
  /** Nothing of it runs any more, and nothing will. */
  readonly hasEnded: boolean;
}

export interface Eviction {
  /** `Evicted`, `Terminated`. */
  readonly reason: string;
  readonly message: string;
  /** Left out: the pod's own. */
  readonly graceSeconds?: number;
}

export interface SyncRequest {
  readonly pod: Pod;
  readonly memory: PodMemory;
  /** Another part of the node wants it gone. */
  readonly evicted?: Eviction;
  /** The status on the way: before something that takes long. */
  readonly onStatus: (status: PodStatus) => void;
  /** Aborts when the pod is to end, or to end sooner, than this look knows: what takes long is not waited for. */
  readonly signal?: AbortSignal;
}

/** Rejects only for what has nothing to do with the pod: the runtime cannot be reached; and with Interrupted. */
export async function syncPod(tools: RunTools, request: SyncRequest): Promise<SyncResult> {
  const { pod, evicted } = request;
  const end = podEnd(pod, { now: tools.clock.now(), ...(evicted && { evicted }) });
  if (end.ends) return endPod(tools, request, end);
  await tools.sources.follow?.(pod);
  const observed = await observe(tools, pod);
  // What runs since before this kubelet did is judged by what it was then, also in the plan.
  tools.probes.follow(pod, observed);
  const steps = planPod(pod, observed, tools.probes);
  let told = request;
  if (steps.length > 0) {
    const before = statusOf(tools, request, { observed, progress: 'running' });
    request.onStatus(before);
    told = { ...request, pod: { ...pod, status: before } };
  }
  const again =
    steps.length === 0
      ? await refreshVolumes(tools, pod, observed)
      : await tellingOfProbes(tools, told, {
          ...{ observed, progress: 'running' },
          work: doSteps(tools, request, { observed, steps }),
        });
  const after = steps.length === 0 ? observed : await observe(tools, pod);
  tools.probes.follow(pod, after);
  const status = statusOf(tools, told, { observed: after, progress: 'running' });
  await prune(tools.runtime, after);
  const waits = [again, end.deadlineIn ?? Number.POSITIVE_INFINITY, kubeletLimits.syncMilliseconds];
  // What is final is cleaned up at the next look, when the status says so.
  return { status, again: isTerminal(status.phase) ? 0 : Math.min(...waits), hasEnded: false };
}

const observe = (tools: RunTools, pod: Pod): Promise<ObservedPod> =>
  observePod(tools.runtime, pod.metadata.uid ?? '', tools.files);

function statusOf(
  tools: RunTools,
  { pod, memory }: SyncRequest,
  state: Pick<PodFacts, 'observed' | 'progress'> & { failure?: PodFacts['failure'] },
): PodStatus {
  return podStatus(pod, {
    ...state,
    probes: tools.probes,
    startFailures: memory.startFailures,
    hostIPs: tools.node.hostIPs,
    now: tools.clock.now(),
  });
}

async function endPod(
  tools: RunTools,
  request: SyncRequest,
  end: PodEnd & { ends: true },
): Promise<SyncResult> {
  const { pod } = request;
  const { failure } = end;
  if (end.reason === 'DeadlineExceeded')
    tools.record(pod, normal('DeadlineExceeded', failure?.message ?? ''));
  const observed = await observe(tools, pod);
  tools.probes.follow(pod, observed);
  const before = statusOf(tools, request, { observed, progress: 'ending', failure });
  request.onStatus(before);
  const told = { ...request, pod: { ...pod, status: before } };
  const killing = killPod(tools, withGrace(pod, request.evicted?.graceSeconds), observed);
  await tellingOfProbes(tools, told, {
    ...{ observed, progress: 'ending', failure },
    work: unlessAborted(killing, request.signal),
  });
  const after = await observe(tools, pod);
  await tools.volumes.remove(pod);
  // A pod that has ended may stay for long, and nothing of it needs them any more.
  tools.sources.forget?.(pod.metadata.uid ?? '');
  tools.puller.forget(pod.metadata.uid ?? '');
  tools.probes.forget(pod.metadata.uid ?? '');
  const status = statusOf(tools, told, { observed: after, progress: 'ended', failure });
  return { status, again: kubeletLimits.syncMilliseconds, hasEnded: true };
}

/**
 * What takes long keeps nobody from hearing that a container is ready, or is not any more. Source: SetContainerReadiness of
 * kubelet/status.
 */
async function tellingOfProbes<T>(
  tools: RunTools,
  request: SyncRequest,
  look: Parameters<typeof statusOf>[2] & { work: Promise<T> },
): Promise<T> {
  const { work, ...state } = look;
  const tell = () => request.onStatus(statusOf(tools, request, state));
  const stop = tools.probes.listen(request.pod.metadata.uid ?? '', tell);
  try {
    return await work;
  } finally {
    stop();
  }
}

/** Whoever evicts it may leave it less time than it was promised, never more. */
function withGrace(pod: Pod, seconds: number | undefined): Pod {
  const { deletionGracePeriodSeconds: left } = pod.metadata;
  if (seconds === undefined || (left !== undefined && left <= seconds)) return pod;
  const own = pod.spec?.terminationGracePeriodSeconds;
  const deletionGracePeriodSeconds = own === undefined ? seconds : Math.min(own, seconds);
  return { ...pod, metadata: { ...pod.metadata, deletionGracePeriodSeconds } };
}

/** What is mounted follows the objects it was made of; one that is gone now changes nothing. */
async function refreshVolumes(tools: RunTools, pod: Pod, observed: ObservedPod): Promise<number> {
  if ((pod.spec?.volumes ?? []).length === 0) return Number.POSITIVE_INFINITY;
  const { hostIPs, allocatable } = tools.node;
  try {
    await tools.volumes.prepare(pod, { hostIPs, podIPs: addressesOf(observed), allocatable });
  } catch (failure) {
    if (!(failure instanceof VolumeError)) throw failure;
    tools.record(pod, warning('FailedMount', failure.message));
  }
  return Number.POSITIVE_INFINITY;
}

/** What a start needs to know of the sandbox. */
interface Ground {
  readonly sandboxId: string;
  readonly config: SandboxConfig;
  readonly podIPs: readonly string[];
  readonly volumes: ReadonlyMap<string, string>;
}

/** Resolves to the milliseconds after which something is worth another try. */
async function doSteps(
  tools: RunTools,
  request: SyncRequest,
  plan: { observed: ObservedPod; steps: readonly PodStep[] },
): Promise<number> {
  const { pod } = request;
  const { observed, steps } = plan;
  const known = new Map(containersOf(pod).map((each) => [each.container.name, each]));
  const starts = steps.filter((step) => step.type === 'startContainer');
  let again = Number.POSITIVE_INFINITY;
  for (const step of steps) {
    if (step.type === 'killPod') await unlessAborted(killPod(tools, pod, observed), request.signal);
    else if (step.type === 'killContainer') {
      const [podIP] = addressesOf(observed);
      const killed = killContainer(tools, { ...step, pod, container: known.get(step.name), podIP });
      await unlessAborted(killed, request.signal);
    }
  }
  if (starts.length === 0) return again;
  const create = steps.find((step) => step.type === 'createSandbox');
  const secrets = pullSecrets(tools, pod);
  const ground = await groundFor(tools, request, { observed, create });
  if (typeof ground === 'number') return ground;
  for (const step of starts) {
    const container = known.get(step.name);
    if (container === undefined) continue;
    if (request.signal?.aborted) throw new Interrupted();
    const outcome = await startContainer(tools, {
      ...{ pod, container, step, observed, memory: request.memory },
      ...{ sandboxId: ground.sandboxId, sandbox: ground.config },
      ...{ podIPs: ground.podIPs, volumes: ground.volumes, secrets, signal: request.signal },
    });
    if (outcome.started) continue;
    again = Math.min(again, outcome.again);
    if (step.role === 'init') break;
  }
  return again;
}

/** Volumes, sandbox, hosts file; or the milliseconds after which it is worth another try. */
async function groundFor(
  tools: RunTools,
  { pod }: SyncRequest,
  plan: { observed: ObservedPod; create: (PodStep & { type: 'createSandbox' }) | undefined },
): Promise<Ground | number> {
  const { observed, create } = plan;
  const { hostIPs, allocatable } = tools.node;
  const seenIPs = isHostNetwork(pod) ? hostIPs : addressesOf(observed);
  let volumes: ReadonlyMap<string, string>;
  try {
    volumes = await tools.volumes.prepare(pod, { hostIPs, podIPs: seenIPs, allocatable });
  } catch (failure) {
    if (!(failure instanceof VolumeError)) throw failure;
    tools.record(pod, warning('FailedMount', failure.message));
    return kubeletLimits.retryMilliseconds;
  }
  const [latest] = observed.sandboxes;
  const attempt = create?.attempt ?? latest?.metadata.attempt ?? 0;
  let config: SandboxConfig;
  let sandboxId = latest?.id ?? '';
  let podIPs = seenIPs;
  if (create?.replaces !== undefined)
    tools.record(pod, normal('SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.'));
  try {
    config = sandboxConfig(pod, { ...tools.node, attempt });
    if (create !== undefined) {
      sandboxId = await runSandbox(tools, pod, config);
      if (!isHostNetwork(pod)) podIPs = (await tools.runtime.sandboxes.status(sandboxId)).ips;
    }
    const limits = podResources(pod);
    if (limits !== undefined) await tools.limitPod?.(podCgroup(pod, tools.node.cgroupRoot), limits);
  } catch (failure) {
    const message = `Failed to create pod sandbox: ${(failure as Error).message}`;
    tools.record(pod, warning('FailedCreatePodSandBox', message));
    return kubeletLimits.retryMilliseconds;
  }
  const name = podHostname(pod, tools.node.clusterDns.domain);
  const text = hostsFile(pod, { name, podIPs, nodeHosts: tools.node.nodeHosts });
  await tools.files.writeHosts(pod.metadata.uid ?? '', text);
  return { sandboxId, config, podIPs, volumes };
}

async function runSandbox(tools: RunTools, { spec }: Pod, config: SandboxConfig): Promise<string> {
  const { gate, runtime } = tools;
  const className = spec?.runtimeClassName ?? '';
  const runtimeHandler = className === '' ? '' : ((await tools.runtimeHandler?.(className)) ?? '');
  await mkdir(config.logDirectory, { recursive: true, mode: 0o755 });
  return gate.run(() => runtime.sandboxes.run(config, { runtimeHandler }));
}
