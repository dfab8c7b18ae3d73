/** A node's network interfaces, as far as announcing goes; and those of the machine, by `ip`. */

import { WherryError } from '../lib/errors.ts';
import type { Exec } from '../lib/exec.ts';
import { isIPv6 } from '../lib/ip.ts';
import { linkCommandMilliseconds } from './limits.ts';

export interface LinkAddress {
  readonly link: string;
  readonly address: string;
}

export interface LinkState {
  readonly name: string;
  /** All of them. */
  readonly addresses: readonly string[];
  /** Those that were put there by us, be it before a restart. */
  readonly announced: readonly string[];
}

/** Failures are WherryError LINKS_FAILED. */
export interface Links {
  read(): Promise<LinkState[]>;
  /** What is there already, or gone already, is fine. */
  change(changes: { add: readonly LinkAddress[]; remove: readonly LinkAddress[] }): Promise<void>;
  /** Tells the neighbours where these are now. One that cannot be told of is not an error: they will ask. */
  tell(addresses: readonly LinkAddress[]): Promise<void>;
}

/**
 * Marks addresses as ours, in both families, where a label marks only IPv4 and `proto` takes a newer ip than Debian's:
 * the metric of their routes, of which there is none for a single address.
 */
const mark = 18291;

interface ListedLink {
  readonly ifname: string;
  readonly addr_info?: readonly { readonly local?: string; readonly metric?: number }[];
}

const single = (address: string): string => `${address}/${isIPv6(address) ? 128 : 32}`;

/**
 * Never preferred: the node must not send from it (RFC 6724, rule 3; of IPv4 the first of an interface is taken).
 */
function addLine({ link, address }: LinkAddress): string {
  const more = isIPv6(address) ? ' noprefixroute preferred_lft 0' : '';
  return `address replace ${single(address)} dev ${link} metric ${mark}${more}`;
}

/**
 * The kernel tells the neighbours of an IPv6 address when it is put there, if it is asked to, but not of one that is put
 * there with `nodad`. And it must not look first whether another has it: another has, until it sees that we do. So that
 * is switched off for the moment. Returns what switches it on again.
 */
async function announceIPv6(exec: Exec, links: ReadonlySet<string>): Promise<() => Promise<void>> {
  const options = { milliseconds: linkCommandMilliseconds };
  const sysctl = (...args: string[]) => exec('busybox', ['sysctl', ...args], options);
  const before = new Map<string, string>();
  for (const link of links) {
    // In a key of sysctl a dot divides; one in an interface's name is written as a slash.
    const at = `net.ipv6.conf.${link.replaceAll('.', '/')}`;
    const { stdout } = await sysctl('-n', `${at}.accept_dad`);
    before.set(`${at}.accept_dad`, stdout.trim());
    await sysctl('-qw', `${at}.ndisc_notify=1`, `${at}.accept_dad=0`);
  }
  return async () => {
    for (const [key, value] of before) if (value !== '') await sysctl('-qw', `${key}=${value}`);
  };
}

export function machineLinks(exec: Exec): Links {
  const run = async (command: string, args: readonly string[], input?: string): Promise<string> => {
    const options = { milliseconds: linkCommandMilliseconds, ...(input === undefined ? {} : { input }) };
    const { code, stdout, stderr } = await exec(command, args, options);
    if (code !== 0)
      throw new WherryError(
        'LINKS_FAILED',
        `${[command, ...args].join(' ')}: ${stderr.trim() || `code ${code}`}`,
      );
    return stdout;
  };
  const read = async (): Promise<LinkState[]> => {
    const links = JSON.parse(await run('ip', ['-json', 'address', 'show'])) as ListedLink[];
    return links.map(({ ifname, addr_info: all = [] }) => ({
      name: ifname,
      addresses: all.flatMap(({ local }) => local ?? []),
      announced: all.flatMap(({ local, metric }) => (metric === mark ? (local ?? []) : [])),
    }));
  };
  return {
    read,
    async change({ add, remove }) {
      const present = new Set(
        (await read()).flatMap(({ name, announced }) => announced.map((each) => `${name} ${each}`)),
      );
      const lines = [
        ...remove
          .filter(({ link, address }) => present.has(`${link} ${address}`))
          .map(({ link, address }) => `address del ${single(address)} dev ${link}`),
        ...add.map(addLine),
      ];
      if (lines.length === 0) return;
      const links = new Set(add.filter(({ address }) => isIPv6(address)).map(({ link }) => link));
      const restore = await announceIPv6(exec, links);
      try {
        await run('ip', ['-batch', '-'], `${lines.join('\n')}\n`);
      } finally {
        await restore();
      }
    },
    async tell(addresses) {
      const told = addresses.filter(({ address }) => !isIPv6(address));
      const options = { milliseconds: linkCommandMilliseconds };
      // Together: each waits a second for an answer that a gratuitous one never has.
      await Promise.all(
        told.map(({ link, address }) =>
          exec(
            'busybox',
            ['arping', '-q', '-U', '-c', '1', '-w', '1', '-I', link, '-s', address, address],
            options,
          ),
        ),
      );
    },
  };
}
