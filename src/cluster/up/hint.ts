/** Commands as a person types them for this cluster: told where one of them is what to do next. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { shellWord } from '../../lib/shell-word.ts';

/** Where the cluster of this name is kept unless another place is given. */
export const usualDataDirectory = (name: string): string => join(homedir(), '.wherry', name);

export interface ClusterPlace {
  readonly name: string;
  /** Absolute. */
  readonly dataDirectory: string;
}

/** `bin/wherry up --name lab`; the directory is named where it is not the usual one. */
export function commandFor(command: string, { name, dataDirectory }: ClusterPlace): string {
  const words = [
    `bin/wherry ${command}`,
    ...(name === 'default' ? [] : [`--name ${name}`]),
    ...(dataDirectory === usualDataDirectory(name) ? [] : [`--data-dir ${shellWord(dataDirectory)}`]),
  ];
  return words.join(' ');
}
