/** Starts one container. Source: startContainer and doBackOff of kubelet/kuberuntime. */

import type { ContainerConfig, Image } from '../../cri/container-types.ts';
import { CriError } from '../../cri/errors.ts';
import type { SandboxConfig } from '../../cri/sandbox-types.ts';
import type { Pod, Secret } from '../../kinds/generated/types.ts';
import { goDuration } from '../../lib/go-duration.ts';
import { Interrupted, unlessAborted } from '../../lib/interrupt.ts';
import { nextBackOff, remainingWait } from '../back-off.ts';
import { type ContainerFacts, containerConfig } from '../config/container-config.ts';
import { ContainerConfigError } from '../config/errors.ts';
import { containerHash } from '../container-hash.ts';
import { type PodContainer, podText } from '../containers.ts';
import { graceSeconds } from '../grace.ts';
import { kubeletLimits } from '../limits.ts';
import { newestContainer, type ObservedPod } from '../observed.ts';
import type { StartContainer } from '../plan-types.ts';
import { readEnvFiles } from './env-files.ts';
import { killContainer } from './kill.ts';
import { containerEvent, normal, type PodEvent, warning } from './pod-event.ts';
import { resolveSubPaths } from './sub-paths.ts';
import type { PodMemory, RunTools } from './tools.ts';

export interface StartRequest {
  readonly pod: Pod;
  readonly container: PodContainer;
  readonly step: StartContainer;
  readonly sandboxId: string;
  readonly sandbox: SandboxConfig;
  readonly podIPs: readonly string[];
  readonly volumes: ReadonlyMap<string, string>;
  readonly observed: ObservedPod;
  readonly memory: PodMemory;
  /** For registries. */
  readonly secrets: readonly Secret[];
  /** Aborts when the pod is to end: neither an image nor a hook is waited for any more. */
  readonly signal: AbortSignal | undefined;
}

export type StartOutcome =
  | { readonly started: true }
  /** `again`: milliseconds after which it is worth another try. */
  | { readonly started: false; readonly again: number };

const restartBackOff = {
  millisecondsMin: kubeletLimits.restartBackOffMillisecondsMin,
  millisecondsMax: kubeletLimits.restartBackOffMillisecondsMax,
};

/** As Go's grpc package takes the description out of an error. */
const detailsOf = (failure: unknown): string =>
  failure instanceof CriError ? failure.details : (failure as Error).message;

/**
 * Never rejects for what the runtime or the spec has against it: that is what `memory.startFailures` says. Rejects with
 * Interrupted.
 */
export async function startContainer(tools: RunTools, request: StartRequest): Promise<StartOutcome> {
  const { pod, container, memory } = request;
  const { name } = container.container;
  const tell = (event: PodEvent) => tools.record(pod, containerEvent(container, event));
  const fail = (reason: string, message: string, again: number): StartOutcome => {
    memory.startFailures.set(name, { reason, message });
    return { started: false, again };
  };
  const wait = crashWait(tools, request);
  if (wait !== undefined) {
    tell(warning('BackOff', `Back-off restarting failed container ${name} in pod ${podText(pod)}`));
    const message = `back-off ${goDuration(wait.backOff)} restarting failed container=${name} pod=${podText(pod)}`;
    return fail('CrashLoopBackOff', message, wait.remaining);
  }
  const { sandbox, secrets } = request;
  const { signal } = request;
  const pulled = await unlessAborted(
    tools.puller.ensure({ pod, container, sandbox, secrets, signal }),
    signal,
  );
  if ('failure' in pulled)
    return fail(
      pulled.failure.reason,
      pulled.failure.message,
      pulled.again ?? kubeletLimits.syncMilliseconds,
    );

  let config: ContainerConfig;
  try {
    config = await configOf(tools, request, pulled.image);
  } catch (failure) {
    if (!(failure instanceof ContainerConfigError)) throw failure;
    tell(warning('Failed', `Error: ${failure.message}`));
    return fail('CreateContainerConfigError', failure.message, kubeletLimits.retryMilliseconds);
  }
  const made = await tools.gate.run(async () => {
    // It may have waited long for its turn.
    if (request.signal?.aborted) throw new Interrupted();
    let id: string;
    try {
      id = await tools.runtime.containers.create(request.sandboxId, config, request.sandbox);
    } catch (failure) {
      tell(warning('Failed', `Error: ${detailsOf(failure)}`));
      return fail('CreateContainerError', detailsOf(failure), kubeletLimits.retryMilliseconds);
    }
    tell(normal('Created', 'Container created'));
    try {
      await tools.runtime.containers.start(id);
    } catch (failure) {
      tell(warning('Failed', `Error: ${detailsOf(failure)}`));
      return fail('RunContainerError', detailsOf(failure), 0);
    }
    tell(normal('Started', 'Container started'));
    return { id };
  });
  // A hook may run for ever, and takes nobody else's turn.
  return 'id' in made ? postStart(tools, request, { id: made.id, fail }) : made;
}

