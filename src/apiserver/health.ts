/**
 * /healthz, /livez and /readyz with named checks, in upstream's text (k8s.io/apiserver pkg/server/healthz). Anybody may
 * ask, so a failure's reason stays out of the summary; the path of the single check tells it.
 */
import { noRouteError } from '../kinds/status.ts';
import type { ApiResponse } from './request.ts';

export interface HealthCheck {
  readonly name: string;
  /** What is wrong; undefined when nothing is. May throw instead. */
  check(): string | undefined | Promise<string | undefined>;
}

/** Always fine: the process answers. */
export const ping: HealthCheck = { name: 'ping', check: () => undefined };

export interface HealthEndpoints {
  readonly healthz: readonly HealthCheck[];
  readonly livez: readonly HealthCheck[];
  readonly readyz: readonly HealthCheck[];
}

export function isHealthPath(path: string): boolean {
  return /^\/(healthz|livez|readyz)(\/|$)/.test(path);
}

/** Answers a GET of `path` (without its query). Throws 404 for a check that is not there. */
export async function answerHealth(
  endpoints: HealthEndpoints,
  path: string,
  query: URLSearchParams,
): Promise<ApiResponse> {
  const [, endpoint = '', name = '', ...more] = path.split('/');
  if (!Object.hasOwn(endpoints, endpoint) || more.length > 0 || path.endsWith('/')) throw noRouteError();
  const checks = endpoints[endpoint as keyof HealthEndpoints];
  if (name === '') return summary(endpoint, checks, query);
  const check = checks.find((each) => each.name === name);
  if (check === undefined) throw noRouteError();
  const problem = await problemOf(check);
  return problem === undefined ? plain(200, 'ok') : plain(500, `internal server error: ${problem}\n`);
}

async function summary(
  endpoint: string,
  checks: readonly HealthCheck[],
  query: URLSearchParams,
): Promise<ApiResponse> {
  const unmatched = new Set(query.getAll('exclude'));
  let failed = false;
  let lines = '';
  for (const check of checks) {
    if (unmatched.delete(check.name)) {
      lines += `[+]${check.name} excluded: ok\n`;
    } else if ((await problemOf(check)) === undefined) {
      lines += `[+]${check.name} ok\n`;
    } else {
      failed = true;
      lines += `[-]${check.name} failed: reason withheld\n`;
    }
  }
  if (unmatched.size > 0) {
    const quoted = [...unmatched].sort().map((name) => JSON.stringify(name));
    lines += `warn: some health checks cannot be excluded: no matches for ${quoted.join(',')}\n`;
  }
  if (failed) return plain(500, `${lines}${endpoint} check failed\n`);
  return plain(200, query.has('verbose') ? `${lines}${endpoint} check passed\n` : 'ok');
}

async function problemOf(check: HealthCheck): Promise<string | undefined> {
  try {
    return await check.check();
  } catch (failure) {
    return failure instanceof Error ? failure.message : String(failure);
  }
}

function plain(status: number, text: string): ApiResponse {
  return {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-cache, private',
    },
    body: [Buffer.from(text)],
  };
}
