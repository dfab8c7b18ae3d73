/**
 * The network of a cluster's nodes: a bridge on the machine, a namespace for each node with a cable to it, and routes
 * to pods and Services. Nothing of the machine's own is changed: no firewall, no forwarding, no other interface.
 */
import { readFile } from 'node:fs/promises';
import { exec } from '../../lib/exec.ts';
import { createNamespace, removeNamespace } from '../node/network-namespace.ts';
import { ipBatch, linkNames, namespaceNames } from './ip-command.ts';
import { upLimits } from './limits.ts';
import { type ClusterSettings, hostAddress, type NodePlace } from './settings.ts';

/** What is missing of it is made; what is there is left alone. */
export async function makeNetwork(settings: ClusterSettings, places: readonly NodePlace[]): Promise<void> {
  const [links, namespaces] = await Promise.all([linkNames(), namespaceNames()]);
  await Promise.all(
    places
      .filter(({ namespace }) => !namespaces.has(namespace))
      .map(({ namespace }) => createNamespace(namespace)),
  );
  const bridge = links.has(settings.bridge) ? [] : bridgeLines(settings);
  const fresh = places.filter(({ link, namespace }) => !links.has(link) || !namespaces.has(namespace));
  await ipBatch([...bridge, ...fresh.flatMap((place) => cableLines(settings, place, links.has(place.link)))]);
  await Promise.all(fresh.map((place) => ipBatch(nodeLines(settings, place), place.namespace)));
  await ipBatch(routeLines(settings, places));
}

/**
 * Whether a firewall of the machine drops what nodes send each other, as Docker's does where bridged packets pass it.
 * It is the machine's own, so it is left alone, and told.
 */
export async function firewallDropsBridged(): Promise<boolean> {
  const text = await readFile('/proc/sys/net/bridge/bridge-nf-call-iptables', 'utf8').catch(() => '0');
  if (text.trim() !== '1') return false;
  const { stdout } = await exec('nft', ['list', 'ruleset'], {
    milliseconds: upLimits.commandMilliseconds,
  });
  return /hook forward [^\n]*policy drop/.test(stdout);
}

/** Says which names are there already that somebody else made. */
export async function foreignNames(
  settings: ClusterSettings,
  places: readonly NodePlace[],
): Promise<string[]> {
  const [links, namespaces] = await Promise.all([linkNames(), namespaceNames()]);
  return [
    ...[settings.bridge, ...places.map(({ link }) => link)]
      .filter((name) => links.has(name))
      .map((name) => `--bridge ${settings.bridge}: this machine has an interface ${name}`),
    ...places
      .filter(({ namespace }) => namespaces.has(namespace))
      .map(({ namespace }) => `--name ${settings.name}: this machine has a network namespace ${namespace}`),
  ];
}

export function bridgeLines(settings: ClusterSettings): string[] {
  const { bridge, nodeCIDR } = settings;
  const prefix = nodeCIDR.slice(nodeCIDR.indexOf('/'));
  return [
    `link add ${bridge} type bridge`,
    `address add ${hostAddress(settings)}${prefix} dev ${bridge}`,
    `link set ${bridge} up`,
  ];
}

/** An end whose other end is gone with its namespace is gone, too, a moment later. */
export function cableLines(settings: ClusterSettings, place: NodePlace, isStale: boolean): string[] {
  return [
    ...(isStale ? [`link delete ${place.link}`] : []),
    `link add ${place.link} type veth peer name eth0 netns ${place.namespace}`,
    `link set ${place.link} master ${settings.bridge} up`,
  ];
}

/** No default route: what is neither a node's nor a pod's is refused at once. */
export function nodeLines(settings: ClusterSettings, place: NodePlace): string[] {
  const prefix = settings.nodeCIDR.slice(settings.nodeCIDR.indexOf('/'));
  return [`address add ${place.address}${prefix} dev eth0`, 'link set eth0 up'];
}

/** The first node leads the machine to pods and Services: it knows the way to the others' pods. */
export function routeLines(settings: ClusterSettings, [first]: readonly NodePlace[]): string[] {
  return [settings.podCIDR, settings.serviceCIDR].map(
    (range) => `route replace ${range} via ${first?.address} dev ${settings.bridge}`,
  );
}

/** Removes the bridge, and with it its routes, and the namespaces, and with them the cables. Fine when nothing is there. */
export async function removeNetwork(settings: ClusterSettings, places: readonly NodePlace[]): Promise<void> {
  await Promise.all(places.map(({ namespace }) => removeNamespace(namespace)));
  const links = await linkNames();
  const names = [...places.map(({ link }) => link), settings.bridge].filter((name) => links.has(name));
  // A cable goes with its namespace, but a little later: whichever of the two comes first removes it.
  await ipBatch(
    names.map((name) => `link delete ${name}`),
    undefined,
    { force: true },
  );
}
