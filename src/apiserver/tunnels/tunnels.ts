/** What all requests into nodes and pods share: how connections are made, who we are, and how many there may be. */

import { tooManyRequestsError } from '../../kinds/status.ts';
import type { Clock } from '../../lib/clock.ts';
import { type AddressRules, canonicalAddresses } from './addresses.ts';
import type { Dialler } from './dialler.ts';
import { tunnelsMax } from './limits.ts';

export interface TunnelOptions {
  readonly dialler: Dialler;
  /** How kubelets are spoken to: PEM of who signs their certificates, and what we show them. */
  readonly kubelets: {
    readonly authority: string;
    readonly client: { readonly certificate: string; readonly key: string };
  };
  /** Addresses of this server, which nobody is passed on to. */
  readonly ownAddresses: readonly string[];
  /** For tests; see limits.ts. */
  readonly tunnelsMax?: number;
}

export class Tunnels {
  readonly clock: Clock;
  readonly dialler: Dialler;
  readonly kubelets: TunnelOptions['kubelets'];
  readonly rules: AddressRules;
  readonly #max: number;
  #open = 0;

  constructor(options: TunnelOptions, more: { clock: Clock; allowLoopback: boolean }) {
    this.clock = more.clock;
    this.dialler = options.dialler;
    this.kubelets = options.kubelets;
    this.rules = { own: canonicalAddresses(options.ownAddresses), allowLoopback: more.allowLoopback };
    this.#max = options.tunnelsMax ?? tunnelsMax;
  }

  /** Tunnels and passed-on requests under way. */
  get open(): number {
    return this.#open;
  }

  /** Takes a place; the returned function, called any number of times, gives it back. Throws 429. */
  enter(): () => void {
    if (this.#open >= this.#max) throw tooManyRequestsError('Too many requests, please try again later.', 1);
    this.#open++;
    let left = false;
    return () => {
      if (!left) this.#open--;
      left = true;
    };
  }
}
