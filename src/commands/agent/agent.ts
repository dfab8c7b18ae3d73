/**
 * `wherry agent`: a machine, or a network namespace of it, as a node of a cluster.
 *
 *     identity    its addresses, and what it tells of the machine
 *     join        certificates (src/cluster/join), and the way to the server with the newest of them
 *     network     sysctls, the pods' network (CNI), routes, proxy (src/proxy), DNS (../dns.ts), announcer
 *     kubelet     pods, Node, Lease, logs, on the containerd of its own or the one that was named
 *     probe-routes, probe-program   what `wherry why` has tried here; metrics
 *     retry       what fails is tried again
 *
 * What is needed to be a node at all is done first, and its failure ends the process with what to do about it. What fails
 * later is tried again while the rest goes on; the Node's conditions and Events tell of it. At the end everything stays
 * that connections and containers need: containers, their network, rules, routes, and load balancers' addresses. The next
 * agent finds them. `clean-node.ts` removes them all.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import path from 'node:path';
import { gitVersion } from '../../apiserver/version.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import { Informers } from '../../client/informers.ts';
import { RequestMeter } from '../../client/request-meter.ts';
import { AbortedError } from '../../client/transport.ts';
import { Client } from '../../client/typed-client.ts';
import { buildPauseImage, pauseImage } from '../../cluster/images/from-debian.ts';
import { type Mirror, mirrorHosts, startMirror } from '../../cluster/images/mirror.ts';
import { proxyEnvironment, relayDoorPort, startRelayDoor } from '../../cluster/images/relay-door.ts';
import type { NodeCredentials } from '../../cluster/join/join-cluster.ts';
import { systemPath } from '../../cluster/node/command.ts';
import { containerdPaths } from '../../cluster/node/containerd-config.ts';
import { keepContainerd } from '../../cluster/node/containerd-keeper.ts';
import { nodeLimits } from '../../cluster/node/limits.ts';
import { connectRuntime, type RuntimeClient } from '../../cri/client.ts';
import { KnownPods } from '../../kubelet/known-pods.ts';
import { kubeletLimits } from '../../kubelet/limits.ts';
import { type ExtraRoute, startKubeletServer } from '../../kubelet/server/kubelet-server.ts';
import { NodeShutdown, shutdownPeriods } from '../../kubelet/shutdown.ts';
import { sleep } from '../../lib/clock.ts';
import { UserError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { MetricsRegistry } from '../../lib/metrics.ts';
import { systemClock, systemRandom } from '../../lib/system.ts';
import { processLogger } from '../process-log.ts';
import { releaseMemoryWhenQuiet } from '../quiet-memory.ts';
import { cleanNode } from './clean-node.ts';
import { identityOf, machineFacts, nodeAddressesOf } from './identity.ts';
import { join, nodeTransport } from './join.ts';
import { runKubelet } from './kubelet.ts';
import { meterAgent } from './metrics.ts';
import { prepareMachine, startNetwork } from './network.ts';
import { type AgentOptions, agentFolders } from './options.ts';
import { probeRoutes } from './probe-routes.ts';
import { aborted, untilDone } from './retry.ts';

/** Runs until a signal; resolves with the exit code. Throws UserError when it cannot start. */
export async function runAgentCommand(options: AgentOptions): Promise<number> {
  if (process.getuid?.() !== 0)
    throw new UserError(
      'NOT_ROOT',
      'a node takes root: containers, interfaces and rules are made; run it with sudo',
    );
  process.env.PATH = [process.env.PATH, systemPath].filter(Boolean).join(':');
  const log = processLogger(options.logFile);
  const stopping = new AbortController();
  const shutdown = new NodeShutdown({ clock: systemClock });
  const periods = shutdownPeriods(options.shutdownSeconds, options.shutdownCriticalSeconds);
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.on(name, () => {
      // A second one ends the process at once.
      if (stopping.signal.aborted || shutdown.isUnderWay) process.exit(1);
      log.info('stopping', { signal: name });
      if (options.shutdownSeconds === 0) stopping.abort();
      else void shutdown.shutdownNode(periods).finally(() => stopping.abort());
    });
  // A mistake of ours in one part: pods, rules and the rest of the node are better off with the others running.
  for (const name of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(name, (error: unknown) => log.error('a part of the agent failed', { error }));
  try {
    await runNode({ options, shutdown, log }, stopping.signal);
  } catch (failure) {
    // Ended while it still waited for the server.
    if (!(failure instanceof AbortedError && stopping.signal.aborted)) throw failure;
  }
  return 0;
}

async function runNode(
  { options, shutdown, log }: { options: AgentOptions; shutdown: NodeShutdown; log: Logger },
  signal: AbortSignal,
): Promise<void> {
  const folders = agentFolders(options.dataDirectory);
  const addresses = await nodeAddressesOf(options);
  await mkdir(options.dataDirectory, { recursive: true, mode: 0o711 });
  await mkdir(folders.pods, { recursive: true, mode: 0o750 });
  // First what may be refused for good: nothing has been started then.
  const link = await prepareMachine(options, addresses);
  const credentials = await join(options, addresses, { log, signal });
  const found = await startRuntime(options, log, signal);
  const { runtime } = found;
  const transport = nodeTransport(credentials);
  const metrics = new MetricsRegistry();
  const common = { clock: systemClock, random: systemRandom, log, signal };
  const meter = new RequestMeter(metrics, new URL(options.server).host);
  const client = new Client({ transport, clock: systemClock, userAgent: `kubelet/${gitVersion}`, meter });
  const informers = new Informers({ client, ...common });
  const recorder = new EventRecorder({ client, ...common });
  const facts = await machineFacts(options.dataDirectory);
  const identity = identityOf(options, { addresses, facts, runtime: await runtime.node.version() });
  const network = await startNetwork({
    ...{ options, addresses, link, informers, recorder, metrics, log, signal },
  });
  const known = new KnownPods();
  meterAgent(metrics, { name: options.nodeName, pods: known, clock: systemClock });
  const parts = { options, identity, client, informers, recorder, runtime, known, log };
  const kubelet = runKubelet(
    { ...parts, shutdown, memoryBytes: facts.memoryBytes, dnsServers: network.dnsServers },
    signal,
  );
  const extra = probeRoutes({ pods: known, rules: network.rules });
  const server = serveKubelet({ ...parts, credentials, metrics, address: addresses[0] ?? '', extra, signal });
  sayWhenReady(informers, options.nodeName);
  informers.start(signal);
  await Promise.all([kubelet, network.stopped, server, found.stopped]);
  credentials.close();
  runtime.close();
  await transport.close();
  if (options.stopsContainerd) await cleanNode({ ...options, log, keepsCredentials: true });
}

/** What the API server asks the node. Resolves after the signal, when it is closed. */
async function serveKubelet(serving: {
  options: AgentOptions;
  credentials: NodeCredentials;
  runtime: RuntimeClient;
  known: KnownPods;
  metrics: MetricsRegistry;
  address: string;
  extra: Readonly<Record<string, ExtraRoute>>;
  log: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { options, credentials, runtime, known, metrics, address, extra, log, signal } = serving;
  const start = () =>
    startKubeletServer({
      ...{ address, port: options.port, nodeName: options.nodeName, pods: known, runtime, metrics },
      ...{ clock: systemClock, log, extra, config: configOf(options) },
      tls: { ...credentials.serving(), clientAuthority: credentials.authority },
    });
  const server = await untilDone("the kubelet's server", start, { log, signal });
  if (server === undefined) return;
  credentials.onRenewed((name) => {
    if (name === 'serving') server.setServingCertificate(credentials.serving());
  });
  await aborted(signal);
  await server.close();
}

/** As `/configz` tells it: the fields of a KubeletConfiguration. */
const configOf = (options: AgentOptions) => ({
  ...{ port: options.port, maxPods: options.maxPods, cgroupRoot: options.cgroupRoot },
  ...{ clusterDomain: options.clusterDomain, clusterDNS: options.clusterDns ?? [] },
  ...{
    staticPodPath: options.staticPodDirectory ?? '',
    podLogsDir: agentFolders(options.dataDirectory).podLogs,
  },
  ...{ nodeStatusUpdateFrequency: '10s', nodeLeaseDurationSeconds: kubeletLimits.leaseDurationSeconds },
  ...{ serverTLSBootstrap: true, rotateCertificates: true, failSwapOn: false, cgroupDriver: 'cgroupfs' },
});

function sayWhenReady(informers: Informers, nodeName: string): void {
  let said = false;
  const look = () => {
    const node = informers.of('Node').get(nodeName);
    const isReady = node?.status?.conditions?.some(
      ({ type, status }) => type === 'Ready' && status === 'True',
    );
    if (said || isReady !== true) return;
    said = true;
    process.stdout.write(
      `wherry agent ${nodeName} is ready, its pods have ${node?.spec?.podCIDR ?? 'no range'}\n`,
    );
    // What this start has compiled is there for the next one, which then takes 15 MB less.
    flushCompileCache();
    releaseMemoryWhenQuiet(systemClock);
  };
  informers.of('Node').handle({ add: look, update: look });
}

/** The given container runtime, or a containerd of our own with the image that every pod needs. */
async function startRuntime(
  options: AgentOptions,
  log: Logger,
  signal: AbortSignal,
): Promise<{ runtime: RuntimeClient; stopped: Promise<void> }> {
  const connect = (socket: string) => connectRuntime({ socket, clock: systemClock });
  if (options.runtimeSocket !== undefined) {
    const runtime = connect(options.runtimeSocket);
    await checkRuntime(runtime, options.runtimeSocket);
    return { runtime, stopped: Promise.resolve() };
  }
  const folder = agentFolders(options.dataDirectory).containerd;
  const mirror = await serveImages(options, log);
  const common = { clock: systemClock, log, signal };
  const environment = openRelayDoor(options, { log, signal });
  const containerd = await keepContainerd({ folder, sandboxImage: pauseImage, environment, ...common });
  const runtime = connect(containerd.socket);
  await untilInitialized(runtime, signal);
  if ((await runtime.images.status(pauseImage)) === undefined)
    await containerd.current.importImages(await buildPauseImage());
  const stopped = Promise.all([containerd.stopped, aborted(signal).then(() => mirror?.close())]);
  return { runtime, stopped: stopped.then(() => {}) };
}

/** containerd listens a while before its CRI knows again what it had: with many containers that takes long. */
async function untilInitialized(runtime: RuntimeClient, signal: AbortSignal): Promise<void> {
  const deadline = systemClock.monotonic() + nodeLimits.startMilliseconds;
  for (;;) {
    try {
      await runtime.node.conditions();
      return;
    } catch (failure) {
      if (signal.aborted || systemClock.monotonic() > deadline) throw failure;
      await sleep(systemClock, nodeLimits.pollMilliseconds, signal);
    }
  }
}

async function checkRuntime(runtime: RuntimeClient, socket: string): Promise<void> {
  try {
    await runtime.node.version();
  } catch (cause) {
    throw new UserError(
      'RUNTIME_UNREACHABLE',
      `the container runtime at unix://${socket} does not answer: ${(cause as Error).message}; start it, name another with --container-runtime-endpoint, or leave that out to have one started`,
      { cause },
    );
  }
}

/** The environment of a containerd that reaches registries by it. Pods start without it, so it is not waited for. */
function openRelayDoor(
  { registryRelay: socketPath }: AgentOptions,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Record<string, string> {
  if (socketPath === undefined) return {};
  void untilDone('the way to registries', () => startRelayDoor({ socketPath }), { log, signal }).then(
    async (door) => {
      await aborted(signal);
      await door?.close();
    },
  );
  return proxyEnvironment(relayDoorPort);
}

/** containerd looks at each pull where it is to ask: so there may be another port at every start. */
async function serveImages(options: AgentOptions, log: Logger): Promise<Mirror | undefined> {
  const { registries } = containerdPaths(agentFolders(options.dataDirectory).containerd);
  const folder = path.join(registries, '_default');
  if (options.imageDirectory === undefined) {
    await rm(folder, { recursive: true, force: true });
    return undefined;
  }
  const mirror = await startMirror({ folder: options.imageDirectory, log });
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'hosts.toml'), mirrorHosts(mirror.port));
  return mirror;
}
