/**
 * A cluster as a person gets it from `bin/wherry up`: two nodes, in a network namespace of the test's own without a way
 * out. All of it is gone after the test, also when the test fails.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { createNamespace, namespacePath, removeNamespace } from '../../src/cluster/node/network-namespace.ts';
import { systemRandom } from '../../src/lib/system.ts';

export const wherryProgram = path.join(import.meta.dirname, '../../bin/wherry');

/** Long enough for building the images on a busy machine. */
const commandMillisecondsMax = 300_000;

/** Where a cluster can be made: a namespace that is the machine to it, and images for its nodes. */
export interface UpPlace {
  readonly name: string;
  /** Whatever a test wants to keep beside the cluster's own files. */
  readonly folder: string;
  readonly dataDirectory: string;
  /** What a command is started by that is to run where the cluster is. */
  readonly shell: readonly string[];
  /** `bin/wherry` there, with --name and --data-dir of this cluster. */
  command(args: readonly string[]): string[];
  /** Ends whatever of the cluster there is, and removes everything. */
  close(): Promise<void>;
}

export interface UpCluster extends Omit<UpPlace, 'command'> {
  readonly kubeconfig: string;
  /** `bin/wherry` with --name and --data-dir of this cluster; resolves to what it printed. */
  wherry(args: readonly string[]): Promise<string>;
}

export async function makeUpPlace(): Promise<UpPlace> {
  const name = `t${systemRandom.uuid().slice(0, 6)}`;
  const namespace = `wherry-outer-${name}`;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-up-'));
  const dataDirectory = path.join(folder, 'data');
  const shell = ['nsenter', `--net=${namespacePath(namespace)}`];
  const wherry = (args: readonly string[]) => [
    wherryProgram,
    ...args,
    ...['--name', name, '--data-dir', dataDirectory],
  ];
  const command = (args: readonly string[]) => [...shell, ...wherry(args)];
  const close = async () => {
    await run(command(['down', '--delete-data'])).finally(async () => {
      await removeNamespace(namespace);
      await rm(folder, { recursive: true, force: true });
    });
  };
  await createNamespace(namespace);
  try {
    // Out here, where Debian's packages may be fetched: in the namespace there is no way to them.
    await run(wherry(['image', 'starter']));
  } catch (failure) {
    await close();
    throw failure;
  }
  return { name, folder, dataDirectory, shell, command, close };
}

async function run([command = '', ...args]: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { timeout: commandMillisecondsMax });
  return stdout;
}

export async function startUpCluster(args: readonly string[] = ['--no-demo']): Promise<UpCluster> {
  const { command, ...place } = await makeUpPlace();
  const wherry = (given: readonly string[]) => run(command(given));
  try {
    await wherry(['up', ...args]);
  } catch (failure) {
    await place.close();
    throw failure;
  }
  return { ...place, kubeconfig: path.join(place.dataDirectory, 'kubeconfig'), wherry };
}
