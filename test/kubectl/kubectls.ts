/** Finds every real kubectl on the machine: the one on PATH, and `kubectl.1.NN` beside the program it links to. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';

export interface Kubectl {
  /** What tests are named after: `kubectl` for the one on PATH, otherwise `kubectl.1.NN`. */
  name: string;
  file: string;
  /** The minor of 1.NN. */
  minor: number;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function minorOf(file: string): number {
  const text = execFileSync(file, ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  const { clientVersion } = JSON.parse(text) as { clientVersion: { gitVersion: string } };
  return Number(/^v1\.(\d+)/.exec(clientVersion.gitVersion)?.[1]);
}

/** The one on PATH first; empty when there is none. */
export function findKubectls(): Kubectl[] {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const onPath = folders.map((folder) => path.join(folder, 'kubectl')).find(isExecutable);
  if (onPath === undefined) return [];
  const beside = path.dirname(realpathSync(onPath));
  const versioned = readdirSync(beside)
    .filter((file) => /^kubectl\.1\.\d+$/.test(file) && isExecutable(path.join(beside, file)))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return [
    { name: 'kubectl', file: onPath, minor: minorOf(onPath) },
    ...versioned.map((name) => ({
      name,
      file: path.join(beside, name),
      minor: Number(name.slice('kubectl.1.'.length)),
    })),
  ];
}
