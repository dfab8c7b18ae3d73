/** A node's agent: the pods that the server has for this node, run by the node's container runtime. */

import type { EventText } from '../client/change.ts';
import { referenceTo } from '../client/change.ts';
import { Informer } from '../client/informer.ts';
import type { Client } from '../client/typed-client.ts';
import type { Pod } from '../kinds/generated/types.ts';
import { isNotFoundStatus } from '../kinds/status.ts';
import { onAbort } from '../lib/abort.ts';
import { type Clock, sleep } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import { type AdmissionCheck, NodeAdmission } from './admit/node-admission.ts';
import { EvictionManager } from './eviction/eviction-manager.ts';
import type { Threshold } from './eviction/signals.ts';
import { ImageCollector } from './gc/images.ts';
import type { KnownPods } from './known-pods.ts';
import { podLabels } from './labels.ts';
import { kubeletLimits } from './limits.ts';
import { removePodLogs } from './logs/remove-logs.ts';
import { NodeKeeper } from './node/node-keeper.ts';
import type { NodeIdentity } from './node/node-status.ts';
import type { ProbeNetwork } from './probes/probe-once.ts';
import { Probes } from './probes/probes.ts';
import { statusPatch } from './run/api-status.ts';
import type { PodEvent } from './run/pod-event.ts';
import { PodWorkers, type WorkerHost } from './run/pod-workers.ts';
import { changedPods, listRuntime, type RuntimeView } from './run/relist.ts';
import { syncPod } from './run/sync-pod.ts';
import type { RunTools } from './run/tools.ts';
import type { NodeShutdown } from './shutdown.ts';
import { fromServer, isMirror } from './static/manifest.ts';
import type { StaticPods } from './static/static-pods.ts';
import type { StatsSource } from './stats/readings.ts';

export interface PressureOptions {
  readonly stats: StatsSource;
  /** Upstream's: `defaultThresholds`. */
  readonly thresholds: readonly Threshold[];
  /** Images that are never removed: the sandboxes'. */
  readonly keepsImages?: readonly string[];
}

export interface AgentOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly identity: NodeIdentity;
  /** Probes are the agent's own. */
  readonly tools: Omit<RunTools, 'probes'>;
  readonly network: ProbeNetwork;
  /** Told of the pods that are looked after. */
  readonly known?: KnownPods;
  /** Pods that no server tells of. */
  readonly staticPods?: StaticPods;
  /** What must be known before the server's pods are begun: they get the Services of that moment. */
  readonly ready?: Promise<unknown>;
  /** What else speaks against a pod on this machine. */
  readonly checks?: readonly AdmissionCheck[];
  /** Unless given, nobody sees what the node runs short of. */
  readonly pressure?: PressureOptions;
  /** Unless given, the node's pods are not ended before the machine goes down. */
  readonly shutdown?: NodeShutdown;
  /** About the node. */
  readonly recordNode?: (event: EventText) => void;
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

/** Runs until the signal aborts; containers go on running after that, and are found again by the next agent. */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { client, clock, log, random, identity, network, staticPods } = options;
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
  const host = serverHost(client, staticPods);
  const workers: PodWorkers = new PodWorkers(
    {
      sync: (request) => syncPod(tools, request),
      ...host,
      admit: (pod, others) => admission.admit(pod, others),
      cleanUp: (uid) => cleanUp(tools, uid),
    },
    { clock, log, signal },
  );
  const update = (pod: Pod) => {
    if (!isMirror(pod)) workers.update(fromServer(pod));
    else if (staticPods !== undefined) staticPods.takeMirror(pod);
    // A picture of nothing: the agent before this one had a folder of static pods.
    else
      host
        .letGo(pod)
        .catch((error) => log.warn('a mirror pod could not be removed', { error: String(error) }));
  };
  pods.handle({
    add: update,
    update,
    delete: (pod) => {
      if (!staticPods?.dropMirror(pod)) workers.remove(pod.metadata.uid ?? '', pod);
    },
  });
  const pressure = nodePressure(options, workers);
  const keeper = new NodeKeeper({
    ...{ identity, client, runtime: tools.runtime, clock, log },
    state: () => ({
      pressures: pressure?.manager.pressures() ?? [],
      isShuttingDown: options.shutdown?.isUnderWay ?? false,
    }),
    ...(options.recordNode && { record: options.recordNode }),
  });
  options.shutdown?.follow(workers, keeper);
  const admission = nodeAdmission(options, { keeper: () => keeper, pressure });
  pods.onSynced(() => {
    options.known?.follow(() => workers.pods());
    staticPods?.mirrorsAreKnown();
  });
  const begin = async () => {
    await settledOrAborted(options.ready, signal);
    if (!signal.aborted) pods.start(signal);
  };
  await Promise.all([
    keeper.run(signal),
    relist(options, { pods, workers, signal }),
    staticPods?.run(workers, signal),
    pressure?.manager.run(signal),
    pressure?.images.run(signal),
    begin(),
  ]);
  probes.close();
}

