/** The API server with everything that belongs to it: all kinds, all hooks, all routes. What main.ts and tests start. */
import type { Kind } from '../kinds/kind.ts';
import { allowLoopbackEndpoints } from '../kinds/loopback.ts';
import { kinds as allKinds } from '../kinds/registry.ts';
import type { Clock } from '../lib/clock.ts';
import { formatAddress } from '../lib/ip.ts';
import type { Logger } from '../lib/log.ts';
import type { MetricsRegistry } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import { addressRange } from '../service/ip-allocator.ts';
import type { Store } from '../store/store.ts';
import { disabledPlugins } from './admission.ts';
import type { Backend } from './context.ts';
import { type HealthEndpoints, ping } from './health.ts';
import { quotaHook } from './hooks/quota.ts';
import { serviceHook } from './hooks/service.ts';
import { parseNodePortRange, parseServiceCIDRs } from './hooks/service-options.ts';
import { ApiServerMetrics } from './metrics.ts';
import { type DescriptionSource, noDescriptions } from './openapi/descriptions.ts';
import { openApiRoute } from './openapi/route.ts';
import { recordRequest } from './request-metrics.ts';
import { discoveryRoute } from './routes/discovery-route.ts';
import { issuerRoute } from './routes/issuer-route.ts';
import { makeRoutes } from './routes/routes.ts';
import { healthRoute, indexRoute, metricsRoute, versionRoute } from './routes/server-routes.ts';
import { type ApiServer, createApiServer } from './server.ts';
import { type TokenOptions, Tokens } from './tokens/tokens.ts';
import { type TunnelOptions, Tunnels } from './tunnels/tunnels.ts';

export interface ControlPlaneOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** `['10.96.0.0/16']`, or one of each family. Throws UserError when they cannot be used. */
  readonly serviceCIDRs: readonly string[];
  /** `30000-32767` */
  readonly nodePortRange: string;
  /** Where clients in the cluster reach this server; undefined: nowhere, and Service kubernetes has no endpoints. */
  readonly advertise: { readonly address: string; readonly port: number } | undefined;
  readonly log?: Logger;
  /** Signs tokens of service accounts; without it there are none, and pods need no account. */
  readonly serviceAccounts?: TokenOptions;
  /** Admission plugins that are switched off, by name. Throws UserError for a name that is none. */
  readonly disabledAdmission?: readonly string[];
  /** The texts of `kubectl explain`; without them types stand alone. */
  readonly descriptions?: DescriptionSource;
  /** The way to nodes and pods; without it, nobody can look into them. */
  readonly tunnels?: TunnelOptions;
  /** Endpoints may be loopback addresses: for a cluster that lives in 127.0.0.0/8. */
  readonly loopbackEndpoints?: boolean;
  /** For /version: Go's GOOS/GOARCH, `linux/amd64`. */
  readonly platform: string;
  /** For /version: what runs this, `node v26.1.0`. */
  readonly runtime: string;
}

export interface ControlPlane extends ApiServer {
  /** What /metrics shows: others in this process may count there too. */
  readonly metrics: MetricsRegistry;
}

/** Opens nothing and listens nowhere: the store comes from the caller, requests come through `handle`. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { clock, random, log, advertise } = options;
  const kinds = options.loopbackEndpoints === true ? allowLoopbackEndpoints(allKinds) : allKinds;
  const serviceCIDRs = parseServiceCIDRs(options.serviceCIDRs);
  const nodePortRange = parseNodePortRange(options.nodePortRange);
  const primary = addressRange(serviceCIDRs[0] as (typeof serviceCIDRs)[number]);
  const metrics = new ApiServerMetrics(clock);
  const tokens = options.serviceAccounts === undefined ? undefined : new Tokens(options.serviceAccounts);
  const serverAddress = advertise === undefined ? '' : hostAndPort(advertise);
  const store = measuredStore(options.store, metrics, clock);
  const server = await createApiServer({
    store,
    kinds,
    clock,
    random,
    log,
    hooks: [quotaHook({ kinds, clock }), serviceHook({ serviceCIDRs, nodePortRange, random, clock })],
    boot: {
      serviceCIDRs: options.serviceCIDRs,
      apiServiceIP: formatAddress(primary.family, primary.first),
      advertise,
    },
    inFlight: metrics.inflight,
    tokens,
    tunnels:
      options.tunnels &&
      new Tunnels(options.tunnels, { clock, allowLoopback: options.loopbackEndpoints === true }),
    disabledAdmission: disabledPlugins(options.disabledAdmission ?? []),
    observe: (record) => recordRequest(metrics, record),
    watchInstruments: ({ group, version, plural }) => metrics.watch({ group, version, resource: plural }),
    routes: (backend) =>
      makeRoutes([
        healthRoute(healthOf(backend)),
        versionRoute(options.platform, options.runtime),
        discoveryRoute(kinds, serverAddress),
        openApiRoute(kinds, options.descriptions ?? noDescriptions),
        metricsRoute(metrics),
        ...(tokens === undefined ? [] : [issuerRoute(tokens, serverAddress)]),
        indexRoute(pathsOf(kinds)),
      ]),
  });
  metrics.addStore({ revision: () => server.backend.cache.revision, sizeBytes: () => undefined });
  return {
    ...server,
    metrics: metrics.registry,
    close: async () => {
      await server.close();
      metrics.close();
    },
  };
}

const hostAndPort = ({ address, port }: { address: string; port: number }): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** The same store, each commit timed. */
function measuredStore(store: Store, metrics: ApiServerMetrics, clock: Clock): Store {
  return {
    range: (request) => store.range(request),
    watch: (range, handlers) => store.watch(range, handlers),
    compact: (revision) => store.compact(revision),
    close: () => store.close(),
    async commit(operations) {
      const start = clock.monotonic();
      const result = await store.commit(operations);
      metrics.storeCommitSeconds.observe((clock.monotonic() - start) / 1000);
      return result;
    },
  };
}

function healthOf({ store }: Backend): HealthEndpoints {
  const storeCheck = {
    name: 'store',
    check: async () => {
      await store.range({ from: '/', limit: 0 });
      return undefined;
    },
  };
  return { healthz: [ping, storeCheck], livez: [ping], readyz: [ping, storeCheck] };
}

/** The paths that `/` lists. */
function pathsOf(all: readonly Kind[]): string[] {
  const groupVersions = new Set(
    all
      .filter((kind) => kind.group !== '')
      .flatMap(({ group, version }) => [`/apis/${group}`, `/apis/${group}/${version}`]),
  );
  return [
    '/api',
    '/api/v1',
    '/apis',
    ...[...groupVersions].sort(),
    '/healthz',
    '/livez',
    '/metrics',
    '/openapi/v2',
    '/openapi/v3',
    '/readyz',
    '/version',
  ];
}
