/** `wherry server`: store, certificates, API server and listener, put together and taken apart again. */
import { flushCompileCache } from 'node:module';
import { hostname, networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import type { ControlPlane } from '../../apiserver/control-plane.ts';
import type { ApiResponse, Handler } from '../../apiserver/request.ts';
import type { ClusterCertificates } from '../../cluster/certificates.ts';
import type { RegistryRelay } from '../../cluster/images/registry-relay.ts';
import { unavailableError } from '../../kinds/status.ts';
import type { Logger } from '../../lib/log.ts';
import type { MetricsRegistry } from '../../lib/metrics.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { systemClock, systemRandom } from '../../lib/system.ts';
import type { Store } from '../../store/store.ts';
import { goPlatform } from '../go-platform.ts';
import { processLogger } from '../process-log.ts';
import { releaseMemoryWhenQuiet } from '../quiet-memory.ts';
import { advertiseAddressOf, type ServerOptions } from './options.ts';
import { makeTunnels } from './tunnels.ts';

/** Serves until a signal; resolves with the exit code. Throws UserError when it cannot start. */
export async function runServer(options: ServerOptions): Promise<number> {
  const log = processLogger(options.logFile);
  const signalled = nextSignal();
  const starting = startServer(options, log);
  const running = await Promise.race([starting, signalled.then(() => undefined)]);
  if (running === undefined) {
    // Nothing has been promised to anybody yet, and what is on the disk survives any end.
    log.info('stopping before it was ready', { signal: await signalled });
    process.exit(0);
  }
  process.stdout.write(
    `wherry is ready at ${running.url}, its data in ${running.dataDirectory}\n` +
      `export KUBECONFIG=${shellWord(running.kubeconfig)}\n`,
  );
  // What this start has compiled is there for the next one, even after kill -9.
  flushCompileCache();
  const keepMemory = releaseMemoryWhenQuiet(systemClock);
  const signal = await signalled;
  log.info('stopping', { signal });
  keepMemory();
  await running.stop();
  return 0;
}

/** A machine with more than this many addresses names the rest with --tls-san. */
const machineAddressesMax = 32;

/** Whoever verifies a token finds the API server under this name inside the cluster; kubeadm's default. */
const tokenIssuer = 'https://kubernetes.default.svc.cluster.local';

export interface RunningServer {
  readonly url: string;
  readonly dataDirectory: string;
  readonly kubeconfig: string;
  /** Drains and closes, in the order in which nothing acknowledged is lost. */
  stop(): Promise<void>;
}

/** Resolves when requests are answered. On failure everything that was opened is closed again. */
export async function startServer(options: ServerOptions, log: Logger): Promise<RunningServer> {
  const { named, excluded } = options.controllers;
  // Names are looked up before anything is opened; the usual start names none and need not load the controllers yet.
  if (named.size + excluded.size > 0)
    (await import('./control-loops.ts')).checkControllers(options.controllers);
  const dataDirectory = resolve(options.dataDirectory);
  const undo: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  try {
    // The worker of the store starts while this thread loads the rest.
    const opening = openStore(options, dataDirectory);
    opening.catch(() => {});
    const [controlPlane, http] = await Promise.all([
      import('../../apiserver/control-plane.ts'),
      import('../../apiserver/http/server.ts'),
    ]);
    const store = await opening;
    undo.push(() => store.close());
    const certificates = await makeCertificates(options, dataDirectory);
    const { handler, serve } = laterHandler();
    const listener = await http.startHttpServer({
      handler,
      tls: shownBy(certificates),
      clock: systemClock,
      log,
      bindAddress: options.bindAddress,
      moreAddresses: options.moreBindAddresses ?? [],
      port: options.port,
    });
    undo.push(() => listener.drain());
    const api: ControlPlane = await controlPlane.startControlPlane({
      store,
      clock: systemClock,
      random: systemRandom,
      log,
      serviceCIDRs: options.serviceCIDRs,
      nodePortRange: options.nodePortRange,
      loopbackEndpoints: options.loopback,
      advertise: options.loopback
        ? { address: options.bindAddress, port: listener.port }
        : advertised(options, listener.port),
      descriptions: await explainTexts(),
      platform: goPlatform(process.platform, process.arch),
      runtime: `node ${process.version}`,
      disabledAdmission: options.disabledAdmission,
      tunnels: makeTunnels(certificates, {
        loopback: options.loopback,
        ownAddresses: dialledAddresses(options),
      }),
      serviceAccounts: { issuer: tokenIssuer, privateKey: certificates.serviceAccount.privateKey },
    });
    // Watches end before the store does: requests that are still under way need both.
    undo.splice(1, 0, () => api.close());
    const access = { certificates, dataDirectory, port: listener.port };
    const { url, kubeconfig } = await giveAccess(options, access);
    serve(api.handle);
    await keepJoinToken(api.handle, dataDirectory, certificates.authority);
    const relay = await startRelay(options, log);
    if (relay !== undefined) undo.push(() => relay.close());
    undo.push(startLoops(api.handle, options, { certificates, log, metrics: api.metrics }));
    return { url, dataDirectory, kubeconfig, stop };
  } catch (failure) {
    await stop();
    throw failure;
  }
}

/** A node that joins looks for the authority among what the server shows. */
const shownBy = ({ server, authority }: ClusterCertificates) => ({
  ...server,
  certificate: server.certificate + authority,
  clientAuthority: authority,
});

/** The administrator's kubeconfig. */
async function giveAccess(
  options: ServerOptions,
  {
    certificates,
    dataDirectory,
    port,
  }: { certificates: ClusterCertificates; dataDirectory: string; port: number },
): Promise<{ url: string; kubeconfig: string }> {
  const { administratorName, clusterName, serverUrl, writeKubeconfig } = await import(
    '../../cluster/kubeconfig.ts'
  );
  const url = serverUrl(options.bindAddress, port);
  const kubeconfig = join(dataDirectory, 'kubeconfig');
  await writeKubeconfig(kubeconfig, {
    name: clusterName,
    server: url,
    authority: certificates.authority,
    user: { name: administratorName, ...certificates.administrator },
  });
  return { url, kubeconfig };
}

/** The token for nodes, in the file `join-token`. */
async function keepJoinToken(handler: Handler, directory: string, authority: string): Promise<void> {
  const [{ ensureJoinToken }, { inProcessTransport }, { Client }, { apiServerUser }] = await Promise.all([
    import('../../cluster/join/server-token.ts'),
    import('../../client/in-process.ts'),
    import('../../client/typed-client.ts'),
    import('../../apiserver/boot.ts'),
  ]);
  const transport = inProcessTransport(handler, { user: apiServerUser });
  const client = new Client({ transport, clock: systemClock, userAgent: 'wherry-server/join-token' });
  await ensureJoinToken({ directory, authority, client });
}

/** Not waited for: requests are answered before the first loop turns. Returns what ends the loops. */
function startLoops(
  handler: Handler,
  options: ServerOptions,
  more: { certificates: ClusterCertificates; log: Logger; metrics: MetricsRegistry },
): () => Promise<void> {
  const { controllers: selection, simulatedNodes, simulatedNodeEvents, loopback, serviceCIDRs } = options;
  const { clusterRanges, nodeGraceMilliseconds } = options;
  const loopbackServiceCIDR = loopback ? serviceCIDRs[0] : undefined;
  const { certificates, log, metrics } = more;
  const parts = [import('./control-loops.ts'), import('../../cluster/sign-request.ts')] as const;
  const loops = Promise.all(parts).then(([{ runControlLoops }, { signRequest }]) =>
    runControlLoops(handler, {
      rootAuthority: certificates.authority,
      signer: (request, how) => signRequest(certificates.authorityPair, request, how),
      serverNames: [...dialledAddresses(options), ...options.tlsNames],
      log,
      metrics,
      selection,
      simulatedNodes,
      simulatedNodeEvents,
      loopbackServiceCIDR,
      loopbackRanges: options.loopbackRanges,
      loadBalancerPool: options.loadBalancerPool,
      serviceCIDRs,
      clusterRanges,
      nodeGraceMilliseconds,
    }),
  );
  loops.catch((error: unknown) =>
    log.error('the controllers could not be started', { error: String(error) }),
  );
  return () => loops.then((stopLoops) => stopLoops());
}

/** Part of the server, so that it comes and goes with the cluster's one process in the machine's own network. */
async function startRelay(options: ServerOptions, log: Logger): Promise<RegistryRelay | undefined> {
  const { registryRelay, registryRelayLocal: allowsLocal = false } = options;
  if (registryRelay === undefined) return undefined;
  const { startRegistryRelay } = await import('../../cluster/images/registry-relay.ts');
  return startRegistryRelay({ socketPath: resolve(registryRelay), allowsLocal, log });
}

async function openStore(options: ServerOptions, directory: string): Promise<Store> {
  if (options.store === 'memory') {
    const { createMemoryStore } = await import('../../store/memory.ts');
    return createMemoryStore();
  }
  const { openSqliteStore } = await import('../../store/sqlite.ts');
  return openSqliteStore({ directory });
}

async function makeCertificates(options: ServerOptions, dataDirectory: string) {
  const [{ ensureCertificates, serverNames }, { addressRange }, { parseServiceCIDRs }, { formatAddress }] =
    await Promise.all([
      import('../../cluster/certificates.ts'),
      import('../../service/ip-allocator.ts'),
      import('../../apiserver/hooks/service-options.ts'),
      import('../../lib/ip.ts'),
    ]);
  const serviceAddresses = parseServiceCIDRs(options.serviceCIDRs).map((cidr) => {
    const { family, first } = addressRange(cidr);
    return formatAddress(family, first);
  });
  return ensureCertificates({
    directory: join(dataDirectory, 'pki'),
    clock: systemClock,
    serverNames: serverNames({
      hostName: hostname(),
      serviceAddresses,
      extra: [...dialledAddresses(options), ...options.tlsNames],
    }),
  });
}

/** What `kubectl explain` says, from the development dependency that has it; a bare installation does without. */
async function explainTexts() {
  const [{ descriptionsFrom }, { kinds }] = await Promise.all([
    import('../../apiserver/openapi/descriptions.ts'),
    import('../../kinds/registry.ts'),
  ]);
  return descriptionsFrom(join(import.meta.dirname, '../../../node_modules'), kinds);
}

function advertised(options: ServerOptions, port: number): { address: string; port: number } | undefined {
  const address = advertiseAddressOf(options, machineAddresses());
  return address === undefined ? undefined : { address, port };
}

/** What clients outside may dial: the certificate must name it. */
function dialledAddresses(options: ServerOptions): string[] {
  const everywhere = options.bindAddress === '0.0.0.0' || options.bindAddress === '::';
  const own = everywhere
    ? machineAddresses().slice(0, machineAddressesMax)
    : [options.bindAddress, ...(options.moreBindAddresses ?? [])];
  return options.advertiseAddress === undefined ? own : [...own, options.advertiseAddress];
}

/** Addresses of this machine that others may dial, IPv4 first. */
function machineAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const usable = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  const of = (family: string) =>
    usable.filter((each) => each.family === family).map(({ address }) => address);
  return [...of('IPv4'), ...of('IPv6')];
}

/** The listener comes first, because its port is published at boot; until then it says that it is not ready. */
function laterHandler(): { handler: Handler; serve: (handler: Handler) => void } {
  let inner: Handler = async (): Promise<ApiResponse> => {
    throw unavailableError('the server is starting');
  };
  return {
    handler: (request) => inner(request),
    serve: (handler) => {
      inner = handler;
    },
  };
}

/** The first SIGTERM or SIGINT; a second one ends the process at once. */
function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    let seen = false;
    const onSignal = (signal: string) => {
      if (seen) process.exit(1);
      seen = true;
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
