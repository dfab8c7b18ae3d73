/**
 * The healthCheckNodePort of load balancer Services with policy Local: tells load balancers whether this node has an
 * endpoint. Source of the answer: pkg/proxy/healthcheck/service_health.go.
 */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../lib/log.ts';
import type { PlannedService } from './planner.ts';

export interface HttpListener {
  readonly port: number;
  close(): void;
}

/** Opens a port on every address, 0 being any that is free; rejects when it is taken. */
export type ListenHttp = (port: number, handler: RequestListener) => Promise<HttpListener>;

export const listenHttp: ListenHttp = (port, handler) =>
  new Promise((resolve, reject) => {
    const server = createServer(
      { requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 5000 },
      handler,
    );
    server.maxConnections = 256;
    server.once('error', reject);
    server.listen(port, () =>
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
}

function healthCheckPort({ service }: PlannedService): number | undefined {
  const { spec } = service;
  const isNeeded = spec?.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
  return isNeeded && (spec.healthCheckNodePort ?? 0) > 0 ? spec.healthCheckNodePort : undefined;
}

export class HealthChecks {
  readonly #checks = new Map<string, Check>();
  readonly #listen: ListenHttp;
  readonly #log: Logger;
  #closed = false;

  constructor(options: { listen: ListenHttp; log: Logger }) {
    this.#listen = options.listen;
    this.#log = options.log;
  }

  /** What a Service is now; undefined when it is gone. */
  set(key: string, planned: PlannedService | undefined): void {
    const port = planned && healthCheckPort(planned);
    const old = this.#checks.get(key);
    if (old !== undefined && old.port !== port) {
      this.#checks.delete(key);
      old.listener?.close();
    }
    if (planned === undefined || port === undefined || this.#closed) return;
    const kept = this.#checks.get(key);
    if (kept !== undefined) {
      kept.localReady = planned.localReady;
      return;
    }
    const { namespace = '', name = '' } = planned.service.metadata;
    const check: Check = { namespace, name, localReady: planned.localReady, port, listener: undefined };
    this.#checks.set(key, check);
    void this.#open(key, check);
  }

  close(): void {
    this.#closed = true;
    for (const { listener } of this.#checks.values()) listener?.close();
    this.#checks.clear();
  }

  async #open(key: string, check: Check): Promise<void> {
    try {
      const listener = await this.#listen(check.port, (_, response) => {
        const { namespace, name, localReady } = check;
        const body = JSON.stringify({
          service: { namespace, name },
          localEndpoints: localReady,
          serviceProxyHealthy: true,
        });
        response.writeHead(localReady > 0 ? 200 : 503, {
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
      if (this.#checks.get(key) === check) this.#checks.delete(key);
      this.#log.error('a health check port could not be opened', { service: key, port: check.port, error });
    }
  }
}
