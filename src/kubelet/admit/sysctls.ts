/** Which settings of the kernel pods may have: those that touch nobody else. Source: kubelet/sysctl of Kubernetes 1.36. */
import type { Pod } from '../../kinds/generated/types.ts';
import type { Rejection } from './rejection.ts';

/** By the namespace of the kernel that they belong to. */
const safeSysctls: ReadonlyMap<string, 'ipc' | 'net'> = new Map([
  ['kernel.shm_rmid_forced', 'ipc'],
  ['net.ipv4.ip_local_port_range', 'net'],
  ['net.ipv4.tcp_syncookies', 'net'],
  ['net.ipv4.ping_group_range', 'net'],
  ['net.ipv4.ip_unprivileged_port_start', 'net'],
  ['net.ipv4.ip_local_reserved_ports', 'net'],
  ['net.ipv4.tcp_keepalive_time', 'net'],
  ['net.ipv4.tcp_fin_timeout', 'net'],
  ['net.ipv4.tcp_keepalive_intvl', 'net'],
  ['net.ipv4.tcp_keepalive_probes', 'net'],
  ['net.ipv4.tcp_rmem', 'net'],
  ['net.ipv4.tcp_wmem', 'net'],
]);

/** The first separator decides which of `.` and `/` separates; see sysctl.d(5). */
function dotted(name: string): string {
  const first = name.search(/[./]/);
  if (first === -1 || name[first] === '.') return name;
  return name.replace(/[./]/g, (separator) => (separator === '/' ? '.' : '/'));
}

export function forbiddenSysctl({ spec }: Pod): Rejection | undefined {
  for (const { name } of spec?.securityContext?.sysctls ?? []) {
    const sysctl = dotted(name);
    const namespace = safeSysctls.get(sysctl);
    const isShared = namespace === 'ipc' ? spec?.hostIPC : namespace === 'net' ? spec?.hostNetwork : false;
    if (namespace !== undefined && !isShared) continue;
    const why = namespace === undefined ? 'not allowlisted' : `not allowed with host ${namespace} enabled`;
    return { reason: 'SysctlForbidden', message: `forbidden sysctl: "${sysctl}" ${why}` };
  }
  return undefined;
}
