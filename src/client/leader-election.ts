/**
 * One of many at work, agreed on through a Lease. Times of other machines are not trusted: a lease has run out when it
 * was not seen to change for its duration by our own clock. Source: client-go tools/leaderelection.
 */
import type { Lease } from '../kinds/generated/types.ts';
import { StatusError } from '../kinds/status.ts';
import { type Clock, sleep } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { MetricsRegistry } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import * as limits from './limits.ts';
import type { Client } from './typed-client.ts';

export interface LeaderElectionOptions {
  readonly client: Client;
  /** The Lease; its namespace must be there. */
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Unlike every other candidate's. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics?: MetricsRegistry;
}

/** As they were last seen, and when, by the monotonic clock. */
interface Observed {
  readonly lease: Lease;
  readonly at: number;
}

export class LeaderElector {
  readonly #options: LeaderElectionOptions;
  #observed: Observed | undefined;
  #isLeader = false;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    const status = options.metrics?.readings(
      {
        name: 'leader_election_master_status',
        help: "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. 'name' is the string used to identify the lease.",
      },
      ['name'],
    );
    if (status !== undefined) status.of(options.lease.name).read = () => (this.#isLeader ? 1 : 0);
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  /** Who leads, as far as is known: '' when nobody does. */
  get leader(): string {
    return this.#observed?.lease.spec?.holderIdentity ?? '';
  }

  /**
   * Waits until this one leads, then calls `lead`; its signal aborts when leadership is lost or `signal` aborts, and it
   * resolves when its work has ended. Then the lease is given back. Resolves after one term; call again for another.
   */
  async run(lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { log, identity, lease } = this.#options;
    if (!(await this.#acquire(signal))) return;
    log.info('leading', { lease: `${lease.namespace}/${lease.name}`, identity });
    const term = new AbortController();
    const end = () => term.abort();
    signal.addEventListener('abort', end, { once: true });
    this.#isLeader = true;
    const work = lead(term.signal).finally(end);
    try {
      await this.#renew(term.signal);
    } finally {
      term.abort();
      signal.removeEventListener('abort', end);
      this.#isLeader = false;
      await work.catch((error: unknown) => log.error('what the leader did failed', { error }));
      await this.#release();
    }
  }

  async #acquire(signal: AbortSignal): Promise<boolean> {
    const { clock, random } = this.#options;
    while (!signal.aborted) {
      if (await this.#tryHold(signal)) return true;
      const wait = limits.leaseRetryMilliseconds * (1 + limits.leaseRetryJitter * random.next());
      await sleep(clock, wait, signal);
    }
    return false;
  }

  /** Until the signal aborts, or the lease could not be renewed for too long. */
  async #renew(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    let renewed = clock.monotonic();
    while (!signal.aborted) {
      await sleep(clock, limits.leaseRetryMilliseconds, signal);
      if (signal.aborted) return;
      // One attempt may hang: the deadline ends it.
      const attempt = new AbortController();
      const giveUp = () => attempt.abort();
      signal.addEventListener('abort', giveUp, { once: true });
      const left = renewed + limits.renewDeadlineMilliseconds - clock.monotonic();
      const cancel = clock.after(left, giveUp);
      const held = await this.#tryHold(attempt.signal);
      cancel();
      signal.removeEventListener('abort', giveUp);
      if (held) renewed = clock.monotonic();
      else if (clock.monotonic() - renewed >= limits.renewDeadlineMilliseconds) {
        log.warn('leadership is lost: the lease could not be renewed in time');
        return;
      }
    }
  }

  /** Creates, takes over or renews the lease; false when another holds it or the server does not answer. */
  async #tryHold(signal: AbortSignal): Promise<boolean> {
    const { client, lease, log } = this.#options;
    const leases = client.of('Lease');
    try {
      let found: Lease;
      try {
        found = await leases.get(lease, { signal });
      } catch (error) {
        if (!(error instanceof StatusError) || error.reason !== 'NotFound') throw error;
        this.#observe(await leases.create(this.#claim(undefined), { signal }));
        return true;
      }
      this.#observe(found);
      if (!this.#isMine(found) && this.#isHeld(found)) return false;
      this.#observe(await leases.update(this.#claim(found), { signal }));
      return true;
    } catch (error) {
      if (!signal.aborted)
        log.debug('the lease could not be taken', { error: error instanceof Error ? error.message : error });
      return false;
    }
  }

  #observe(lease: Lease): void {
    if (this.#observed?.lease.metadata.resourceVersion === lease.metadata.resourceVersion) return;
    this.#observed = { lease, at: this.#options.clock.monotonic() };
  }

  #isMine(lease: Lease): boolean {
    return lease.spec?.holderIdentity === this.#options.identity;
  }

  #isHeld(lease: Lease): boolean {
    if (!lease.spec?.holderIdentity) return false;
    const duration = (lease.spec.leaseDurationSeconds ?? 0) * 1000;
    return this.#options.clock.monotonic() < (this.#observed?.at ?? 0) + duration;
  }

  #claim(old: Lease | undefined): Lease {
    const { lease, identity } = this.#options;
    const now = microTime(this.#options.clock.now());
    const mine = old !== undefined && this.#isMine(old);
    const transitions = old?.spec?.leaseTransitions ?? 0;
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: old?.metadata ?? { ...lease },
      spec: {
        ...old?.spec,
        holderIdentity: identity,
        leaseDurationSeconds: limits.leaseMilliseconds / 1000,
        acquireTime: mine ? old.spec?.acquireTime : now,
        renewTime: now,
        leaseTransitions: old === undefined || mine ? transitions : transitions + 1,
      },
    };
  }

  /** So that the next one need not wait: no holder, and a lease of one second, as upstream leaves it. */
  async #release(): Promise<void> {
    const observed = this.#observed?.lease;
    if (observed === undefined || !this.#isMine(observed)) return;
    const { client, clock, log } = this.#options;
    const now = microTime(clock.now());
    const deadline = new AbortController();
    const cancel = clock.after(limits.renewDeadlineMilliseconds, () => deadline.abort());
    const { leaseTransitions } = observed.spec ?? {};
    const spec = {
      holderIdentity: '',
      leaseDurationSeconds: 1,
      acquireTime: now,
      renewTime: now,
      leaseTransitions,
    };
    try {
      this.#observe(await client.of('Lease').update({ ...observed, spec }, { signal: deadline.signal }));
    } catch (error) {
      log.debug('the lease could not be given back', {
        error: error instanceof Error ? error.message : error,
      });
    } finally {
      cancel();
    }
  }
}

/** `2026-01-01T00:00:00.000000Z` */
function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}
