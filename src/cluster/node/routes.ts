/**
 * A node's routes to the pods of other nodes and to Services. Ours carry a protocol number, by which they are told from
 * everybody else's: those are neither changed nor removed.
 */
import { runCommand } from './command.ts';

/** Of nobody in iproute2's rt_protos. */
const routeProtocol = 87;

export interface Route {
  /** `10.244.1.0/24` */
  readonly destination: string;
  /** The node that has it. */
  readonly gateway?: string;
  readonly device?: string;
  /** All addresses of it are this machine's own. */
  readonly isLocal?: boolean;
}

export interface RouteChanges {
  readonly set: readonly Route[];
  readonly remove: readonly Route[];
}

const keyOf = ({ destination, isLocal }: Route): string => `${isLocal ? 'local ' : ''}${destination}`;

const isSame = (one: Route, other: Route): boolean =>
  one.gateway === other.gateway && (one.device === undefined || one.device === other.device);

/** What makes ours those that are wanted. */
export function routeChanges(wanted: readonly Route[], present: readonly Route[]): RouteChanges {
  const keys = new Set(wanted.map(keyOf));
  return {
    set: wanted.filter((each) => !present.some((old) => keyOf(old) === keyOf(each) && isSame(each, old))),
    remove: present.filter((old) => !keys.has(keyOf(old))),
  };
}

const familyOption = (destination: string): string => (destination.includes(':') ? '-6' : '-4');

const places = ({ destination, isLocal, gateway, device }: Route): string[] => [
  ...(isLocal ? ['local'] : []),
  destination,
  ...(gateway === undefined ? [] : ['via', gateway]),
  ...(device === undefined ? [] : ['dev', device]),
  ...['proto', String(routeProtocol)],
];

export async function setRoute(route: Route): Promise<void> {
  await runCommand('ip', [familyOption(route.destination), 'route', 'replace', ...places(route)]);
}

/** Fine when it is gone. */
export async function removeRoute(route: Route): Promise<void> {
  const present = await listRoutes();
  if (present.some((old) => keyOf(old) === keyOf(route) && isSame(route, old)))
    await runCommand('ip', [familyOption(route.destination), 'route', 'delete', ...places(route)]);
}

interface ListedRoute {
  readonly type?: string;
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
}

/** Ours alone. */
export async function listRoutes(): Promise<Route[]> {
  const lists = await Promise.all(
    ['-4', '-6'].map(async (family) => {
      const listed = await runCommand('ip', [
        ...['-json', family, 'route', 'show', 'table', 'all'],
        ...['proto', String(routeProtocol)],
      ]);
      return parseRoutes(listed, family === '-6' ? 128 : 32);
    }),
  );
  return lists.flat();
}

/** `bits`: of an address, which `ip` writes without its prefix. */
export function parseRoutes(listed: string, bits: number): Route[] {
  if (listed.trim() === '') return [];
  return (JSON.parse(listed) as ListedRoute[]).map(({ type, dst, gateway, dev }) => ({
    destination: dst.includes('/') ? dst : `${dst}/${bits}`,
    ...(gateway === undefined ? {} : { gateway }),
    ...(dev === undefined ? {} : { device: dev }),
    ...(type === 'local' ? { isLocal: true } : {}),
  }));
}

export async function removeRoutes(): Promise<void> {
  for (const route of await listRoutes()) await removeRoute(route);
}