/** What the latest end of this container makes it wait; none: it may start, and the next wait is noted. */
function crashWait(
  tools: RunTools,
  { container, observed, memory }: StartRequest,
): { remaining: number; backOff: number } | undefined {
  const { name } = container.container;
  // Another image has not failed yet. Source: GetStableKey of kubelet/kuberuntime.
  const key = `${name} ${containerHash(container.container)}`;
  const ended = observed.containers.find((each) => each.name === name && each.state === 'Exited');
  if (ended === undefined) return undefined;
  const entry = memory.backOffs.get(key);
  const times = { since: ended.finishedAt ?? ended.createdAt, now: tools.clock.now() };
  const remaining = remainingWait(entry, times, restartBackOff);
  if (remaining > 0 && entry !== undefined) return { remaining, backOff: entry.milliseconds };
  memory.backOffs.set(key, nextBackOff(entry, times, restartBackOff));
  return undefined;
}

async function configOf(tools: RunTools, request: StartRequest, image: Image): Promise<ContainerConfig> {
  const { pod, container, step } = request;
  const uid = pod.metadata.uid ?? '';
  const attempt = { name: container.container.name, restartCount: step.restartCount };
  const target =
    container.role === 'ephemeral'
      ? pod.spec?.ephemeralContainers?.find(({ name }) => name === attempt.name)?.targetContainerName
      : undefined;
  const targetId = target === undefined ? undefined : newestContainer(request.observed, target)?.id;
  if (target !== undefined && targetId === undefined)
    throw new ContainerConfigError(`unable to find target container ${target}`);
  const facts: ContainerFacts = {
    restartCount: step.restartCount,
    imageRef: image.id,
    imageUser: image,
    place: { hostIPs: tools.node.hostIPs, podIPs: request.podIPs, allocatable: tools.node.allocatable },
    sources: tools.sources,
    envFiles: await readEnvFiles(container.container, request.volumes),
    mounts: {
      volumes: request.volumes,
      hostsPath: tools.files.hostsPath(uid),
      terminationLogPath: tools.files.terminationPath(uid, attempt),
    },
    memoryCapacityBytes: tools.node.memoryCapacityBytes,
    seccompFolder: tools.node.seccompFolder,
    ...(targetId === undefined ? {} : { targetId }),
  };
  const config = containerConfig(pod, container.container, facts);
  if (container.container.terminationMessagePath) await tools.files.makeTerminationFile(uid, attempt);
  const mounts = await resolveSubPaths({ pod, container: container.container }, config.mounts, {
    places: request.volumes,
    volumes: tools.volumes,
  });
  return { ...config, mounts };
}

/** A container whose hook fails is killed, and is as good as not started. */
async function postStart(
  tools: RunTools,
  request: StartRequest,
  started: { id: string; fail: (reason: string, message: string, again: number) => StartOutcome },
): Promise<StartOutcome> {
  const { pod, container, memory, podIPs } = request;
  const { name, lifecycle } = container.container;
  if (lifecycle?.postStart !== undefined) {
    const target = { pod, container: container.container, containerId: started.id, podIP: podIPs[0] };
    try {
      await unlessAborted(tools.hooks.run(lifecycle.postStart, target), request.signal);
    } catch (failure) {
      if (failure instanceof Interrupted) throw failure;
      // The reason stands in the status alone, which fewer people read.
      tools.record(pod, containerEvent(container, warning('FailedPostStartHook', 'PostStartHook failed')));
      const killed = killContainer(tools, {
        ...{ pod, container, id: started.id, podIP: podIPs[0], message: 'FailedPostStartHook' },
        graceSeconds: graceSeconds(pod, container.container, 'PodEnds'),
      });
      await unlessAborted(killed, request.signal);
      return started.fail('PostStartHookError', (failure as Error).message, 0);
    }
  }
  memory.startFailures.delete(name);
  return { started: true };
}
