/**
 * UDP has no end of a connection that the kernel could see: a client that keeps sending from one port keeps the
 * endpoint that it was given, even one that is gone. So flows to endpoints that do not count any more are forgotten,
 * and no others: those of living endpoints survive, also a restart of the agent (kubernetes issues 122740, 139628).
 */
import type { Service } from '../kinds/generated/types.ts';
import { canonicalAddress, type IPFamily } from '../lib/ip.ts';
import { concat } from '../nft/table.ts';
import type { PortResolution, Route } from '../service/resolve.ts';
import { clusterAddresses, loadBalancerAddresses } from './service-rules.ts';

/** Where datagrams of a Service go in, as `address . port`, to the endpoints that they may go to, in the same form. */
export type DatagramDoors = Map<string, ReadonlySet<string>>;

/** A tracked UDP flow: what the client sent to, and who answers. */
export interface Flow {
  readonly family: IPFamily;
  readonly destination: string;
  readonly port: number;
  readonly answering: string;
  readonly answeringPort: number;
}

const endpointsOf = (route: Route): string[] =>
  route.verdict === 'forward' ? route.set.endpoints.map(({ address, port }) => concat(address, port)) : [];

/** Whom clients may have been sent to legitimately: near ones and far ones alike. */
function externalEndpoints({ external, cluster }: PortResolution): string[] {
  const near = cluster.endpoints.map(({ address, port }) => concat(address, port));
  return [...endpointsOf(external), ...near];
}

/** `nodeAddresses`: where node ports answer. */
export function datagramDoors(
  service: Service,
  resolutions: readonly PortResolution[],
  nodeAddresses: readonly string[],
): DatagramDoors {
  const doors: DatagramDoors = new Map();
  for (const resolution of resolutions) {
    const { port, family } = resolution;
    if (port.protocol !== 'UDP') continue;
    const internal = new Set(endpointsOf(resolution.internal));
    const external = new Set(externalEndpoints(resolution));
    for (const address of clusterAddresses(service, family)) doors.set(concat(address, port.port), internal);
    for (const address of loadBalancerAddresses(service, family))
      doors.set(concat(address, port.port), external);
    const isOfFamily = (address: string) => address.includes(':') === (family === 'IPv6');
    if ((port.nodePort ?? 0) > 0)
      for (const address of nodeAddresses.filter(isOfFamily))
        doors.set(concat(address, port.nodePort as number), external);
  }
  return doors;
}

/** Doors whose flows may have become stale: they lost an endpoint, got their first one, or are gone or new. */
export function changedDoors(before: DatagramDoors, after: DatagramDoors): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => {
    const old = before.get(name);
    const now = after.get(name);
    if (old === undefined || now === undefined || old.size === 0)
      return (old?.size ?? 0) !== (now?.size ?? 0);
    return [...old].some((endpoint) => !now.has(endpoint));
  });
}

/** `allowed`: the endpoints of a door; undefined when the door is none of ours and its flows are left alone. */
export function staleFlows(
  flows: readonly Flow[],
  allowed: (door: string) => ReadonlySet<string> | undefined,
): Flow[] {
  const stale = new Map<string, Flow>();
  for (const flow of flows) {
    const endpoints = allowed(concat(flow.destination, flow.port));
    const answering = concat(flow.answering, flow.answeringPort);
    if (endpoints === undefined || endpoints.has(answering)) continue;
    stale.set(concat(flow.destination, flow.port, answering), flow);
  }
  return [...stale.values()];
}

const flowPattern = /\bsrc=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g;

/** `text`: the output of `conntrack -L -p udp`. Each line says the flow in both directions. */
export function parseFlows(text: string, family: IPFamily): Flow[] {
  return text.split('\n').flatMap((line) => {
    const [sent, answered] = [...line.matchAll(flowPattern)];
    if (sent === undefined || answered === undefined) return [];
    const destination = canonicalAddress(sent[2] ?? '');
    const answering = canonicalAddress(answered[1] ?? '');
    if (destination === undefined || answering === undefined) return [];
    return [{ family, destination, port: Number(sent[4]), answering, answeringPort: Number(answered[3]) }];
  });
}

const familyName = (family: IPFamily): string => family.toLowerCase();

export const listArguments = (family: IPFamily): string[] => ['-L', '-p', 'udp', '-f', familyName(family)];

/** Of all clients that have this flow. */
export function deleteArguments({ family, destination, port, answering, answeringPort }: Flow): string[] {
  const endpoint = ['--reply-src', answering, '--reply-port-src', String(answeringPort)];
  const door = ['--orig-dst', destination, '--orig-port-dst', String(port)];
  return ['-D', '-p', 'udp', '-f', familyName(family), ...door, ...endpoint];
}
