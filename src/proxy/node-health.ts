/**
 * What load balancers and people ask a node's proxy: /healthz and /livez on port 10256, and on 10249, from the node
 * itself, /proxyMode and /metrics. Ports, paths and answers are kube-proxy's (pkg/proxy/healthcheck/proxy_health.go,
 * cmd/kube-proxy/app/server.go).
 */
import type { RequestListener } from 'node:http';
import type { Node } from '../kinds/generated/types.ts';
import { onAbort } from '../lib/abort.ts';
import type { Clock } from '../lib/clock.ts';
import type { IPFamily } from '../lib/ip.ts';
import type { Logger } from '../lib/log.ts';
import { type MetricsRegistry, metricsContentType } from '../lib/metrics.ts';
import type { ListenHttp } from './health-check.ts';
import { healthCheckRetryMilliseconds, healthzPort, statusPort } from './limits.ts';

export interface ProxyHealth {
  readonly isHealthy: boolean;
  readonly families: readonly IPFamily[];
  /** In milliseconds since the epoch; undefined before the rules were programmed for the first time. */
  readonly lastUpdated: number | undefined;
}

export interface NodeHealthOptions {
  readonly mode: 'nftables' | 'userspace';
  readonly health: () => ProxyHealth;
  /** The proxy's own, as the API server knows it. */
  readonly node: () => Node | undefined;
  readonly metrics: MetricsRegistry;
  readonly listen: ListenHttp;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** With which the cluster autoscaler announces that it takes a node away. */
const deletionTaint = 'ToBeDeletedByClusterAutoscaler';

/** A node on its way out takes no new connections from load balancers. */
function isEligible(node: Node | undefined): boolean {
  if (node === undefined || node.metadata.deletionTimestamp !== undefined) return false;
  return (node.spec?.taints ?? []).every(({ key }) => key !== deletionTaint);
}

/** Go's zero time, where there is none. */
const timeText = (milliseconds: number | undefined): string =>
  milliseconds === undefined ? '0001-01-01T00:00:00Z' : new Date(milliseconds).toISOString();

function healthAnswer(
  { isHealthy, families, lastUpdated }: ProxyHealth,
  { now, nodeEligible }: { now: number; nodeEligible?: boolean },
): Answer {
  const isFine = isHealthy && nodeEligible !== false;
  const each = { lastUpdated: timeText(lastUpdated), healthy: isHealthy };
  const status = lastUpdated === undefined ? [] : families.map((family) => [family, each]);
  const body = {
    lastUpdated: timeText(isFine ? now : lastUpdated),
    currentTime: timeText(now),
    ...(nodeEligible === undefined ? {} : { nodeEligible }),
    healthy: isHealthy,
    ...(status.length === 0 ? {} : { status: Object.fromEntries(status) }),
  };
  return { status: isFine ? 200 : 503, type: 'application/json', body: JSON.stringify(body) };
}

const text = (body: string): Answer => ({ status: 200, type: 'text/plain; charset=utf-8', body });
const notFound: Answer = { ...text('404 page not found\n'), status: 404 };

const pathOf = (url: string | undefined): string => (url ?? '').split('?', 1)[0] as string;

const serving =
  (answerTo: (path: string) => Answer): RequestListener =>
  ({ url }, response) => {
    const { status, type, body } = answerTo(pathOf(url));
    response.writeHead(status, { 'Content-Type': type, 'X-Content-Type-Options': 'nosniff' });
    response.end(body);
  };

/** Until the signal. A port that somebody else has is tried again. */
export function serveNodeHealth(options: NodeHealthOptions): void {
  const { mode, health, node, metrics, clock } = options;
  const healthz = serving((path) => {
    const now = clock.now();
    if (path === '/healthz') return healthAnswer(health(), { now, nodeEligible: isEligible(node()) });
    return path === '/livez' ? healthAnswer(health(), { now }) : notFound;
  });
  const status = serving((path) => {
    if (path === '/proxyMode') return text(mode);
    if (path === '/healthz') return text('ok');
    return path === '/metrics' ? { ...text(metrics.render()), type: metricsContentType } : notFound;
  });
  keepOpen(options, (listen) => listen(healthzPort, healthz));
  keepOpen(options, (listen) => listen(statusPort, status, '127.0.0.1'));
}

function keepOpen(
  options: Pick<NodeHealthOptions, 'listen' | 'clock' | 'log' | 'signal'>,
  open: (listen: ListenHttp) => ReturnType<ListenHttp>,
): void {
  const { listen, clock, log, signal } = options;
  let cancel = () => {};
  let isTold = false;
  const attempt = async (): Promise<void> => {
    try {
      const listener = await open(listen);
      if (signal.aborted) listener.close();
      else cancel = () => listener.close();
    } catch (error) {
      // Once: another proxy may have it for as long as the node lives.
      if (!isTold) log.warn("a port of the proxy's health could not be opened; trying again", { error });
      isTold = true;
      if (!signal.aborted) cancel = clock.after(healthCheckRetryMilliseconds, () => void attempt());
    }
  };
  if (signal.aborted) return;
  onAbort(signal, () => cancel());
  void attempt();
}
