/** Takes everything of a node off the machine: pods, containerd, shims, mounts, cgroups, rules, routes, the bridge. */
import { rm } from 'node:fs/promises';
import { removeTraces } from '../../cluster/node/clean.ts';
import { type Containerd, endContainerd, findContainerd } from '../../cluster/node/containerd.ts';
import { removeHostPortChains } from '../../cluster/node/host-ports.ts';
import { removeLink } from '../../cluster/node/links.ts';
import { removeRoutes } from '../../cluster/node/routes.ts';
import { connectRuntime } from '../../cri/client.ts';
import { sleep } from '../../lib/clock.ts';
import { exec } from '../../lib/exec.ts';
import type { Logger } from '../../lib/log.ts';
import { systemClock } from '../../lib/system.ts';
import { machineLinks } from '../../loadbalancer/links.ts';
import { kernelNft } from '../../nft/nft.ts';
import { removeTables } from '../../proxy/kernel-proxy.ts';
import { agentFolders } from './options.ts';

export interface NodeToClean {
  readonly dataDirectory: string;
  readonly cgroupRoot: string;
  /**
   * The pods' bridge in this process's network namespace, with the node's rules and routes. Undefined for a node with a
   * network namespace of its own: they go with it.
   */
  readonly bridge: string | undefined;
  /** What the node had in it besides containerd stays: its certificates, for when it comes back. */
  readonly keepsCredentials?: boolean;
  readonly log: Logger;
}

/** Pods are asked to give their network back for so long; then it goes without being asked. */
const podsMilliseconds = 20_000;

/** The agent has ended before. Throws NOT_CLEAN when something resists; fine when there is nothing. */
export async function cleanNode(node: NodeToClean): Promise<void> {
  const { dataDirectory, cgroupRoot, bridge, log } = node;
  const folders = agentFolders(dataDirectory);
  const containerd = await findContainerd(folders.containerd).catch((error: unknown) => {
    log.warn('containerd does not answer', { error });
    return undefined;
  });
  // On a network that others use, too, each pod's ports are given back one by one.
  if (containerd !== undefined && bridge !== undefined) await removePods(containerd, log);
  await endContainerd(folders.containerd);
  await removeTraces({
    folder: folders.containerd,
    volumes: dataDirectory,
    cgroupParent: cgroupRoot,
    networkName: cgroupRoot.slice(1),
  });
  for (const folder of node.keepsCredentials ? [folders.pods, folders.podLogs] : [dataDirectory])
    await rm(folder, { recursive: true, force: true });
  if (bridge !== undefined) await removeNetwork(bridge);
}

/** Load balancers' addresses, tables, routes and bridge of the network namespace that this process is in. */
async function removeNetwork(bridge: string): Promise<void> {
  const links = machineLinks(exec);
  const announced = (await links.read()).flatMap(({ name: link, announced: addresses }) =>
    addresses.map((address) => ({ link, address })),
  );
  await links.change({ add: [], remove: announced });
  await removeTables(kernelNft(exec));
  await removeRoutes();
  await removeLink(bridge);
  await removeHostPortChains();
}

async function removePods(containerd: Containerd, log: Logger): Promise<void> {
  const { sandboxes, close } = connectRuntime({ socket: containerd.socket, clock: systemClock });
  const giveUp = new AbortController();
  const removing = (async () => {
    for (const { id } of await sandboxes.list()) {
      if (giveUp.signal.aborted) return;
      await sandboxes.stop(id);
      await sandboxes.remove(id);
    }
  })().catch((error: unknown) => log.warn('a pod could not be removed in order', { error }));
  await Promise.race([removing, sleep(systemClock, podsMilliseconds, giveUp.signal)]);
  giveUp.abort();
  close();
}
