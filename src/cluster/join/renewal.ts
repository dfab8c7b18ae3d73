/** Renews a certificate in time, for as long as the agent runs. Source: k8s.io/client-go util/certificate. */
import { backoffMilliseconds } from '../../client/backoff.ts';
import { AbortedError } from '../../client/transport.ts';
import { type Clock, sleep } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import type { Random } from '../../lib/random.ts';
import { type CredentialName, lifeOf } from './key-files.ts';
import {
  renewalCheckMilliseconds,
  renewalMillisecondsMin,
  renewalPartMax,
  renewalPartMin,
  retryWaits,
} from './limits.ts';

export interface RenewalOptions {
  readonly name: CredentialName;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** The one in use, PEM. */
  certificate(): string;
  renew(): Promise<void>;
}

/** When a certificate is to be renewed: between 70 and 90 % of its life, so that nodes do not come all at once. */
export function renewalTime(life: { from: number; until: number }, random: Random): number {
  const part = renewalPartMin + (renewalPartMax - renewalPartMin) * random.next();
  return life.from + part * (life.until - life.from);
}

/** Until the signal aborts. A renewal that fails is tried again, and the old certificate serves on. */
export function keepFresh(options: RenewalOptions): void {
  run(options).catch((failure: unknown) => {
    if (!(failure instanceof AbortedError))
      options.log.error('certificates are not renewed any more', {
        name: options.name,
        error: String(failure),
      });
  });
}

async function run({ name, clock, random, log, signal, certificate, renew }: RenewalOptions): Promise<void> {
  let failures = 0;
  let due = renewalTime(lifeOf(certificate()), random);
  while (!signal.aborted) {
    const remaining = due - clock.now();
    if (remaining > 0) {
      await sleep(clock, Math.min(remaining, renewalCheckMilliseconds), signal);
      continue;
    }
    try {
      await renew();
      failures = 0;
      log.info('the certificate was renewed', { name });
      // A clock that is far off makes every certificate look old: that is no reason to ask without end.
      due = Math.max(renewalTime(lifeOf(certificate()), random), clock.now() + renewalMillisecondsMin);
    } catch (failure) {
      if (signal.aborted) return;
      log.warn('the certificate could not be renewed; it is tried again', { name, error: String(failure) });
      due = clock.now() + backoffMilliseconds(retryWaits, failures++, random);
    }
  }
}
