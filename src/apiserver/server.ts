/** Puts the API server together: store, cache, hub, filters, routes. Nothing here listens; see `http/`. */

import type { Kind } from '../kinds/kind.ts';
import { noRouteError } from '../kinds/status.ts';
import type { Clock } from '../lib/clock.ts';
import { type Logger, silentLogger } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import type { Store } from '../store/store.ts';
import { makeAuthorizer } from './authorization/authorizers.ts';
import { type BootOptions, bootCluster, keepClusterObjects } from './boot.ts';
import { WatchCache } from './cache/watch-cache.ts';
import type { Backend, RequestContext } from './context.ts';
import { type CheckToken, type InFlight, makeFilters, type Next, statusOf } from './filters/chain.ts';
import type { Hook } from './hooks/hook.ts';
import { KindTable } from './kind-table.ts';
import { startCompaction } from './maintenance.ts';
import { negotiate, plainJson } from './negotiate.ts';
import { applyPatchType } from './patch/apply-patch.ts';
import { type ApiRequest, type ApiResponse, anonymous, type Handler } from './request.ts';
import { parseRequest, type RequestInfo } from './request-info.ts';
import { dispatch } from './rest/dispatch.ts';
import { patchTypeOf } from './rest/patch.ts';
import { respondJson, toYaml } from './rest/respond.ts';
import { isReview } from './rest/subresources/reviews.ts';
import type { NonResourceRoutes } from './routes/routes.ts';
import { checkBootstrapToken, isBootstrapToken } from './tokens/bootstrap.ts';
import type { Tokens } from './tokens/tokens.ts';
import { isLongRunning } from './tunnels/long-running.ts';
import type { Tunnels } from './tunnels/tunnels.ts';
import { WatchHub, type WatchInstruments } from './watch/watch-hub.ts';
import { yamlReadMillisecondsMax, yamlWriteMillisecondsMax } from './yaml/limits.ts';
import { YamlThread } from './yaml/thread.ts';

/** What happened to one request, for metrics. */
export interface RequestRecord {
  readonly info: RequestInfo | undefined;
  /** Undefined when the path names no kind. */
  readonly kind: Kind | undefined;
  readonly status: number;
  readonly seconds: number;
  /** A patch that is a server-side apply. */
  readonly isApply: boolean;
}

export interface ApiServerOptions {
  readonly store: Store;
  readonly kinds: readonly Kind[];
  readonly hooks: readonly Hook[];
  readonly clock: Clock;
  readonly random: Random;
  readonly boot: BootOptions;
  readonly log?: Logger;
  /** Makes the routes that are no resources: discovery, OpenAPI, health, metrics. */
  readonly routes: (backend: Backend) => NonResourceRoutes;
  readonly inFlight: InFlight;
  readonly tokens?: Tokens;
  readonly tunnels?: Tunnels | undefined;
  readonly disabledAdmission?: ReadonlySet<string>;
  readonly observe?: (record: RequestRecord) => void;
  /** Where the hub counts events and watchers of a kind. */
  readonly watchInstruments?: WatchInstruments;
}

export interface ApiServer {
  readonly handle: Handler;
  readonly backend: Backend;
  /** Ends watches, stops maintenance. The store stays open: it belongs to the caller. */
  close(): Promise<void>;
}

function contextOf(request: ApiRequest): RequestContext {
  return { request, info: parseRequest(request.method, request.url), user: anonymous, warnings: [] };
}

/** Subresources that have a Table: that of the object, or one of their own. */
const tabular: ReadonlySet<string> = new Set(['', 'status', 'scale']);

function routeResource(backend: Backend, context: RequestContext): ReturnType<Next> {
  const { info, request } = context;
  const kind = backend.kinds.byResource(info.group, info.version, info.resource);
  if (kind === undefined) throw noRouteError();
  if (kind.deprecation !== undefined) context.warnings.push(kind.deprecation);
  const transforms = tabular.has(info.subresource);
  // A watch negotiates for itself: its stream has media types of its own. What comes out of a node is not ours to form.
  const representation =
    info.verb === 'watch' || isLongRunning(info.subresource)
      ? plainJson
      : negotiate(request.headers.accept, { transforms, tables: !isReview(kind.plural) });
  const stored = backend.kinds.storedKindOf(kind);
  const response = dispatch({ ...context, backend, kind, stored, representation });
  if (representation.media !== 'yaml') return response;
  return toYaml(response, backend.yaml.write);
}

