/** The kubelet of a node with all that it works with. */
import { readFile } from 'node:fs/promises';
import type { EventRecorder } from '../../client/event-recorder.ts';
import type { Informers } from '../../client/informers.ts';
import type { Client } from '../../client/typed-client.ts';
import { pauseImage } from '../../cluster/images/from-debian.ts';
import { mountMemory, unmountMemory } from '../../cluster/node/memory-folders.ts';
import { mountPinned, unmountBelow, unmountPinned } from '../../cluster/node/pinned-mounts.ts';
import { limitPodCgroup } from '../../cluster/node/pod-cgroup.ts';
import type { ContainerRuntime } from '../../cri/runtime.ts';
import { isNotFoundStatus } from '../../kinds/status.ts';
import { appArmorCheck } from '../../kubelet/admit/app-armor.ts';
import { podEventText, runAgent } from '../../kubelet/agent.ts';
import { nodeDnsConfig } from '../../kubelet/config/dns.ts';
import type { PodLimits } from '../../kubelet/config/resources.ts';
import type { KnownPods } from '../../kubelet/known-pods.ts';
import { kubeletLimits } from '../../kubelet/limits.ts';
import { LogRotator } from '../../kubelet/logs/log-rotator.ts';
import type { NodeIdentity } from '../../kubelet/node/node-status.ts';
import { grpcHealthCheck } from '../../kubelet/probes/grpc-health.ts';
import { probeNetwork } from '../../kubelet/probes/network.ts';
import { Gate } from '../../kubelet/run/gate.ts';
import { hookRequest } from '../../kubelet/run/hook-request.ts';
import { HookRunner } from '../../kubelet/run/hooks.ts';
import { ImagePuller } from '../../kubelet/run/image-puller.ts';
import type { RecordPodEvent } from '../../kubelet/run/pod-event.ts';
import { PodFiles } from '../../kubelet/run/pod-files.ts';
import type { NodeShutdown } from '../../kubelet/shutdown.ts';
import { NodeSources } from '../../kubelet/sources.ts';
import { StaticPods } from '../../kubelet/static/static-pods.ts';
import { MachineStats } from '../../kubelet/stats/machine.ts';
import { PodTokens } from '../../kubelet/tokens/pod-tokens.ts';
import { NodeVolumes } from '../../kubelet/volumes/node-volumes.ts';
import { clientStorage, PersistentVolumes } from '../../kubelet/volumes/persistent.ts';
import type { Logger } from '../../lib/log.ts';
import { systemClock, systemRandom } from '../../lib/system.ts';
import { machineResolvConf } from '../dns.ts';
import { type AgentOptions, agentFolders } from './options.ts';

export interface KubeletOptions {
  readonly options: AgentOptions;
  readonly identity: NodeIdentity;
  readonly memoryBytes: number;
  /** Ends the pods before the agent ends. */
  readonly shutdown: NodeShutdown;
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: EventRecorder;
  readonly runtime: ContainerRuntime;
  /** What pods ask; may change. */
  readonly dnsServers: () => readonly string[];
  /** Told of the pods that are looked after. */
  readonly known: KnownPods;
  readonly log: Logger;
}

/** Runs until the signal; its pods go on after that. Asks for its informers at once. */
export async function runKubelet(parts: KubeletOptions, signal: AbortSignal): Promise<void> {
  const { options, identity, client, informers, recorder, runtime, known, log } = parts;
  const clock = systemClock;
  const folders = agentFolders(options.dataDirectory);
  const tell = recorder.from({ component: 'kubelet', host: identity.name });
  const record: RecordPodEvent = (pod, event) => tell(podEventText(pod, event));
  const sources = new NodeSources({ client, informers, clock, random: systemRandom, log, signal });
  const files = new PodFiles(folders.pods);
  const memory = { mount: mountMemory, unmount: unmountMemory };
  const pinned = { mount: mountPinned, unmount: unmountPinned, unmountBelow };
  const { name: nodeName } = identity;
  const persistent = new PersistentVolumes({ storage: clientStorage(client, nodeName), nodeName });
  const tokens = new PodTokens({ client, clock, random: systemRandom, log });
  const tools = {
    ...{ runtime, clock, record, files, sources },
    limitPod: (cgroup: string, limits: PodLimits) => limitPodCgroup(cgroup, limits),
    runtimeHandler: (name: string) => runtimeHandler(client, name),
    puller: new ImagePuller({ images: runtime.images, clock, record }),
    hooks: new HookRunner({ runtime, clock, request: hookRequest }),
    volumes: new NodeVolumes({
      ...{ files, sources, memory, pinned, clock, token: tokens.token, persistent },
      forgetTokens: (uid) => tokens.forget(uid),
    }),
    gate: new Gate(kubeletLimits.startsMax),
    node: {
      hostIPs: identity.addresses,
      allocatable: identity.allocatable,
      memoryCapacityBytes: parts.memoryBytes,
      get clusterDns() {
        return { servers: parts.dnsServers(), domain: options.clusterDomain };
      },
      nodeDns: nodeDnsConfig(await machineResolvConf()),
      nodeHosts: await readFile('/etc/hosts', 'utf8').catch(() => '127.0.0.1\tlocalhost\n'),
      logsFolder: folders.podLogs,
      seccompFolder: folders.seccomp,
      cgroupRoot: options.cgroupRoot,
    },
  };
  const hasAppArmor = (await readFile(appArmorSwitch, 'utf8').catch(() => '')).startsWith('Y');
  const network = probeNetwork(grpcHealthCheck(() => clock.now()));
  const rotator = new LogRotator({
    ...{ containers: runtime.containers, clock, log },
    sweep: { folder: folders.podLogs, isWanted: (uid) => !known.isComplete || hasPod(known, uid) },
  });
  const { staticPodDirectory: folder } = options;
  const staticPods =
    folder === undefined ? undefined : new StaticPods({ folder, nodeName, client, clock, log });
  const stats = new MachineStats({
    ...{ podsFolder: folders.pods, logsFolder: folders.podLogs, runtime, cgroupRoot: options.cgroupRoot },
    // Of another containerd it is not known where its images are: most often on the same disk.
    imagesFolder: options.runtimeSocket === undefined ? folders.containerd : folders.pods,
  });
  const agent = runAgent(
    {
      pressure: { stats, thresholds: options.evictionThresholds, keepsImages: [pauseImage] },
      shutdown: parts.shutdown,
      ...{ ready: informers.synced(), ...(staticPods && { staticPods }) },
      ...{ client, clock, random: systemRandom, log, identity, tools, network, known },
      checks: [appArmorCheck(hasAppArmor)],
      recordNode: tell,
    },
    signal,
  );
  await Promise.all([agent, rotator.start(signal)]);
}

const appArmorSwitch = '/sys/module/apparmor/parameters/enabled';

/** Asked for when it is needed: hardly any pod names one. */
async function runtimeHandler(client: Client, name: string): Promise<string> {
  try {
    return (await client.of('RuntimeClass').get({ name })).handler;
  } catch (failure) {
    if (!isNotFoundStatus(failure)) throw failure;
    throw new Error(`runtimeclass.node.k8s.io "${name}" not found`, { cause: failure });
  }
}

const hasPod = (known: KnownPods, uid: string): boolean =>
  known.list().some(({ metadata }) => metadata.uid === uid);
