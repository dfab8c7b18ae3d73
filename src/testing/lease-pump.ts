/**
 * Renews the leases of all nodes. They are spread over the interval in groups, so that 5,000 nodes are 25 requests
 * every 50 ms rather than 5,000 at once, and one timer stands for a whole group.
 */

import type { Client, KindClient } from '../client/typed-client.ts';
import type { Lease } from '../kinds/generated/types.ts';
import { StatusError } from '../kinds/status.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { microTimestamp } from '../lib/timestamp.ts';
import { leaseGroupsMax, leaseRenewMilliseconds, leasesAtOnceMax } from './limits.ts';
import { leaseNamespace, leaseObject } from './node-objects.ts';

export interface LeasePumpOptions {
  readonly names: readonly string[];
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** The node's uid while it should renew; undefined: it is down or not registered. */
  readonly uidOf: (name: string) => string | undefined;
}

export class LeasePump {
  readonly #options: LeasePumpOptions;
  readonly #leases: KindClient<Lease>;
  /** As the server answered last. */
  readonly #known = new Map<string, Lease>();
  readonly #busy = new Set<string>();

  constructor(options: LeasePumpOptions) {
    this.#options = options;
    this.#leases = options.client.of('Lease');
    const groups: string[][] = Array.from(
      { length: Math.min(options.names.length, leaseGroupsMax) },
      () => [],
    );
    for (const [index, name] of options.names.entries()) groups[index % groups.length]?.push(name);
    for (const [index, group] of groups.entries())
      this.#every(group, ((index + 1) * leaseRenewMilliseconds) / groups.length);
  }

  /** At once: when a node has registered or come back. Never throws. */
  async renew(name: string): Promise<void> {
    const { uidOf, log, signal } = this.#options;
    const uid = uidOf(name);
    // A renewal that takes longer than the interval is not joined by another.
    if (uid === undefined || signal.aborted || this.#busy.has(name)) return;
    this.#busy.add(name);
    try {
      this.#known.set(name, await this.#write(name, uid));
    } catch (error) {
      this.#known.delete(name);
      if (!signal.aborted) log.debug('a lease was not renewed', { name, error: String(error) });
    } finally {
      this.#busy.delete(name);
    }
  }

  #every(group: readonly string[], first: number): void {
    const { clock, signal } = this.#options;
    const turn = () => {
      if (signal.aborted) return;
      cancel = clock.after(leaseRenewMilliseconds, turn);
      this.#renewAll(group);
    };
    let cancel = clock.after(first, turn);
    signal.addEventListener('abort', () => cancel(), { once: true });
  }

  #renewAll(group: readonly string[]): void {
    const queue = group.values();
    const worker = async () => {
      for (const name of queue) await this.renew(name);
    };
    for (let count = 0; count < Math.min(leasesAtOnceMax, group.length); count++) worker();
  }

  async #write(name: string, uid: string): Promise<Lease> {
    const { clock, signal } = this.#options;
    const now = clock.now();
    const known = this.#known.get(name) ?? (await this.#find(name));
    if (known === undefined) return this.#leases.create(leaseObject({ name, uid }, now), { signal });
    const spec = { ...known.spec, holderIdentity: name, renewTime: microTimestamp(now) };
    return this.#leases.update({ ...known, spec }, { signal });
  }

  async #find(name: string): Promise<Lease | undefined> {
    const { signal } = this.#options;
    try {
      return await this.#leases.get({ namespace: leaseNamespace, name }, { signal });
    } catch (error) {
      if (error instanceof StatusError && error.httpCode === 404) return undefined;
      throw error;
    }
  }
}
