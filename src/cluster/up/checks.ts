/** Whether a cluster of containers can be made here: looked at, and tried, before anything is made. */
import { accessSync, constants, existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { parseCidr } from '../../lib/cidr.ts';
import { exec } from '../../lib/exec.ts';
import { systemPath } from '../node/command.ts';
import { addresses, type MachineAddress, type MachineRoute, routes } from './ip-command.ts';
import { upLimits } from './limits.ts';
import { type ClusterSettings, overlap } from './settings.ts';

/** Commands that a node takes, and the Debian package of each. */
const neededCommands: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  ctr: 'containerd',
  'containerd-shim-runc-v2': 'containerd',
  runc: 'runc',
  ip: 'iproute2',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  mount: 'mount',
  nft: 'nftables',
  conntrack: 'conntrack',
  catatonit: 'catatonit',
  busybox: 'busybox-static',
};

const networkPluginFolder = '/usr/lib/cni';

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Debian packages that are missing, with what of them was looked for: `containerd (containerd, ctr)`. */
export function missingPackages(folders: readonly string[] = systemPath.split(':')): Map<string, string[]> {
  const missing = new Map<string, string[]>();
  const add = (name: string, what: string) => missing.set(name, [...(missing.get(name) ?? []), what]);
  for (const [command, debianPackage] of Object.entries(neededCommands))
    if (!folders.some((folder) => isExecutable(path.join(folder, command)))) add(debianPackage, command);
  for (const plugin of ['bridge', 'host-local', 'loopback', 'portmap'])
    if (!existsSync(path.join(networkPluginFolder, plugin)))
      add('containernetworking-plugins', `${networkPluginFolder}/${plugin}`);
  return missing;
}

/** Gives why nft or the kernel cannot hold the rules of a node, a line each; src/nft knows, which this folder does not. */
export type NftablesTrial = () => Promise<readonly string[]>;

/** Why there can be no containers here, a line each; empty when there can. */
export async function whyNoContainers(scratchParent: string, tryNftables: NftablesTrial): Promise<string[]> {
  const reasons: string[] = [];
  if (process.getuid?.() !== 0) reasons.push('nodes with containers take root: run it as root (sudo)');
  const missing = missingPackages();
  for (const [name, what] of missing)
    reasons.push(`${what.join(', ')}: not on this machine, from Debian's package ${name}`);
  if (missing.size > 0) reasons.push(`get what is missing: apt-get install ${[...missing.keys()].join(' ')}`);
  return reasons.length > 0 ? reasons : missingFeatures(scratchParent, tryNftables);
}

/** None of the trials leaves anything behind: most are made in a namespace that ends with them. */
async function missingFeatures(scratchParent: string, tryNftables: NftablesTrial): Promise<string[]> {
  const trials: readonly [string, readonly string[], string][] = [
    ['network namespaces', ['unshare', '--net', 'true'], ''],
    [
      'bridges and virtual cables',
      ['unshare', '--net', 'ip', '-batch', '-'],
      'link add try0 type bridge\nlink add try1 type veth peer name try2\nlink set try1 master try0\n',
    ],
  ];
  const outcomes = await Promise.all([
    ...trials.map(async ([what, [command = '', ...args], input]) => {
      const done = await exec(command, args, { input, milliseconds: upLimits.commandMilliseconds });
      return done.code === 0 ? [] : [`the kernel has no ${what}: ${firstLine(done.stderr)}`];
    }),
    tryNftables(),
    overlayTrial(scratchParent),
  ]);
  return outcomes.flat();
}

/** Containers' file systems are overlays of folders where the data are: not every disk can do that. */
async function overlayTrial(parent: string): Promise<string[]> {
  await mkdir(parent, { recursive: true, mode: 0o711 });
  const scratch = await mkdtemp(path.join(parent, 'try-'));
  try {
    const folders = ['lower', 'upper', 'work', 'merged'].map((name) => path.join(scratch, name));
    for (const folder of folders) await mkdir(folder);
    const [lower, upper, work, merged] = folders as [string, string, string, string];
    const done = await exec('unshare', [
      ...['--mount', 'mount', '-t', 'overlay', 'overlay'],
      ...['-o', `lowerdir=${lower},upperdir=${upper},workdir=${work}`, merged],
    ]);
    return done.code === 0 ? [] : [`no overlay file systems in ${parent}: ${firstLine(done.stderr)}`];
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const firstLine = (text: string): string => text.trim().split('\n')[0] ?? '';

/** Ranges of the cluster that the machine has in use, and by what. Its own bridge does not count. */
export async function rangeClashes(settings: ClusterSettings): Promise<string[]> {
  const [machineRoutes, machineAddresses] = await Promise.all([routes(), addresses()]);
  return clashesWith(settings, { routes: machineRoutes, addresses: machineAddresses });
}

export function clashesWith(
  settings: ClusterSettings,
  machine: { routes: readonly MachineRoute[]; addresses: readonly MachineAddress[] },
): string[] {
  const inUse = [
    ...machine.addresses.flatMap(({ ifname, addr_info }) =>
      addr_info
        .filter(({ family, local }) => family === 'inet' && local !== undefined)
        .map(({ local }) => ({ dev: ifname, text: `${local}/32`, what: `address ${local}` })),
    ),
    ...machine.routes.map(({ dst, dev = '' }) => ({
      dev,
      text: dst.includes('/') ? dst : `${dst}/32`,
      what: `route to ${dst}`,
    })),
  ].filter(({ dev }) => dev !== settings.bridge);
  const options = {
    '--node-cidr': settings.nodeCIDR,
    '--pod-cidr': settings.podCIDR,
    '--service-cidr': settings.serviceCIDR,
  };
  return Object.entries(options).flatMap(([option, text]) => {
    const range = parseCidr(text);
    const found = inUse.find((each) => {
      const other = parseCidr(each.text);
      return range !== undefined && other !== undefined && overlap(range, other);
    });
    return found === undefined
      ? []
      : [`${option} ${text}: this machine has the ${found.what} on ${found.dev || 'no interface'}`];
  });
}

/** Whether something listens there already. */
export async function isPortTaken(port: number, address = '127.0.0.1'): Promise<boolean> {
  const server = createServer();
  try {
    return await new Promise((resolve) => {
      server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'));
      server.listen(port, address, () => resolve(false));
    });
  } finally {
    server.close();
  }
}

/** What is wrong with where the data are to be, a line each. */
export async function placeFlaws(dataDirectory: string, nodes: number): Promise<string[]> {
  const flaws: string[] = [];
  await mkdir(dataDirectory, { recursive: true, mode: 0o711 });
  const { bavail, bsize } = await statfs(dataDirectory);
  const free = bavail * bsize;
  if (free < upLimits.freeDiskBytes)
    flaws.push(
      `${dataDirectory} is on a disk with ${Math.floor(free / 2 ** 20)} MiB left; wanted are ${upLimits.freeDiskBytes / 2 ** 20} MiB`,
    );
  const socket = path.join(dataDirectory, `nodes/node-${nodes}/containerd/containerd.sock.ttrpc`);
  if (Buffer.byteLength(socket) > upLimits.socketPathBytes)
    flaws.push(
      `${dataDirectory} is too long for the sockets in it: at most ${upLimits.socketPathBytes - (Buffer.byteLength(socket) - Buffer.byteLength(dataDirectory))} characters`,
    );
  return flaws;
}
