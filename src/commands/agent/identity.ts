/** Who a node's agent is, and what it tells of its machine. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { arch, availableParallelism, release } from 'node:os';
import { gitVersion } from '../../apiserver/version.ts';
import { type MachineFacts, readMachineFacts } from '../../cluster/node/machine-facts.ts';
import { dnsPortAnnotation } from '../../controllers/cluster-dns.ts';
import type { RuntimeVersion } from '../../cri/runtime.ts';
import type { NodeIdentity } from '../../kubelet/node/node-status.ts';
import { UserError } from '../../lib/errors.ts';
import { dnsPort } from '../dns.ts';
import { goPlatform } from '../go-platform.ts';
import type { AgentOptions } from './options.ts';

/** Kept free for the system: the kubelet's default thresholds, below which it evicts. */
const evictionMemoryBytes = 100 * 2 ** 20;
const evictionDiskShare = 0.1;

const kibi = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;

const cpuText = (milliCpu: number): string =>
  milliCpu % 1000 === 0 ? String(milliCpu / 1000) : `${milliCpu}m`;

/** Capacity and allocatable, in the notation of upstream's kubelet. */
export function resourcesOf(facts: MachineFacts, maxPods: number) {
  const { milliCpu, memoryBytes, ephemeralStorageBytes, hugePages } = facts;
  const huge = Object.values(hugePages).reduce((sum, bytes) => sum + bytes, 0);
  const hugeAmounts = Object.fromEntries(
    Object.entries(hugePages).map(([name, bytes]) => [name, String(bytes)]),
  );
  const common = { cpu: cpuText(milliCpu), ...hugeAmounts, pods: String(maxPods) };
  return {
    capacity: {
      ...common,
      'ephemeral-storage': kibi(ephemeralStorageBytes),
      memory: kibi(memoryBytes),
    },
    allocatable: {
      ...common,
      'ephemeral-storage': String(Math.floor(ephemeralStorageBytes * (1 - evictionDiskShare))),
      memory: kibi(Math.max(0, memoryBytes - huge - evictionMemoryBytes)),
    },
  };
}

/** The address that this machine has on the way to the server: asked of the kernel, without a packet. */
async function addressTowards(server: string): Promise<string> {
  const { hostname, port } = new URL(server);
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4');
  try {
    const connected = once(socket, 'connect');
    socket.connect(Number(port || 443), host);
    await connected;
    return socket.address().address;
  } catch (cause) {
    throw new UserError(
      'NO_WAY_TO_SERVER',
      `no way from this machine to the server ${server}: ${(cause as Error).message}; check --server, the routes (ip route get ${host}), or give --node-ip`,
      { cause },
    );
  } finally {
    socket.close();
  }
}

export async function nodeAddressesOf({ nodeAddresses, server }: AgentOptions): Promise<readonly string[]> {
  if (nodeAddresses.length > 0) return nodeAddresses;
  const address = await addressTowards(server);
  if (!/^(127\.|::1$)/.test(address)) return [address];
  throw new UserError(
    'NO_NODE_ADDRESS',
    `the server is reached over loopback (${address}), where no other node reaches this one; give --node-ip`,
  );
}

export function machineFacts(dataDirectory: string): Promise<MachineFacts> {
  return readMachineFacts({
    dataFolder: dataDirectory,
    processors: availableParallelism(),
    architecture: goPlatform('linux', arch()).split('/')[1] ?? arch(),
    kernelVersion: release(),
  });
}

export function identityOf(
  options: AgentOptions,
  found: { addresses: readonly string[]; facts: MachineFacts; runtime: RuntimeVersion },
): NodeIdentity {
  const { facts, runtime, addresses } = found;
  const { architecture, bootID, machineID, systemUUID, kernelVersion, osImage, swapBytes } = facts;
  return {
    name: options.nodeName,
    addresses,
    port: options.port,
    labels: options.nodeLabels,
    annotations: { [dnsPortAnnotation]: String(dnsPort) },
    ...resourcesOf(facts, options.maxPods),
    info: {
      ...{ architecture, bootID, machineID, systemUUID, kernelVersion, osImage },
      ...{ operatingSystem: 'linux', kubeletVersion: gitVersion, kubeProxyVersion: '' },
      containerRuntimeVersion: `${runtime.runtimeName}://${runtime.runtimeVersion}`,
      ...(swapBytes > 0 ? { swap: { capacity: swapBytes } } : {}),
    },
  };
}
