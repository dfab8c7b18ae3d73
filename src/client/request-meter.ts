/** What a client counts of its requests, under upstream's names. Source: k8s.io/component-base metrics/prometheus/restclient. */
import type { Counter, Histogram, Labeled, MetricsRegistry } from '../lib/metrics.ts';

const bounds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/** The code of a request that got no answer. */
const noAnswer = '<error>';

export class RequestMeter {
  readonly #host: string;
  readonly #requests: Labeled<Counter>;
  readonly #retries: Labeled<Counter>;
  readonly #durations: Labeled<Histogram>;
  /** By method and code: looking the labels up costs more than counting. Bounded by the codes of HTTP. */
  readonly #known = new Map<string, { readonly count: Counter; readonly seconds: Histogram }>();

  /** `host`: whom the requests go to, `127.0.0.1:6443`. */
  constructor(registry: MetricsRegistry, host: string) {
    this.#host = host;
    this.#durations = registry.histograms(
      {
        name: 'rest_client_request_duration_seconds',
        help: 'Request latency in seconds. Broken down by verb, and host.',
      },
      ['host', 'verb'],
      bounds,
    );
    this.#requests = registry.counters(
      {
        name: 'rest_client_requests_total',
        help: 'Number of HTTP requests, partitioned by status code, method, and host.',
      },
      ['code', 'host', 'method'],
    );
    this.#retries = registry.counters(
      {
        name: 'rest_client_request_retries_total',
        help: 'Number of request retries, partitioned by status code, verb, and host.',
      },
      ['code', 'host', 'verb'],
    );
  }

  /** `code` undefined: no answer came. `seconds` undefined: a watch, whose time tells nothing. */
  answered(method: string, code: number | undefined, { seconds }: { seconds: number | undefined }): void {
    const key = `${method} ${code}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      known = {
        count: this.#requests.of(codeText(code), this.#host, method),
        seconds: this.#durations.of(this.#host, method),
      };
      this.#known.set(key, known);
    }
    known.count.value++;
    if (seconds !== undefined) known.seconds.observe(seconds);
  }

  retried(method: string, code: number): void {
    this.#retries.of(codeText(code), this.#host, method).value++;
  }
}

const codeText = (code: number | undefined): string => (code === undefined ? noAnswer : String(code));