/** Whom a bearer token stands for; undefined: nobody. */
function tokenChecker({ tokens, cache, clock }: Backend): CheckToken {
  return async (token) => {
    const at = { lookup: (...of: Parameters<typeof cache.get>) => cache.get(...of), now: clock.now() };
    if (isBootstrapToken(token)) return checkBootstrapToken(token, at);
    const verdict = await tokens?.check(token, at);
    return verdict !== undefined && 'user' in verdict ? verdict.user : undefined;
  };
}

function compose(filters: ReturnType<typeof makeFilters>, last: Next): Next {
  return filters.reduceRight<Next>((next, filter) => (context) => filter(context, next), last);
}

/** Fills the cache, boots the cluster's own objects, and answers. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, clock, random, tokens, log = silentLogger } = options;
  const { disabledAdmission = new Set<string>() } = options;
  const kinds = new KindTable(options.kinds);
  const cache = new WatchCache({
    store,
    kinds: kinds.stored,
    clock,
    onRestart: (error) =>
      log.warn('the watch of the store ended; the cache fills anew', { error: error.message }),
  });
  await cache.start();
  const hub = new WatchHub(cache, clock, options.watchInstruments);
  const yaml = {
    read: new YamlThread({ clock, millisecondsMax: yamlReadMillisecondsMax }),
    write: new YamlThread({ clock, millisecondsMax: yamlWriteMillisecondsMax }),
  };
  const backend: Backend = {
    store,
    cache,
    hub,
    kinds,
    hooks: options.hooks,
    clock,
    random,
    yaml,
    tokens,
    tunnels: options.tunnels,
    authorizer: makeAuthorizer(cache),
    disabledAdmission,
  };
  for (const hook of options.hooks) hook.start?.(cache);
  const routes = options.routes(backend);
  const answer = compose(
    makeFilters(options.inFlight, tokenChecker(backend), backend.authorizer),
    (context) => (context.info.isResource ? routeResource(backend, context) : routes.answer(context)),
  );
  const handle = makeHandler(answer, { kinds, clock, log, observe: options.observe });
  const stopServing = () => {
    hub.close();
    cache.close();
  };
  try {
    await bootCluster(handle, options.boot);
  } catch (failure) {
    // Before the caller closes the store: its end is then no news.
    stopServing();
    throw failure;
  }
  const stopKeeping = keepClusterObjects(handle, options.boot, { cache, kinds, clock, log });
  const stopCompaction = startCompaction({ store, clock, log });
  return {
    handle,
    backend,
    async close() {
      stopKeeping();
      stopCompaction();
      stopServing();
      await Promise.all([yaml.read.close(), yaml.write.close()]);
    },
  };
}

function makeHandler(
  answer: Next,
  options: { kinds: KindTable; clock: Clock; log: Logger; observe: ApiServerOptions['observe'] },
): Handler {
  const { kinds, clock, log, observe } = options;
  return async (request) => {
    const start = clock.monotonic();
    let context: RequestContext | undefined;
    let response: ApiResponse;
    try {
      context = contextOf(request);
      response = await answer(context);
    } catch (error) {
      const internal = (cause: unknown) =>
        log.error('a request failed inside the server', {
          method: request.method,
          url: request.url,
          error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
        });
      response = respondFailure(request, context, statusOf(error, internal));
    }
    const info = context?.info;
    const kind = info && kinds.byResource(info.group, info.version, info.resource);
    const seconds = (clock.monotonic() - start) / 1000;
    const isApply = info?.verb === 'patch' && patchTypeOf({ request }) === applyPatchType;
    observe?.({ info, kind, status: response.status, seconds, isApply });
    return response;
  };
}

function respondFailure(
  request: ApiRequest,
  context: RequestContext | undefined,
  error: ReturnType<typeof statusOf>,
): ApiResponse {
  const { info = parseRequest('GET', '/'), warnings = [] } = context ?? {};
  const response = respondJson(
    { request, info, warnings, representation: plainJson },
    error.httpCode,
    error.toStatus(),
  );
  const retry = error.details?.retryAfterSeconds;
  return retry === undefined
    ? response
    : { ...response, headers: { ...response.headers, 'retry-after': String(retry) } };
}
