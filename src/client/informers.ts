/** One informer for each kind, shared by everybody in the process who asks for it. */

import type { KubeObject } from '../kinds/object.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import { Informer } from './informer.ts';
import type { KindName, ObjectOf } from './kind-names.ts';
import { SharedParts } from './shared-parts.ts';
import type { Client } from './typed-client.ts';

export interface InformersOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** See InformerOptions. */
  readonly freeze?: boolean;
}

export class Informers {
  readonly #options: InformersOptions;
  readonly #sharedParts = new SharedParts();
  readonly #informers = new Map<KindName, Informer<KubeObject>>();
  #signal: AbortSignal | undefined;

  constructor(options: InformersOptions) {
    this.#options = options;
  }

  /** Made at the first call; one made after `start` starts at once. */
  of<Name extends KindName>(name: Name): Informer<ObjectOf<Name>> {
    let informer = this.#informers.get(name);
    if (informer === undefined) {
      const { client, clock, random, log, freeze } = this.#options;
      const kindClient = client.ofKind<KubeObject>(client.of(name).kind);
      const sharedParts = this.#sharedParts;
      informer = new Informer<KubeObject>({ client: kindClient, clock, random, log, freeze, sharedParts });
      this.#informers.set(name, informer);
      if (this.#signal !== undefined) informer.start(this.#signal);
    }
    return informer as unknown as Informer<ObjectOf<Name>>;
  }

  /** Until the signal aborts. */
  start(signal: AbortSignal): void {
    this.#signal = signal;
    for (const informer of this.#informers.values()) informer.start(signal);
  }

  get hasSynced(): boolean {
    return [...this.#informers.values()].every(({ hasSynced }) => hasSynced);
  }

  /** When every informer made so far has its first state; never when the signal aborts before that. */
  async synced(): Promise<void> {
    const all = [...this.#informers.values()];
    await Promise.all(all.map((informer) => new Promise<void>((resolve) => informer.onSynced(resolve))));
  }
}
