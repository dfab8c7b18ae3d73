/** Lists of endpoints in tables. Source: pkg/printers/internalversion/printers.go. */
import { none, unset } from '../columns.ts';
import type { DiscoveryEndpointPort, Endpoint, EndpointSubset } from '../generated/types.ts';

const shownMax = 3;

const joinHostPort = (ip: string, port: number): string =>
  ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;

/** `a,b,c + 2 more...` */
function withMore(list: readonly string[]): string {
  const shown = list.slice(0, shownMax).join(',');
  return list.length > shownMax ? `${shown} + ${list.length - shownMax} more...` : shown;
}

/** Ready addresses with every port of theirs. Nothing, not even `<none>`, when all are unready. */
export function subsetsCell(subsets: readonly EndpointSubset[] | undefined): string {
  if (subsets === undefined || subsets.length === 0) return none;
  return withMore(
    subsets.flatMap(({ addresses = [], ports = [] }) =>
      ports.length === 0
        ? addresses.map(({ ip }) => ip)
        : ports.flatMap(({ port }) => addresses.map(({ ip }) => joinHostPort(ip, port))),
    ),
  );
}

export function slicePortsCell(ports: readonly DiscoveryEndpointPort[] | undefined): string {
  return withMore((ports ?? []).map(({ port, name }) => String(port ?? name ?? '*'))) || unset;
}

export function sliceEndpointsCell(endpoints: readonly Endpoint[] | undefined): string {
  return withMore((endpoints ?? []).flatMap(({ addresses }) => addresses ?? [])) || unset;
}