/** How the server is told of pods. */
function serverHost(
  client: Client,
  staticPods: StaticPods | undefined,
): Pick<WorkerHost, 'writeStatus' | 'letGo'> {
  return {
    writeStatus: async (pod, status) => {
      if (staticPods?.isStatic(pod.metadata.uid ?? '')) return staticPods.writeStatus(pod, status);
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
  };
}

/** Everybody who may be against a pod. */
function nodeAdmission(
  { client, identity, tools, shutdown, checks = [] }: AgentOptions,
  { keeper, pressure }: { keeper: () => NodeKeeper; pressure: NodePressure | undefined },
): NodeAdmission {
  const { name, allocatable } = identity;
  return new NodeAdmission({
    ...{ nodeName: name, allocatable, record: tools.record },
    node: () => keeper().node,
    fetchNode: () =>
      client
        .of('Node')
        .get({ name })
        .catch(() => undefined),
    checks: [...(pressure ? [pressure.manager.admit] : []), ...(shutdown ? [shutdown.admit] : []), ...checks],
  });
}

interface NodePressure {
  readonly manager: EvictionManager;
  readonly images: ImageCollector;
}

/** Who watches what the node runs short of, and who makes room. */
function nodePressure(options: AgentOptions, workers: PodWorkers): NodePressure | undefined {
  const { pressure, clock, log, identity, recordNode } = options;
  if (pressure === undefined) return undefined;
  const { stats, thresholds, keepsImages: keeps = [] } = pressure;
  const { runtime, record } = options.tools;
  const images = new ImageCollector({
    ...{ runtime, clock, log, keeps, nodeName: identity.name },
    filesystem: async () => (await stats.node()).imagefs,
    ...(recordNode && { record: recordNode }),
  });
  const manager = new EvictionManager({
    ...{ stats, thresholds, clock, log, record },
    pods: () => workers.active(),
    evict: (uid, eviction) => workers.evict(uid, eviction),
    reclaimDisk: async () => void (await images.removeUnused()),
  });
  return { manager, images };
}

function settledOrAborted(ready: Promise<unknown> | undefined, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    onAbort(signal, resolve);
    if (signal.aborted) resolve();
    Promise.resolve(ready).then(() => resolve(), reject);
  });
}

async function unlessMissing(done: Promise<unknown>): Promise<void> {
  try {
    await done;
  } catch (failure) {
    if (!isNotFoundStatus(failure)) throw failure;
  }
}

async function cleanUp(
  {
    runtime,
    files,
    sources,
    volumes,
    node,
  }: Pick<RunTools, 'runtime' | 'files' | 'sources' | 'volumes' | 'node'>,
  uid: string,
): Promise<void> {
  const sandboxes = await runtime.sandboxes.list({ labels: { [podLabels.uid]: uid } });
  for (const { id } of sandboxes) {
    await runtime.sandboxes.stop(id);
    await runtime.sandboxes.remove(id);
  }
  // An earlier agent may have mounted some, which are in the way of the folder.
  await volumes.removeOrphans?.(uid);
  await files.remove(uid);
  await removePodLogs(node.logsFolder, uid);
  sources.forget?.(uid);
}

/** Wakes the workers of pods whose containers have changed; removes what belongs to pods that are no more. */
async function relist(
  { tools, clock, log, staticPods }: AgentOptions,
  agent: { pods: Informer<Pod>; workers: PodWorkers; signal: AbortSignal },
): Promise<void> {
  const { pods, workers, signal } = agent;
  let before: RuntimeView = new Map();
  let folders: string[] | undefined;
  while (!signal.aborted) {
    try {
      const now = await listRuntime(tools.runtime);
      for (const uid of changedPods(before, now)) workers.wake(uid);
      before = now;
      const isComplete = pods.hasSynced && staticPods?.isComplete !== false;
      if (isComplete) {
        // Once: later on whoever ends removes what it had.
        const left = folders ?? (await tools.files.list());
        folders = [];
        for (const uid of new Set([...now.keys(), ...left]))
          if (!workers.has(uid))
            await cleanUp(tools, uid).catch((failure) => {
              // One that resists does not keep the others.
              folders?.push(uid);
              log.warn('what is left of a pod could not be removed', { uid, error: String(failure) });
            });
      }
    } catch (failure) {
      log.warn('the container runtime does not answer', { error: String(failure) });
    }
    await sleep(clock, kubeletLimits.relistMilliseconds, signal);
  }
}
