/** Debian's `ip`: many lines in one process. */
import { readdir } from 'node:fs/promises';
import { UserError } from '../../lib/errors.ts';
import { exec } from '../../lib/exec.ts';
import { runCommand } from '../node/command.ts';
import { upLimits } from './limits.ts';

/** In the machine's own namespace, or in one by name. With `force` it goes on after a line that fails, and is fine. */
export async function ipBatch(
  lines: readonly string[],
  namespace?: string,
  { force = false } = {},
): Promise<void> {
  if (lines.length === 0) return;
  const args = [...(namespace === undefined ? [] : ['-n', namespace]), ...(force ? ['-force'] : [])];
  const done = await exec('ip', [...args, '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
    milliseconds: upLimits.commandMilliseconds,
  });
  if (done.code === 0 || force) return;
  const where = namespace === undefined ? '' : ` in ${namespace}`;
  throw new UserError('NETWORK_FAILED', `ip${where}: ${done.stderr.trim()}\nof: ${lines.join('; ')}`);
}

const ipJson = async <Item>(...args: string[]): Promise<Item[]> => {
  const text = await runCommand('ip', ['-json', ...args]);
  return text.trim() === '' ? [] : (JSON.parse(text) as Item[]);
};

export interface MachineRoute {
  /** `10.0.0.0/8`, an address alone, or `default`. */
  readonly dst: string;
  readonly dev?: string;
}

export const routes = (): Promise<MachineRoute[]> => ipJson<MachineRoute>('-4', 'route', 'show');

export interface MachineAddress {
  readonly ifname: string;
  readonly addr_info: readonly { family: string; local?: string; prefixlen?: number }[];
}

export const addresses = (): Promise<MachineAddress[]> => ipJson<MachineAddress>('address', 'show');

export async function linkNames(): Promise<Set<string>> {
  const links = await ipJson<{ ifname?: string }>('link', 'show');
  return new Set(links.flatMap(({ ifname }) => ifname ?? []));
}

export async function namespaceNames(): Promise<Set<string>> {
  return new Set(await readdir('/run/netns').catch(() => []));
}
