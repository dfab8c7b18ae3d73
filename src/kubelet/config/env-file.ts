/**
 * A file that a container's variables are read from (KEP-3721): `NAME='value'` in lines, a value as long as its quotes
 * reach; empty lines, and those that begin with `#`, say nothing. Source: kubelet/util/env of Kubernetes 1.36.
 */
import { ContainerConfigError } from './errors.ts';

/** By volume and path; undefined: there is no such file, or none that can be read. */
export type EnvFiles = ReadonlyMap<string, string | undefined>;

export const envFileKey = (volume: string, path: string): string => `${volume}/${path}`;

const assignment = /^([^='\s](?:[^='\n]*[^='\s])?)='([^']*)'[ \t]*(?:#[^\n]*)?(?:\n|$)/;
const nothing = /^[ \t]*(?:#[^\n]*)?(?:\n|$)/;

/** What comes after the variable that is looked for may be anything. Undefined: it is not there. Throws ContainerConfigError. */
export function envFileValue(text: string, name: string): string | undefined {
  let rest = text;
  while (rest !== '') {
    const skipped = nothing.exec(rest);
    if (skipped !== null) {
      rest = rest.slice(skipped[0].length);
      continue;
    }
    const found = assignment.exec(rest.trimStart());
    if (found === null) throw unreadable();
    if (found[1] === name) return found[2];
    rest = rest.trimStart().slice(found[0].length);
  }
  return undefined;
}

/** What is wrong with it may be secret. */
export const unreadable = (): ContainerConfigError => new ContainerConfigError("couldn't parse env file");
