/**
 * The healthCheckNodePort of load balancer Services with policy Local: tells load balancers whether this node has an
 * endpoint. Source of the answer: pkg/proxy/healthcheck/service_health.go.
 */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { healthCheckRetryMilliseconds } from './limits.ts';
import type { PlannedService } from './planner.ts';

export interface HttpListener {
  readonly port: number;
  close(): void;
}

/** Opens a port, 0 being any that is free, on every address or on `host` alone; rejects when it is taken. */
export type ListenHttp = (port: number, handler: RequestListener, host?: string) => Promise<HttpListener>;

export const listenHttp: ListenHttp = (port, handler, host) =>
  new Promise((resolve, reject) => {
    const server = createServer(
      { requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 5000 },
      handler,
    );
    server.maxConnections = 256;
    server.once('error', reject);
    server.listen({ port, host }, () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () => {
          server.close();
          server.closeAllConnections();
        },
      }),
    );
  });

interface Check {
  readonly namespace: string;
  readonly name: string;
  localReady: number;
  readonly port: number;
  listener: HttpListener | undefined;
  /** Of the next try to open the port. */
  cancel: () => void;
}

export interface HealthChecksOptions {
  readonly listen: ListenHttp;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether the rules are as they should be: where they have not been for long, load balancers had better turn away. */
  readonly isHealthy: () => boolean;
  /** Told of each port that could not be opened; it is tried again. */
  readonly onFailure: (key: string, port: number, error: Error) => void;
}

function healthCheckPort({ service }: PlannedService): number | undefined {
  const { spec } = service;
  const isNeeded = spec?.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
  return isNeeded && (spec.healthCheckNodePort ?? 0) > 0 ? spec.healthCheckNodePort : undefined;
}

export class HealthChecks {
  readonly #checks = new Map<string, Check>();
  readonly #options: HealthChecksOptions;
  #closed = false;

  constructor(options: HealthChecksOptions) {
    this.#options = options;
  }

  /** What a Service is now; undefined when it is gone. */
  set(key: string, planned: PlannedService | undefined): void {
    const port = planned && healthCheckPort(planned);
    const old = this.#checks.get(key);
    if (old !== undefined && old.port !== port) {
      this.#checks.delete(key);
      end(old);
    }
    if (planned === undefined || port === undefined || this.#closed) return;
    const kept = this.#checks.get(key);
    if (kept !== undefined) {
      kept.localReady = planned.localReady;
      return;
    }
    const { namespace = '', name = '' } = planned.service.metadata;
    const { localReady } = planned;
    const check: Check = { namespace, name, localReady, port, listener: undefined, cancel: () => {} };
    this.#checks.set(key, check);
    void this.#open(key, check);
  }

  close(): void {
    this.#closed = true;
    for (const check of this.#checks.values()) end(check);
    this.#checks.clear();
  }

  async #open(key: string, check: Check): Promise<void> {
    const { listen, clock, log, isHealthy, onFailure } = this.#options;
    try {
      const listener = await listen(check.port, (_, response) => {
        const { namespace, name, localReady } = check;
        const serviceProxyHealthy = isHealthy();
        const body = JSON.stringify({
          service: { namespace, name },
          localEndpoints: localReady,
          serviceProxyHealthy,
        });
        response.writeHead(localReady > 0 && serviceProxyHealthy ? 200 : 503, {
          'Content-Type': 'application/json',
          'X-Content-Type-Options': 'nosniff',
          'X-Load-Balancing-Endpoint-Weight': String(localReady),
        });
        response.end(body);
      });
      // Meanwhile the Service may have gone.
      if (this.#checks.get(key) === check) check.listener = listener;
      else listener.close();
    } catch (error) {
      // Meanwhile the Service may have gone.
      if (this.#checks.get(key) !== check) return;
      log.error('a health check port could not be opened', { service: key, port: check.port, error });
      onFailure(key, check.port, error as Error);
      // Whoever has it may be the agent before this one, or a Service that is about to go.
      check.cancel = clock.after(healthCheckRetryMilliseconds, () => void this.#open(key, check));
    }
  }
}

function end({ listener, cancel }: Check): void {
  cancel();
  listener?.close();
}
