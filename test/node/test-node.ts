/**
 * A containerd of the test's own, in a network namespace without a way out, with a pause and a busybox image. All of it
 * is gone after the test, also when the test fails.
 */
import assert from 'node:assert/strict';
import { accessSync, constants, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { buildBusyboxImage, buildPauseImage, pauseImage } from '../../src/cluster/images/from-debian.ts';
import { findTraces, type NodeTraces, removeTraces } from '../../src/cluster/node/clean.ts';
import { systemPath } from '../../src/cluster/node/command.ts';
import { type Containerd, startContainerd } from '../../src/cluster/node/containerd.ts';
import { createNamespace, removeNamespace } from '../../src/cluster/node/network-namespace.ts';
import { connectRuntime, type RuntimeClient } from '../../src/cri/client.ts';
import type { SandboxConfig } from '../../src/cri/sandbox-types.ts';
import type { NodeFacts } from '../../src/kubelet/run/tools.ts';
import { systemClock, systemRandom } from '../../src/lib/system.ts';
import { removeFolder, sweepLeftovers, writeDown } from './leftovers.ts';

const needed = {
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  ip: 'iproute2',
  nsenter: 'util-linux',
  catatonit: 'catatonit',
  busybox: 'busybox-static',
};

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Why there can be no such node here, or false. */
export function noNodeBecause(): string | false {
  if (process.getuid?.() !== 0) return 'containers take root';
  const isThere = (command: string) =>
    systemPath.split(':').some((folder) => isExecutable(path.join(folder, command)));
  const missing = Object.entries(needed).find(([command]) => !isThere(command));
  if (missing !== undefined) return `no ${missing[0]} on this machine (Debian's package ${missing[1]})`;
  if (!existsSync('/usr/lib/cni/bridge')) return "no network plugins (Debian's containernetworking-plugins)";
  return false;
}

export interface TestNode {
  readonly runtime: RuntimeClient;
  readonly containerd: Containerd;
  readonly folder: string;
  readonly namespace: string;
  readonly traces: NodeTraces;
  /** Starts containerd again in the same place, after it was stopped or killed. */
  restart(): Promise<Containerd>;
  sandboxConfig(podName: string): SandboxConfig;
  /** Removes everything; throws when something is left. */
  close(): Promise<void>;
}

/** The busybox image's names on a test's node. */
export const busyboxNames = ['docker.io/library/busybox:latest', 'docker.io/library/busybox:1.27'];

export async function startTestNode(): Promise<TestNode> {
  await sweepLeftovers();
  const id = systemRandom.uuid().slice(0, 8);
  const namespace = `wherry-${id}`;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-node-'));
  const traces = { folder, cgroupParent: `/wherry-${id}`, networkName: `wherry-${id}` };
  const forget = await writeDown(id, { folder, namespaces: [namespace], nodes: [traces] });
  const removeAll = async () => {
    await removeTraces(traces);
    await removeNamespace(namespace);
    await removeFolder(folder);
    await forget();
  };
  const start = () =>
    startContainerd({
      folder,
      namespace,
      sandboxImage: pauseImage,
      network: { name: traces.networkName, subnet: '10.244.0.0/24', bridge: 'cni0' },
    });
  const runtime = connectRuntime({ socket: path.join(folder, 'containerd.sock'), clock: systemClock });
  let containerd: Containerd | undefined;
  const close = async () => {
    // Where containerd does not answer any more, its pods are removed without it.
    await removePods(runtime).catch(() => {});
    runtime.close();
    await containerd?.stop();
    await removeAll();
    const left = await findTraces(traces);
    if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
  };
  try {
    await createNamespace(namespace);
    containerd = await start();
    for (const archive of await Promise.all([buildPauseImage(), buildBusyboxImage(busyboxNames)]))
      await containerd.importImages(archive);
    await untilReady(runtime);
  } catch (failure) {
    await close();
    throw failure;
  }
  return {
    runtime,
    containerd,
    folder,
    namespace,
    traces,
    restart: async () => {
      containerd = await start();
      await untilReady(runtime);
      return containerd;
    },
    sandboxConfig: (name) => sandboxConfig(name, traces),
    close,
  };
}

function sandboxConfig(name: string, { folder, cgroupParent }: NodeTraces): SandboxConfig {
  const uid = systemRandom.uuid();
  return {
    metadata: { name, uid, namespace: 'default', attempt: 0 },
    hostname: name,
    logDirectory: path.join(folder, 'logs', `default_${name}_${uid}`),
    labels: { 'io.kubernetes.pod.name': name, 'io.kubernetes.pod.uid': uid },
    annotations: { note: 'kept' },
    linux: { cgroupParent: `${cgroupParent}/pod${uid}`, securityContext: {} },
  };
}

export async function removePods({ sandboxes }: RuntimeClient): Promise<void> {
  for (const { id } of await sandboxes.list()) {
    await sandboxes.stop(id);
    await sandboxes.remove(id);
  }
}

/** The runtime answers a little after its socket does, and knows an imported image a little after that. */
async function untilReady(runtime: RuntimeClient): Promise<void> {
  await until('containerd is ready', async () => {
    const conditions = await runtime.node.conditions();
    const hasImage = (await runtime.images.status('busybox:1.27')) !== undefined;
    return conditions.every(({ status }) => status) && hasImage;
  });
}

/** Long: a machine may be busy with many tests at once. */
const waitMilliseconds = 180_000;

/** Asks again and again; a refusal counts as not yet. Throws with the last refusal after a long while. */
export async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + waitMilliseconds;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      if (await condition()) return;
    } catch (failure) {
      last = failure;
    }
    await wait(20);
  }
  throw new Error(`not in ${waitMilliseconds / 1000} s: ${what}`, { cause: last });
}

/** How long a text may take that is nearly there. */
const textMilliseconds = 10_000;

/**
 * What a container has said, once it has ended: containerd tells of the end first, and writes the last of the log a moment
 * later, as its threads come.
 */
export async function assertText(read: () => Promise<string>, wanted: string): Promise<void> {
  const deadline = performance.now() + textMilliseconds;
  let text = await read();
  while (text !== wanted && performance.now() < deadline) {
    await wait(20);
    text = await read();
  }
  assert.equal(text, wanted);
}

/** What the kubelet is told of a test's node. */
export const nodeFacts = ({ folder, traces }: TestNode): NodeFacts => ({
  hostIPs: ['10.244.0.1'],
  allocatable: { cpu: '2', memory: '1Gi' },
  memoryCapacityBytes: 8 * 2 ** 30,
  clusterDns: { servers: ['10.96.0.10'], domain: 'cluster.local' },
  nodeDns: { servers: [], searches: [], options: [] },
  nodeHosts: '127.0.0.1 localhost\n',
  logsFolder: path.join(folder, 'logs'),
  seccompFolder: path.join(folder, 'seccomp'),
  cgroupRoot: traces.cgroupParent,
});

/** The lines of a container's log; none when there is no such file yet. */
export async function readLog(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

/** containerd makes the log's folder only for itself. */
export async function makeLogFolder(config: SandboxConfig): Promise<void> {
  await mkdir(config.logDirectory, { recursive: true });
}
