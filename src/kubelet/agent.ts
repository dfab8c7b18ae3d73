/** A node's agent: the pods that the server has for this node, run by the node's container runtime. */

import type { EventText } from '../client/change.ts';
import { referenceTo } from '../client/change.ts';
import { Informer } from '../client/informer.ts';
import type { Client } from '../client/typed-client.ts';
import type { Pod } from '../kinds/generated/types.ts';
import { StatusError } from '../kinds/status.ts';
import { type Clock, sleep } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import { podLabels } from './labels.ts';
import { kubeletLimits } from './limits.ts';
import { NodeKeeper } from './node/node-keeper.ts';
import type { NodeIdentity } from './node/node-status.ts';
import type { ProbeNetwork } from './probes/probe-once.ts';
import { Probes } from './probes/probes.ts';
import { statusPatch } from './run/api-status.ts';
import type { PodEvent } from './run/pod-event.ts';
import { PodWorkers } from './run/pod-workers.ts';
import { changedPods, listRuntime, type RuntimeView } from './run/relist.ts';
import { syncPod } from './run/sync-pod.ts';
import type { RunTools } from './run/tools.ts';

export interface AgentOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly identity: NodeIdentity;
  /** Probes are the agent's own. */
  readonly tools: Omit<RunTools, 'probes'>;
  readonly network: ProbeNetwork;
}

/** An event about a pod, ready for the recorder. */
export function podEventText(pod: Pod, { type, reason, message, fieldPath }: PodEvent): EventText {
  const regarding = referenceTo('Pod', pod);
  return {
    regarding: fieldPath === undefined ? regarding : { ...regarding, fieldPath },
    type,
    reason,
    message,
  };
}

const isMissing = (failure: unknown): boolean => failure instanceof StatusError && failure.httpCode === 404;

/** Runs until the signal aborts; containers go on running after that, and are found again by the next agent. */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { client, clock, log, random, identity, network } = options;
  const { runtime, record } = options.tools;
  const probes = new Probes({
    ...{ runtime, network, clock, record },
    onChange: (uid) => workers.wake(uid),
  });
  const tools: RunTools = { ...options.tools, probes };
  const pods = new Informer<Pod>({
    client: client.of('Pod'),
    clock,
    random,
    log,
    select: { fieldSelector: `spec.nodeName=${identity.name}` },
  });
  const workers: PodWorkers = new PodWorkers(
    {
      sync: (request) => syncPod(tools, request),
      writeStatus: async (pod, status) => {
        const { name = '', namespace } = pod.metadata;
        const patch = statusPatch(pod, status);
        await unlessMissing(
          client.of('Pod').patch({ namespace, name }, { type: 'strategic', subresource: 'status', patch }),
        );
      },
      letGo: async (pod) => {
        const { name = '', namespace, uid } = pod.metadata;
        await unlessMissing(
          client.of('Pod').delete({ namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } }),
        );
      },
      cleanUp: (uid) => cleanUp(tools, uid),
    },
    { clock, log, signal },
  );
  pods.handle({
    add: (pod) => workers.update(pod),
    update: (pod) => workers.update(pod),
    delete: (pod) => workers.remove(pod.metadata.uid ?? ''),
  });
  const keeper = new NodeKeeper({ identity, client, runtime: tools.runtime, clock, log });
  pods.start(signal);
  await Promise.all([keeper.run(signal), relist(options, { pods, workers, signal })]);
  probes.close();
}

async function unlessMissing(done: Promise<unknown>): Promise<void> {
  try {
    await done;
  } catch (failure) {
    if (!isMissing(failure)) throw failure;
  }
}

async function cleanUp({ runtime, files }: Pick<RunTools, 'runtime' | 'files'>, uid: string): Promise<void> {
  const sandboxes = await runtime.sandboxes.list({ labels: { [podLabels.uid]: uid } });
  for (const { id } of sandboxes) {
    await runtime.sandboxes.stop(id);
    await runtime.sandboxes.remove(id);
  }
  await files.remove(uid);
}

/** Wakes the workers of pods whose containers have changed; removes what belongs to pods that are no more. */
async function relist(
  { tools, clock, log }: AgentOptions,
  agent: { pods: Informer<Pod>; workers: PodWorkers; signal: AbortSignal },
): Promise<void> {
  const { pods, workers, signal } = agent;
  let before: RuntimeView = new Map();
  while (!signal.aborted) {
    try {
      const now = await listRuntime(tools.runtime);
      for (const uid of changedPods(before, now)) workers.wake(uid);
      before = now;
      if (pods.hasSynced) for (const uid of now.keys()) if (!workers.has(uid)) await cleanUp(tools, uid);
    } catch (failure) {
      log.warn('the container runtime does not answer', { error: String(failure) });
    }
    await sleep(clock, kubeletLimits.relistMilliseconds, signal);
  }
}
