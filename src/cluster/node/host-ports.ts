/**
 * The chains in which CNI's portmap plugin keeps host ports. It takes a pod's own ones away with the pod, and leaves those
 * that all pods share; here they go, too, once nobody has a port.
 */
import { runCommand } from './command.ts';

const sharedChains = ['CNI-HOSTPORT-DNAT', 'CNI-HOSTPORT-MASQ', 'CNI-HOSTPORT-SETMARK'];

/** A rule as `iptables -S` writes it: words, some in quotes. */
const ruleWords = (line: string): string[] =>
  [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replaceAll(/\\(.)/g, '$1'),
  );

/** What takes the shared chains out of a table that is listed so; nothing while a port is in use. */
export function removalOfSharedChains(listed: string): string[][] {
  const lines = listed.split('\n');
  const present = sharedChains.filter((chain) => lines.includes(`-N ${chain}`));
  if (lines.some((line) => line.startsWith('-A CNI-HOSTPORT-DNAT '))) return [];
  const jumps = lines
    .map(ruleWords)
    .filter(([option, , ...rest]) => option === '-A' && present.some((chain) => rest.at(-1) === chain));
  return [
    ...jumps.map(([, ...rest]) => ['-D', ...rest]),
    ...present.map((chain) => ['-F', chain]),
    ...present.map((chain) => ['-X', chain]),
  ];
}

/** In the network namespace that this process is in. Fine where there is no iptables: then there are no host ports. */
export async function removeHostPortChains(): Promise<void> {
  for (const command of ['iptables', 'ip6tables']) {
    // Somebody else may be at the table for a moment.
    const nat = ['--wait', '5', '-t', 'nat'];
    const listed = await runCommand(command, [...nat, '-S']).catch(() => '');
    for (const args of removalOfSharedChains(listed)) await runCommand(command, [...nat, ...args]);
  }
}
