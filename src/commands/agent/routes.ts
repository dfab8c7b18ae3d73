/** The node's routes: to the pods of every other node by that node (host gateway), and to Services for its own processes. */
import type { Informers } from '../../client/informers.ts';
import { listRoutes, type Route, removeRoute, routeChanges, setRoute } from '../../cluster/node/routes.ts';
import type { Node, ServiceCIDR } from '../../kinds/generated/types.ts';
import { onAbort } from '../../lib/abort.ts';
import type { IPFamily } from '../../lib/ip.ts';
import type { Logger } from '../../lib/log.ts';
import { systemClock } from '../../lib/system.ts';
import { Repeating } from './retry.ts';

/** How often it is looked whether somebody took a route away. */
const resyncMilliseconds = 30_000;

/** Of an address or a range that is known to be one. */
export const familyOf = (text: string): IPFamily => (text.includes(':') ? 'IPv6' : 'IPv4');

const podCidrsOf = ({ spec }: Node): readonly string[] =>
  spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR]);

export interface RouteSituation {
  readonly nodeName: string;
  readonly nodes: readonly Node[];
  readonly serviceCidrs: readonly ServiceCIDR[];
  /** The interface that leads to the other nodes. */
  readonly device: string | undefined;
  readonly families: readonly ('IPv4' | 'IPv6')[];
  /** Services' addresses are listened on by a process of this node. */
  readonly isUserspace: boolean;
}

/** A node whose addresses or share are not known yet has no route; it gets it when they are. */
export function wantedRoutes(situation: RouteSituation): Route[] {
  const { nodeName, nodes, serviceCidrs, device, families, isUserspace } = situation;
  const toPods = nodes
    .filter(({ metadata }) => metadata.name !== nodeName)
    .flatMap((node) =>
      podCidrsOf(node).flatMap((destination): Route[] => {
        const gateway = (node.status?.addresses ?? []).find(
          ({ type, address }) => type === 'InternalIP' && familyOf(address) === familyOf(destination),
        )?.address;
        return gateway === undefined || !families.includes(familyOf(destination))
          ? []
          : [{ destination, gateway }];
      }),
    );
  const ranges = [...new Set(serviceCidrs.flatMap(({ spec }) => spec?.cidrs ?? []))];
  const toServices = ranges
    .filter((range) => families.includes(familyOf(range)))
    .flatMap((destination): Route[] => {
      if (isUserspace) return [{ destination, device: 'lo', isLocal: true }];
      // Where it leads is of no matter: the rules decide first.
      return device === undefined ? [] : [{ destination, device }];
    });
  return [...toPods, ...toServices];
}

export interface NodeRoutesOptions
  extends Pick<RouteSituation, 'nodeName' | 'device' | 'families' | 'isUserspace'> {
  readonly informers: Informers;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly onFailure?: (error: Error) => void;
}

export interface NodeRoutes {
  /** When those are there that were wanted first. */
  readonly applied: Promise<void>;
  /** After the signal. Routes stay, since connections do. */
  readonly stopped: Promise<void>;
}

/** Follows the Nodes until the signal. */
export function startRoutes(options: NodeRoutesOptions): NodeRoutes {
  const { informers, log, signal } = options;
  let tellApplied = () => {};
  const applied = new Promise<void>((resolve) => {
    tellApplied = resolve;
  });
  const apply = async () => {
    const nodes = informers.of('Node').list();
    const wanted = wantedRoutes({ ...options, nodes, serviceCidrs: informers.of('ServiceCIDR').list() });
    const changes = routeChanges(wanted, await listRoutes());
    for (const route of changes.remove) await removeRoute(route);
    const failures: Error[] = [];
    // One node that cannot be reached does not keep the others from their routes.
    for (const route of changes.set) await setRoute(route).catch((error: Error) => failures.push(error));
    if (failures.length > 0) throw failures[0];
    tellApplied();
  };
  const retry = { log, signal, ...(options.onFailure && { onFailure: options.onFailure }) };
  const repeating = new Repeating('a route', apply, retry);
  const trigger = () => {
    if (informers.of('Node').hasSynced && informers.of('ServiceCIDR').hasSynced) repeating.trigger();
  };
  const routesOf = (node: Node) => JSON.stringify([podCidrsOf(node), node.status?.addresses]);
  informers.of('Node').handle({
    add: trigger,
    update: (node, old) => (routesOf(node) === routesOf(old) ? undefined : trigger()),
    delete: trigger,
  });
  informers.of('ServiceCIDR').handle({ add: trigger, update: trigger, delete: trigger });
  void informers.synced().then(trigger);
  let cancel = () => {};
  const again = () => {
    cancel = systemClock.after(resyncMilliseconds, () => {
      trigger();
      again();
    });
  };
  again();
  const stopped = new Promise<void>((resolve) => {
    const stop = () => {
      cancel();
      void repeating.settled().then(resolve);
    };
    if (signal.aborted) stop();
    else onAbort(signal, stop);
  });
  return { applied, stopped };
}
