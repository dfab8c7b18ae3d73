/** Settings of the kernel that a node's network needs: those of the network namespace that this process is in. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../lib/errors.ts';

export interface Sysctl {
  /** `net/ipv4/ip_forward` */
  readonly name: string;
  readonly value: string;
  /** Fine where the kernel has no such setting. */
  readonly ifPresent?: boolean;
  /** Left alone unless it is this. */
  readonly unlessNot?: string;
}

/** `device`: the interface that leads to the other nodes. */
export function nodeSysctls(device: string | undefined, families: readonly ('IPv4' | 'IPv6')[]): Sysctl[] {
  return [
    { name: 'net/ipv4/ip_forward', value: '1' },
    ...(families.includes('IPv6') ? [{ name: 'net/ipv6/conf/all/forwarding', value: '1' }] : []),
    // Answers between two pods on one bridge pass the rules that rewrote the question.
    { name: 'net/bridge/bridge-nf-call-iptables', value: '1', ifPresent: true },
    { name: 'net/bridge/bridge-nf-call-ip6tables', value: '1', ifPresent: true },
    // As kube-proxy has them: the kernel would forget a connection that one side has closed after a minute, while the
    // other may still send (ConntrackTCPCloseWaitTimeout), and remember one that nobody uses for five days.
    { name: 'net/netfilter/nf_conntrack_tcp_timeout_close_wait', value: '3600', ifPresent: true },
    { name: 'net/netfilter/nf_conntrack_tcp_timeout_established', value: '86400', ifPresent: true },
    // Strict filtering (1) refuses what comes back another way than the question went; loose (2) does not.
    ...['all', 'default', ...(device === undefined ? [] : [device])].map((name) => ({
      ...{ name: `net/ipv4/conf/${name}/rp_filter`, value: '2' },
      ...{ ifPresent: true, unlessNot: '1' },
    })),
    // A load balancer's address that moves here is told to the neighbours at once.
    ...(device === undefined
      ? []
      : [{ name: `net/ipv4/conf/${device}/arp_notify`, value: '1', ifPresent: true }]),
  ];
}

/** Writes what is not so yet. Throws UserError SYSCTL_REFUSED. */
export async function setSysctls(wanted: readonly Sysctl[], root = '/proc/sys'): Promise<void> {
  for (const { name, value, ifPresent = false, unlessNot } of wanted) {
    const file = path.join(root, name);
    const present = (await readFile(file, 'utf8').catch(() => undefined))?.trim();
    if (present === value || (present === undefined && ifPresent)) continue;
    if (unlessNot !== undefined && present !== unlessNot) continue;
    try {
      await writeFile(file, value);
    } catch (cause) {
      const dotted = name.replaceAll('/', '.');
      throw new UserError(
        'SYSCTL_REFUSED',
        `cannot set ${dotted} to ${value}: ${(cause as Error).message}; a node needs it: run as root, with /proc/sys writable, or set it beforehand with sysctl -w ${dotted}=${value}`,
        { cause },
      );
    }
  }
}
