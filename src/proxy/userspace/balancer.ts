/** Which endpoint the next connection goes to. */
import type { Clock } from '../../lib/clock.ts';
import { affinityClientsMax } from './limits.ts';
import type { Backend } from './listeners.ts';

/** `roundRobin`: one after the other. `leastConnection`: who has the fewest, one after the other among equals. */
export type Scheduling = 'roundRobin' | 'leastConnection';

const keyOf = ({ address, port }: Backend): string => `${address} ${port}`;

export class Balancer {
  readonly #clock: Clock;
  readonly #scheduling: Scheduling;
  #backends: readonly Backend[] = [];
  #affinitySeconds: number | undefined;
  #next = 0;
  readonly #connections = new Map<string, number>();
  /** By client address, the longest silent first. */
  readonly #clients = new Map<string, { backend: string; lastSeen: number }>();

  constructor(options: { readonly clock: Clock; readonly scheduling: Scheduling }) {
    this.#clock = options.clock;
    this.#scheduling = options.scheduling;
  }

  set(backends: readonly Backend[], affinitySeconds: number | undefined): void {
    this.#backends = backends;
    this.#affinitySeconds = affinitySeconds;
    if (affinitySeconds === undefined) this.#clients.clear();
  }

  has(backend: Backend): boolean {
    return this.#backends.some((each) => keyOf(each) === keyOf(backend));
  }

  /** `tried`: those that did not answer this connection. Undefined when there is no other. */
  pick(client: string, tried: ReadonlySet<Backend> = new Set()): Backend | undefined {
    const open = this.#backends.filter((backend) => !tried.has(backend));
    if (open.length === 0) return undefined;
    const backend = this.#remembered(client, open) ?? this.#scheduled(open);
    this.#remember(client, backend);
    return backend;
  }

  opened(backend: Backend): void {
    const key = keyOf(backend);
    this.#connections.set(key, (this.#connections.get(key) ?? 0) + 1);
  }

  closed(backend: Backend): void {
    const key = keyOf(backend);
    const left = (this.#connections.get(key) ?? 0) - 1;
    if (left > 0) this.#connections.set(key, left);
    else this.#connections.delete(key);
  }

  #scheduled(open: readonly Backend[]): Backend {
    const turn = this.#next++;
    if (this.#scheduling === 'roundRobin') return open[turn % open.length]!;
    const load = (backend: Backend) => this.#connections.get(keyOf(backend)) ?? 0;
    const least = Math.min(...open.map(load));
    const idlest = open.filter((backend) => load(backend) === least);
    return idlest[turn % idlest.length]!;
  }

  /** An endpoint that does not count any more is nobody's. */
  #remembered(client: string, open: readonly Backend[]): Backend | undefined {
    const seconds = this.#affinitySeconds;
    const known = seconds === undefined ? undefined : this.#clients.get(client);
    if (known === undefined || seconds === undefined) return undefined;
    if (this.#clock.monotonic() - known.lastSeen >= seconds * 1000) return undefined;
    return open.find((backend) => keyOf(backend) === known.backend);
  }

  #remember(client: string, backend: Backend): void {
    if (this.#affinitySeconds === undefined) return;
    this.#clients.delete(client);
    this.#clients.set(client, { backend: keyOf(backend), lastSeen: this.#clock.monotonic() });
    if (this.#clients.size <= affinityClientsMax) return;
    const [longestSilent] = this.#clients.keys();
    this.#clients.delete(longestSilent!);
  }
}
