/**
 * What was made for a cluster, in `<data-dir>/cluster.json`: every thing is written there before it is made, so that
 * `down` finds it after any end of `up`.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../lib/errors.ts';
import { readFileIfAny, writePrivateFile } from '../files.ts';
import type { ProcessIdentity } from './processes.ts';
import { type ClusterSettings, checked } from './settings.ts';

export interface ClusterState {
  readonly version: 1;
  readonly settings: ClusterSettings;
  /** `server`, `node-1`; gone ones stay until they are started again or `down`. */
  readonly processes: Readonly<Record<string, ProcessIdentity>>;
  /** Whether namespaces, bridge and routes were begun and not yet removed. */
  readonly network: boolean;
  /** The Deployment `hello` was made once: whoever deletes it does not get it again. */
  readonly demo: boolean;
}

export const clusterFile = (dataDirectory: string): string => path.join(dataDirectory, 'cluster.json');

/** Undefined when there is none. Throws STATE_BROKEN. */
export async function readState(dataDirectory: string): Promise<ClusterState | undefined> {
  const file = clusterFile(dataDirectory);
  const text = await readFileIfAny(file);
  if (text === undefined) return undefined;
  let version: unknown;
  try {
    const state = JSON.parse(text) as ClusterState;
    version = state.version;
    if (version === 1 && isWhole(state)) return state;
  } catch {
    // No JSON, or settings that no `up` has accepted: as below.
  }
  throw new UserError(
    'STATE_BROKEN',
    typeof version === 'number' && version > 1
      ? `cannot read ${file}: a newer wherry has written it; use that one, or give another --data-dir`
      : `cannot read ${file}: it is not what \`wherry up\` writes; put it right or give another --data-dir`,
  );
}

/** Throws what its settings are refused with. */
function isWhole({ settings, processes, network, demo }: ClusterState): boolean {
  checked(settings);
  return (
    typeof processes === 'object' &&
    processes !== null &&
    typeof network === 'boolean' &&
    typeof demo === 'boolean'
  );
}

/** The state of a cluster that this process is changing. */
export class StateFile {
  readonly #directory: string;
  #state: ClusterState;
  #writing: Promise<void> = Promise.resolve();

  constructor(directory: string, state: ClusterState) {
    this.#directory = directory;
    this.#state = state;
  }

  get current(): ClusterState {
    return this.#state;
  }

  /** Resolves when it is on the disk; changes are written in their order. */
  update(change: Partial<Omit<ClusterState, 'version'>>): Promise<void> {
    this.#state = { ...this.#state, ...change };
    const text = `${JSON.stringify(this.#state, null, 2)}\n`;
    this.#writing = this.#writing
      .catch(() => {})
      .then(async () => {
        await mkdir(this.#directory, { recursive: true, mode: 0o711 });
        await writePrivateFile(clusterFile(this.#directory), text);
      });
    return this.#writing;
  }

  setProcess(role: string, identity: ProcessIdentity): Promise<void> {
    return this.update({ processes: { ...this.#state.processes, [role]: identity } });
  }
}

export const newState = (settings: ClusterSettings): ClusterState => ({
  version: 1,
  settings,
  processes: {},
  network: false,
  demo: false,
});
