/** Which cluster `up` is to make or go on with: what is given, what was made, what the machine has room for. */
import { UserError } from '../../lib/errors.ts';
import { isPortTaken, type NftablesTrial, placeFlaws, rangeClashes, whyNoContainers } from './checks.ts';
import { commandFor } from './hint.ts';
import { upLimits } from './limits.ts';
import { listenerClashes, listeners } from './listeners.ts';
import { foreignNames } from './network.ts';
import { isRunning } from './processes.ts';
import {
  type ClusterSettings,
  changedSettings,
  checkClusterName,
  checked,
  type GivenSettings,
  loopbackSettings,
  nodePlaces,
  settingsFrom,
  usualSettings,
} from './settings.ts';
import type { ClusterState } from './state.ts';

export interface Choice {
  readonly settings: ClusterSettings;
  /** Some of it runs. */
  readonly isUp: boolean;
  /** Why it is not containers, a line each. */
  readonly whyLoopback: readonly string[];
}

export interface ChoiceRequest {
  readonly given: GivenSettings;
  /** Absolute. */
  readonly dataDirectory: string;
  readonly tryNftables: NftablesTrial;
}

/** Throws USAGE, CANNOT_CHANGE, NO_CONTAINERS, IN_THE_WAY: nothing was made then. */
export async function chooseCluster(
  request: ChoiceRequest,
  found: ClusterState | undefined,
): Promise<Choice> {
  const { given, dataDirectory, tryNftables } = request;
  checkClusterName(given.name);
  const isUp = found !== undefined && (await runsAny(found));
  const known = found === undefined ? undefined : continued(found.settings, given, { isUp, dataDirectory });
  const wanted = known?.mode ?? given.mode;
  const obstacles = wanted === 'loopback' ? [] : await whyNoContainers(dataDirectory, tryNftables);
  if (wanted === 'containers' && obstacles.length > 0)
    throw new UserError('NO_CONTAINERS', `no containers can be run here\n${indented(obstacles)}`);
  const isLoopback = wanted === 'loopback' || obstacles.length > 0;
  const usual = isLoopback ? loopbackSettings : usualSettings;
  const settings = known ?? (await firstWithRoom(given, { usual, dataDirectory }));
  const flaws = [
    ...(isLoopback ? [] : await placeFlaws(dataDirectory, settings.nodes)),
    // What it made itself is in nobody's way.
    ...(found?.network || isUp ? [] : await obstaclesOf(settings, dataDirectory)),
  ];
  if (flaws.length > 0)
    throw new UserError(
      'IN_THE_WAY',
      `cluster ${settings.name} cannot be made here; nothing was made\n${indented(flaws)}`,
    );
  return { settings, isUp, whyLoopback: obstacles };
}

async function runsAny({ processes }: ClusterState): Promise<boolean> {
  const running = await Promise.all(Object.values(processes).map(isRunning));
  return running.includes(true);
}

const indented = (lines: readonly string[]): string => lines.map((line) => `  - ${line}`).join('\n');

function continued(
  made: ClusterSettings,
  given: GivenSettings,
  { isUp, dataDirectory }: { isUp: boolean; dataDirectory: string },
): ClusterSettings {
  const place = { name: made.name, dataDirectory };
  if (given.name !== made.name)
    throw new UserError(
      'CANNOT_CHANGE',
      `the data directory is that of cluster ${made.name}; give --name ${made.name}, or another --data-dir`,
    );
  const changed = changedSettings(made, given);
  if (changed.length > 0)
    throw new UserError(
      'CANNOT_CHANGE',
      `cluster ${made.name} was made with ${changed.join(', ')}, which cannot be changed; remove it first with: ${commandFor('down --delete-data', place)}`,
    );
  if (given.nodes !== undefined && given.nodes < made.nodes)
    throw new UserError(
      'CANNOT_CHANGE',
      `cluster ${made.name} has ${made.nodes} nodes, and there is no way to fewer; remove it first with: ${commandFor('down --delete-data', place)}`,
    );
  const moved = [given.port, given.loadBalancerPool].filter((each) => each !== undefined);
  if (isUp && moved.some((each) => each !== made.port && each !== made.loadBalancerPool))
    throw new UserError(
      'CANNOT_CHANGE',
      `cluster ${made.name} runs, with --port ${made.port} and --load-balancer-pool ${made.loadBalancerPool}; stop it first with: ${commandFor('down', place)}`,
    );
  if (isUp && given.localRegistries && !made.localRegistries)
    throw new UserError(
      'CANNOT_CHANGE',
      `cluster ${made.name} runs, without --allow-local-registries; stop it first with: ${commandFor('down', place)}`,
    );
  const chosen = Object.entries(given).filter(([, value]) => value !== undefined);
  return checked({ ...made, ...Object.fromEntries(chosen) });
}

/** What is not given moves on until nothing is in the way; what is given stays, and clashes are told by the checks. */
async function firstWithRoom(
  given: GivenSettings,
  {
    usual,
    dataDirectory,
  }: { usual: (name: string, index: number) => ClusterSettings; dataDirectory: string },
): Promise<ClusterSettings> {
  let best = { settings: settingsFrom(usual(given.name, 0), given), obstacles: Number.POSITIVE_INFINITY };
  for (let index = 0; index < upLimits.clustersMax; index++) {
    const settings = settingsIfAny(usual(given.name, index), given);
    if (settings === undefined) continue;
    const obstacles = (await obstaclesOf(settings, dataDirectory)).length;
    if (obstacles === 0) return settings;
    // With the fewest in its way: what was given is the cause of those, not what was chosen.
    if (obstacles < best.obstacles) best = { settings, obstacles };
  }
  return best.settings;
}

/** A range that is given may be in the way of a later one of the usual. */
function settingsIfAny(usual: ClusterSettings, given: GivenSettings): ClusterSettings | undefined {
  try {
    return settingsFrom(usual, given);
  } catch {
    return undefined;
  }
}

/** What of it the machine has in use, a line each. */
async function obstaclesOf(settings: ClusterSettings, dataDirectory: string): Promise<string[]> {
  const port = (await isPortTaken(settings.port))
    ? [`--port ${settings.port}: another process listens there`]
    : [];
  if (settings.mode === 'loopback') return [...listenerClashes(settings, await listeners()), ...port];
  const [names, clashes] = await Promise.all([
    foreignNames(settings, nodePlaces(settings, dataDirectory)),
    rangeClashes(settings),
  ]);
  return [...names, ...clashes, ...port];
}
