/** The machine's interfaces, by `ip`: /sys would show those of another network namespace. */
import { runCommand } from './command.ts';

export interface Link {
  readonly name: string;
  readonly mtu: number;
}

interface ListedLink {
  readonly ifname: string;
  readonly mtu: number;
  readonly addr_info?: readonly { readonly local?: string }[];
}

/** The interface that has this address; undefined when none has. */
export async function linkWithAddress(address: string): Promise<Link | undefined> {
  const found = (JSON.parse(await runCommand('ip', ['-json', 'address', 'show'])) as ListedLink[]).find(
    ({ addr_info = [] }) => addr_info.some(({ local }) => local === address),
  );
  return found && { name: found.ifname, mtu: found.mtu };
}

/** Fine when there is none. */
export async function removeLink(name: string): Promise<void> {
  const listed = JSON.parse(await runCommand('ip', ['-json', 'link', 'show'])) as ListedLink[];
  if (listed.some(({ ifname }) => ifname === name)) await runCommand('ip', ['link', 'delete', name]);
}
