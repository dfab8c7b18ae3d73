/** What is listened on in this process' network. Source: proc(5), /proc/net/tcp; include/net/tcp_states.h. */
import { readFile } from 'node:fs/promises';
import { formatAddress } from '../../lib/ip.ts';
import type { ListeningSocket, ProbeProtocol } from '../../service/probe.ts';
import { socketsMax } from '../limits.ts';

const tables: readonly [string, ProbeProtocol][] = [
  ['tcp', 'TCP'],
  ['tcp6', 'TCP'],
  ['udp', 'UDP'],
  ['udp6', 'UDP'],
];

/** TCP_LISTEN; a UDP socket without a peer is in TCP_CLOSE. */
const listening: Readonly<Record<ProbeProtocol, string>> = { TCP: '0A', UDP: '07' };

/** Words of 32 bits in the machine's order, which is little-endian wherever we run. */
function addressOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.map((word) => (word.match(/../g) ?? []).reverse().join('')).join('');
  return formatAddress(hex.length === 8 ? 'IPv4' : 'IPv6', BigInt(`0x${bytes}`));
}

export function parseSockets(text: string, protocol: ProbeProtocol): ListeningSocket[] {
  return text.split('\n').flatMap((line) => {
    const [, address, port, state] =
      /^\s*\d+: ([0-9A-F]{8,32}):([0-9A-F]{4}) \S+ ([0-9A-F]{2}) /.exec(line) ?? [];
    if (address === undefined || port === undefined || state !== listening[protocol]) return [];
    return [{ protocol, address: addressOf(address), port: Number.parseInt(port, 16) }];
  });
}

export async function listeningSockets(): Promise<ListeningSocket[]> {
  const each = await Promise.all(
    // A kernel without IPv6 has no such table.
    tables.map(async ([table, protocol]) =>
      parseSockets(await readFile(`/proc/self/net/${table}`, 'utf8').catch(() => ''), protocol),
    ),
  );
  return each.flat().slice(0, socketsMax);
}
