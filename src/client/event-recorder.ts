/** Writes Events, one after the other, in the background: whoever records one never waits and never fails. */
import type { CoreEvent } from '../kinds/generated/types.ts';
import { isDNS1123Subdomain } from '../kinds/names.ts';
import { StatusError } from '../kinds/status.ts';
import { type Clock, sleep } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { type Random, randomInteger } from '../lib/random.ts';
import type { EventText } from './change.ts';
import { type Correlated, EventCorrelator } from './event-correlator.ts';
import {
  eventAttemptsMax,
  eventMessageBytesMax,
  eventRetryMilliseconds,
  recorderEventsMax,
} from './limits.ts';
import { AbortedError } from './transport.ts';
import type { Client } from './typed-client.ts';

export interface EventRecorderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Who says it: `{ component: 'deployment-controller' }`, `{ component: 'kubelet', host: 'node-1' }`. */
export interface EventSource {
  readonly component: string;
  readonly host?: string;
}

interface Waiting {
  readonly source: EventSource;
  readonly event: CoreEvent;
}

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #correlators = new Map<string, EventCorrelator>();
  readonly #waiting: Waiting[] = [];
  #sending = false;
  #dropped = 0;
  #lastName = 0n;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Events waiting to be written, and those dropped because too many waited. */
  get waiting(): number {
    return this.#waiting.length + (this.#sending ? 1 : 0);
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** What a controller records with. */
  from(source: EventSource): (event: EventText) => void {
    return (event) => this.record(source, event);
  }

  record(source: EventSource, text: EventText): void {
    if (this.#options.signal.aborted) return;
    if (this.#waiting.length >= recorderEventsMax) {
      this.#dropped++;
      return;
    }
    this.#waiting.push({ source, event: this.#makeEvent(source, text) });
    if (!this.#sending) this.#sendAll();
  }

  #makeEvent(source: EventSource, text: EventText): CoreEvent {
    const { regarding, type, reason } = text;
    const name = `${regarding.name}.${this.#uniqueSuffix()}`;
    const time = `${new Date(this.#options.clock.now()).toISOString().slice(0, 19)}Z`;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        // Not every name makes a name of an Event: some are too long, those of Roles may have colons. As upstream.
        name: isDNS1123Subdomain(name).length === 0 ? name : this.#options.random.uuid(),
        namespace: regarding.namespace || 'default',
      },
      involvedObject: regarding,
      reason,
      message: cut(text.message),
      source: source.host === undefined ? { component: source.component } : { ...source },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      type,
      reportingComponent: source.component,
      reportingInstance: source.host ?? '',
    };
  }

  /** Nanoseconds in hexadecimal, as upstream; where the clock does not move, they move by one. */
  #uniqueSuffix(): string {
    const now = BigInt(Math.floor(this.#options.clock.now())) * 1_000_000n;
    this.#lastName = now > this.#lastName ? now : this.#lastName + 1n;
    return this.#lastName.toString(16);
  }

  /** Another recorder has told of the same object in the same millisecond: a name somewhere within it is free. */
  #renamed(event: CoreEvent): CoreEvent {
    const within = BigInt(randomInteger(this.#options.random, 1_000_000));
    const suffix = ((this.#lastName / 1_000_000n) * 1_000_000n + within).toString(16);
    const name = `${event.metadata.name?.replace(/\.[^.]*$/, '')}.${suffix}`;
    return { ...event, metadata: { ...event.metadata, name } };
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    // Not within the call of whoever records: a reconcile may go on first.
    await new Promise((resolve) => setImmediate(resolve));
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (this.#options.signal.aborted) this.#waiting.length = 0;
      else await this.#send(next);
    }
    this.#sending = false;
  }

  async #send({ source, event }: Waiting): Promise<void> {
    const { clock, random, log, signal } = this.#options;
    const correlator = this.#correlatorOf(source);
    let correlated = correlator.correlate(event);
    if (correlated === undefined) return;
    for (let attempt = 0; attempt < eventAttemptsMax; attempt++) {
      try {
        correlator.remember(correlated.key, await this.#write(correlated));
        return;
      } catch (error) {
        if (error instanceof AbortedError) return;
        if (attempt === 0 && isTaken(error)) {
          correlated = { ...correlated, event: this.#renamed(correlated.event) };
          continue;
        }
        // A refusal is final: the namespace is going, say.
        if (error instanceof StatusError && error.httpCode < 500 && error.httpCode !== 429) {
          log.debug('an event was refused', { reason: event.reason, error: error.message });
          return;
        }
      }
      // The first wait is of random length, so that many clients do not come back at once.
      const wait = attempt === 0 ? randomInteger(random, eventRetryMilliseconds) : eventRetryMilliseconds;
      await sleep(clock, wait, signal);
      if (signal.aborted) return;
    }
    log.warn('an event could not be written', { reason: event.reason, message: event.message });
  }

  /** One correlator for each component, as each of upstream's has a recorder of its own. */
  #correlatorOf(source: EventSource): EventCorrelator {
    const known = this.#correlators.get(source.component);
    if (known !== undefined) return known;
    const correlator = new EventCorrelator(this.#options.clock);
    this.#correlators.set(source.component, correlator);
    return correlator;
  }

  async #write({ event }: Correlated): Promise<CoreEvent> {
    const events = this.#options.client.of('Event');
    const { signal } = this.#options;
    const { name = '', namespace } = event.metadata;
    if ((event.count ?? 1) > 1) {
      const { count, lastTimestamp, message } = event;
      try {
        return await events.patch(
          { name, namespace },
          { type: 'strategic', patch: { count, lastTimestamp, message }, signal },
        );
      } catch (error) {
        // It has been forgotten meanwhile: Events live for an hour. Then it is made anew, under its name and count.
        if (!(error instanceof StatusError) || error.reason !== 'NotFound') throw error;
      }
    }
    return events.create(event, { signal });
  }
}

/** On the first try: later, it may be this very Event, of which only the answer was lost. */
const isTaken = (error: unknown): boolean => error instanceof StatusError && error.reason === 'AlreadyExists';

function cut(message: string): string {
  if (Buffer.byteLength(message) <= eventMessageBytesMax) return message;
  const bytes = Buffer.from(message).subarray(0, eventMessageBytesMax - 3);
  return `${bytes.toString('utf8').replace(/\ufffd+$/, '')}...`;
}
