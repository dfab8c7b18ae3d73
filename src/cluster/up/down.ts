/** `wherry down`: nothing of a cluster is left on the machine but its data. */
import path from 'node:path';
import { removeTraces } from '../node/clean.ts';
import { containerdPaths } from '../node/containerd-config.ts';
import { deleteData as removeData, removeIfEmpty } from './delete-data.ts';
import { withLock } from './lock.ts';
import { removeNetwork } from './network.ts';
import {
  isRunning,
  markedProcesses,
  type ProcessIdentity,
  processesWithArgument,
  stopProcess,
} from './processes.ts';
import type { Progress } from './progress.ts';
import { type NodePlace, nodePlaces } from './settings.ts';
import { readState, StateFile } from './state.ts';

export interface DownRequest {
  readonly name: string;
  /** Absolute. */
  readonly dataDirectory: string;
  readonly deleteData: boolean;
}

export interface DownResult {
  /** Undefined when there never was a cluster here. */
  readonly wasRunning: boolean | undefined;
  /** As it was made: the folder may have been named with another. */
  readonly name: string;
}

export async function down(request: DownRequest, progress: Progress): Promise<DownResult> {
  const { dataDirectory, deleteData } = request;
  const before = await readState(dataDirectory);
  if (before === undefined) return { wasRunning: undefined, name: request.name };
  let foreign: string[] = [];
  const wasRunning = await withLock(dataDirectory, async () => {
    const found = await readState(dataDirectory);
    if (found === undefined) return false;
    const state = new StateFile(dataDirectory, found);
    const was = await progress.step('stopping', 'agents, server, containers, network', async (step) => {
      const stopped = await stopCluster(state, dataDirectory);
      step.result(stopped ? whatStopped(state) : 'nothing was running');
      return stopped;
    });
    if (deleteData) foreign = await removeData(dataDirectory);
    return was;
  });
  if (deleteData) {
    await removeIfEmpty(dataDirectory);
    progress.line(`  the data in ${dataDirectory} are deleted`);
    if (foreign.length > 0) progress.line(`            - ${foreignText(foreign)} stays: it is not wherry's`);
  }
  return { wasRunning, name: before.settings.name };
}

const foreignNamesMax = 5;

const foreignText = (names: readonly string[]): string =>
  names.length <= foreignNamesMax
    ? names.join(', ')
    : `${names.slice(0, foreignNamesMax).join(', ')} and ${names.length - foreignNamesMax} more`;

const whatStopped = ({ current }: StateFile): string =>
  current.settings.mode === 'containers'
    ? 'server, agents, containers and network are gone'
    : 'the server is gone';

/** Fine when nothing of it is there. Says whether something was. */
export async function stopCluster(state: StateFile, dataDirectory: string): Promise<boolean> {
  const { settings, processes, network } = state.current;
  const places = settings.mode === 'containers' ? nodePlaces(settings, dataDirectory) : [];
  const found = await processesOf(state, dataDirectory);
  const isServer = ({ pid }: ProcessIdentity): boolean => pid === processes.server?.pid;
  // Agents first: they would start again what is ended below.
  await Promise.all(found.filter((each) => !isServer(each)).map((each) => stopProcess(each)));
  await Promise.all([
    ...places.map((place) => stopNode(state, place)),
    ...found.filter(isServer).map((each) => stopProcess(each)),
  ]);
  if (places.length > 0) await removeNetwork(settings, places);
  await state.update({ processes: {}, network: false });
  return found.length > 0 || network;
}

/** Those that were written down and those that bear the cluster's mark, children of theirs included. */
async function processesOf(state: StateFile, dataDirectory: string): Promise<ProcessIdentity[]> {
  const known = Object.values(state.current.processes);
  const running = await Promise.all(known.map(isRunning));
  const marked = await markedProcesses(dataDirectory);
  const all = [...known.filter((_, index) => running[index]), ...marked];
  return [...new Map(all.map((each) => [each.pid, each])).values()];
}

/** Its agent, its containerd, its pods, their mounts and cgroups; images and what containerd remembers stay. */
export async function stopNode(state: StateFile, place: NodePlace): Promise<void> {
  const agent = state.current.processes[place.name];
  if (agent !== undefined) await stopProcess(agent);
  const folder = path.join(place.directory, 'containerd');
  const daemons = await processesWithArgument(containerdPaths(folder).config);
  await Promise.all(daemons.map((each) => stopProcess(each)));
  await removeTraces(
    {
      folder,
      volumes: place.directory,
      cgroupParent: place.cgroup,
      networkName: place.cgroup.slice(1),
    },
    { keepData: true },
  );
}
