/**
 * Whether nft and the kernel can do what a node asks of them, in one rule of each sort. A node's agent looks closer
 * (src/nft/check.ts, which this folder does not know); here it is about containers or loopback, before anything is made.
 */
import { release } from 'node:os';
import type { Exec } from '../../lib/exec.ts';
import { upLimits } from './limits.ts';

const rules = `table ip try {
 map m { type ipv4_addr . inet_proto . mark : ipv4_addr . inet_service; }
 map a { type ipv4_addr : mark; flags dynamic,timeout; size 16; }
 chain c { type nat hook prerouting priority 0; ct state new dnat ip to ip daddr . meta l4proto . meta mark map @m; }
 chain p { type nat hook postrouting priority 0; update @a { ip saddr timeout 1s : meta mark } masquerade; }
}
`;

/** A line; none when all is well. In a namespace that ends with the trial. */
export async function whyNoNftables(exec: Exec): Promise<string[]> {
  const milliseconds = upLimits.commandMilliseconds;
  const tried = ['--net', 'nft', '-f', '-'];
  const { code, stderr } = await exec('unshare', tried, { input: rules, milliseconds });
  if (code === 0) return [];
  const { stdout } = await exec('nft', ['--version'], { milliseconds });
  const version = /v(\d[\d.]*)/.exec(stdout)?.[1] ?? 'of an unknown version';
  const said = stderr.trim().split('\n')[0];
  return [
    `no nftables with maps, NAT and connection tracking: tried unshare ${tried.join(' ')}, which said ${JSON.stringify(said)}; found nft ${version} on Linux ${release()}; wanted nft 1.0.6 or later and Linux 5.10 or later: upgrade the package nftables, or the kernel`,
  ];
}
