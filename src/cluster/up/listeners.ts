/** Who listens where on this machine: a loopback cluster's ranges have no interface or route of their own that would show. */
import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { type Cidr, cidrContains, parseCidr } from '../../lib/cidr.ts';
import { formatAddress } from '../../lib/ip.ts';
import type { ClusterSettings } from './settings.ts';

export interface Listener {
  readonly address: bigint;
  readonly port: number;
}

/** States of /proc/net/tcp (TCP_LISTEN) and /proc/net/udp (bound to nobody: TCP_CLOSE). Source: Linux' tcp_states.h. */
const listening: Readonly<Record<string, string>> = { tcp: '0A', udp: '07' };

/** The IPv4 ones of this network namespace; none where the kernel does not tell (macOS). */
export async function listeners(): Promise<Listener[]> {
  const found = await Promise.all(
    Object.entries(listening).map(async ([protocol, state]) =>
      listenersIn(await readFile(`/proc/net/${protocol}`, 'utf8').catch(() => ''), state),
    ),
  );
  return found.flat();
}

/** Addresses stand there as the machine reads four bytes of the network as a number. */
export function listenersIn(table: string, state: string, order: 'LE' | 'BE' = endianness()): Listener[] {
  return table.split('\n').flatMap((line) => {
    const [, hex = '', port = '', found] =
      /^ *\d+: ([0-9A-F]{8}):([0-9A-F]{4}) \S+ ([0-9A-F]{2}) /.exec(line) ?? [];
    if (found !== state) return [];
    const bytes = Buffer.from(hex, 'hex');
    const address = order === 'LE' ? bytes.readUInt32LE() : bytes.readUInt32BE();
    return [{ address: BigInt(address), port: Number.parseInt(port, 16) }];
  });
}

/** Ranges of the cluster in which somebody listens, a line each. */
export function listenerClashes(settings: ClusterSettings, found: readonly Listener[]): string[] {
  const options = {
    '--node-cidr': settings.nodeCIDR,
    '--pod-cidr': settings.podCIDR,
    '--service-cidr': settings.serviceCIDR,
  };
  return Object.entries(options).flatMap(([option, text]) => {
    const range = parseCidr(text) as Cidr;
    const other = found.find(({ address }) => cidrContains(range, 'IPv4', address));
    if (other === undefined) return [];
    const at = `${formatAddress('IPv4', other.address)}:${other.port}`;
    return [`${option} ${text}: another process listens at ${at}`];
  });
}
