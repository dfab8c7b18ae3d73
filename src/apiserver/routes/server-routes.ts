/** Paths about the server itself: health, version, metrics, and the list of all paths. */
import { metricsContentType } from '../../lib/metrics.ts';
import { answerHealth, type HealthEndpoints, isHealthPath } from '../health.ts';
import type { ApiServerMetrics } from '../metrics.ts';
import { plainJson } from '../negotiate.ts';
import { respondJson } from '../rest/respond.ts';
import { versionInfo } from '../version.ts';
import type { Route } from './routes.ts';

export function healthRoute(endpoints: HealthEndpoints): Route {
  return ({ info }) => (isHealthPath(info.path) ? answerHealth(endpoints, info.path, info.query) : undefined);
}

/** `platform` is Go's GOOS/GOARCH; `runtime` what runs this. */
export function versionRoute(platform: string, runtime: string): Route {
  const version = versionInfo(platform, runtime);
  return (context) =>
    context.info.path === '/version' || context.info.path === '/version/'
      ? respondJson({ ...context, representation: plainJson }, 200, version)
      : undefined;
}

export function metricsRoute(metrics: ApiServerMetrics): Route {
  return ({ info }) =>
    info.path === '/metrics'
      ? {
          status: 200,
          headers: {
            'content-type': metricsContentType,
            'cache-control': 'no-cache, private',
          },
          body: [Buffer.from(metrics.render())],
        }
      : undefined;
}

/** `/`: what can be asked for. */
export function indexRoute(paths: readonly string[]): Route {
  return (context) =>
    context.info.path === '/' || context.info.path === '/index.html'
      ? respondJson({ ...context, representation: plainJson }, 200, { paths })
      : undefined;
}
