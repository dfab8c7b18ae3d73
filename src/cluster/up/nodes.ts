/** The cluster's nodes: an agent in each namespace, as processes that outlive `up`. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Node } from '../../kinds/generated/types.ts';
import { UserError } from '../../lib/errors.ts';
import { namespacePath } from '../node/network-namespace.ts';
import type { Api } from './api.ts';
import { imageFolder } from './images.ts';
import { upLimits } from './limits.ts';
import { logEnd } from './logs.ts';
import { isRunning, launch } from './processes.ts';
import { joinTokenFile, registryRelaySocket, wherryProgram } from './server.ts';
import { type ClusterSettings, hostAddress, type NodePlace } from './settings.ts';
import type { StateFile } from './state.ts';

const agentLog = (place: NodePlace): string => path.join(place.directory, 'agent.log');

/** Nodes share a laptop's disk, which may well be nine tenths full: upstream's shares of it would evict every pod. */
const evictionThresholds = 'memory.available<100Mi,nodefs.available<300Mi,imagefs.available<300Mi';

/** nsenter changes the network alone: `ip netns exec` would remount /sys and hide the cgroups from runc. */
export function agentArguments(settings: ClusterSettings, place: NodePlace, dataDirectory: string): string[] {
  return [
    `--net=${namespacePath(place.namespace)}`,
    wherryProgram,
    'agent',
    ...['--server', `https://${hostAddress(settings)}:${settings.port}`],
    ...['--token-file', joinTokenFile(dataDirectory)],
    ...['--node-name', place.name, '--node-ip', place.address],
    ...['--data-dir', place.directory, '--log-file', agentLog(place), '--cgroup-root', place.cgroup],
    ...['--image-folder', imageFolder(dataDirectory)],
    ...['--registry-relay', registryRelaySocket(dataDirectory)],
    ...['--eviction-hard', evictionThresholds],
  ];
}

/** Starts the agents that do not run, and says of which nodes. */
export async function startAgents(
  state: StateFile,
  places: readonly NodePlace[],
  dataDirectory: string,
): Promise<string[]> {
  const started = await Promise.all(
    places.map(async (place) => {
      if (await isRunning(state.current.processes[place.name])) return [];
      await mkdir(place.directory, { recursive: true, mode: 0o711 });
      const identity = await launch({
        command: 'nsenter',
        args: agentArguments(state.current.settings, place, dataDirectory),
        log: agentLog(place),
        dataDirectory,
      });
      await state.setProcess(place.name, identity);
      return [place.name];
    }),
  );
  return started.flat();
}

export const isNodeReady = (node: Node): boolean =>
  node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/** Throws NODES_FAILED with the end of the log of one that is not. `since`: older reports of readiness do not count. */
export async function untilNodesReady(options: {
  api: Api;
  state: StateFile;
  places: readonly NodePlace[];
  /** The agents that were started just now: what their nodes say from before is no news. */
  started: readonly string[];
  sinceMilliseconds: number;
  onProgress: (ready: number) => void;
}): Promise<void> {
  const { api, state, places } = options;
  const deadline = performance.now() + upLimits.nodesMilliseconds;
  for (;;) {
    const { items } = await api.client.of('Node').list();
    const ready = new Set(
      items.filter((node) => isReadySince(node, options)).map(({ metadata }) => metadata?.name),
    );
    const waiting = places.find(({ name }) => !ready.has(name));
    if (waiting === undefined) return;
    options.onProgress(places.filter(({ name }) => ready.has(name)).length);
    for (const place of places)
      if (!(await isRunning(state.current.processes[place.name])))
        throw new UserError(
          'NODES_FAILED',
          `the agent of ${place.name} ended while it started; ${await logEnd(agentLog(place))}`,
        );
    if (performance.now() > deadline)
      throw new UserError(
        'NODES_FAILED',
        `${waiting.name} is not Ready after ${upLimits.nodesMilliseconds / 1000} s; ${await logEnd(agentLog(waiting))}`,
      );
    await wait(upLimits.pollMilliseconds);
  }
}

function isReadySince(
  node: Node,
  { started, sinceMilliseconds }: { started: readonly string[]; sinceMilliseconds: number },
): boolean {
  if (!isNodeReady(node)) return false;
  if (!started.includes(node.metadata?.name ?? '')) return true;
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  // Times of the API are whole seconds.
  return Date.parse(ready?.lastHeartbeatTime ?? '') >= Math.floor(sinceMilliseconds / 1000) * 1000;
}
