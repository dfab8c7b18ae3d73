/**
 * Keeps Events from flooding the store: the same one again is counted, similar ones are combined, and an object that
 * causes too many is muted for a while. Source: client-go tools/record/events_cache.go.
 */
import type { CoreEvent } from '../kinds/generated/types.ts';
import type { Clock } from '../lib/clock.ts';
import { BoundedMap } from './bounded-map.ts';
import {
  correlatorEntriesMax,
  eventBurstPerObject,
  eventRefillMilliseconds,
  similarEventsMax,
  similarEventsMilliseconds,
} from './limits.ts';

/** `count` above 1: an Event of this name is there already and gets the new count. */
export interface Correlated {
  readonly event: CoreEvent;
  /** What the answer of the server is remembered under. */
  readonly key: string;
}

interface Bucket {
  tokens: number;
  at: number;
}

interface Similar {
  readonly messages: Set<string>;
  at: number;
}

interface Seen {
  readonly name: string;
  readonly firstTimestamp: string | undefined;
  readonly count: number;
}

const separator = '\u0000';

function objectParts({ involvedObject, source }: CoreEvent): (string | undefined)[] {
  const { kind, namespace, name, uid, apiVersion } = involvedObject;
  return [source?.component, source?.host, kind, namespace, name, uid, apiVersion];
}

const spamKey = (event: CoreEvent): string => objectParts(event).join(separator);

const similarKey = (event: CoreEvent): string =>
  [...objectParts(event), event.type, event.reason, event.reportingComponent, event.reportingInstance].join(
    separator,
  );

const sameKey = (event: CoreEvent): string =>
  [...objectParts(event), event.involvedObject.fieldPath, event.type, event.reason, event.message].join(
    separator,
  );

export class EventCorrelator {
  readonly #clock: Clock;
  readonly #buckets = new BoundedMap<Bucket>(correlatorEntriesMax);
  readonly #similar = new BoundedMap<Similar>(correlatorEntriesMax);
  readonly #seen = new BoundedMap<Seen>(correlatorEntriesMax);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined: the object has caused too many events, this one is dropped. */
  correlate(fresh: CoreEvent): Correlated | undefined {
    const { event, key } = this.#combine(fresh);
    const seen = this.#seen.get(key);
    const counted: CoreEvent =
      seen === undefined
        ? event
        : {
            ...event,
            metadata: { ...event.metadata, name: seen.name },
            firstTimestamp: seen.firstTimestamp,
            count: seen.count + 1,
          };
    this.remember(key, counted);
    // As upstream the muting comes last, so that what was muted is in the count of the next one.
    return this.#isMuted(counted) ? undefined : { event: counted, key };
  }

  /** What the server has now under this key. */
  remember(key: string, event: CoreEvent): void {
    this.#seen.set(key, {
      name: event.metadata.name ?? '',
      firstTimestamp: event.firstTimestamp,
      count: event.count ?? 1,
    });
  }

  /** The tenth message of one sort within ten minutes, and those after it, become one Event. */
  #combine(fresh: CoreEvent): Correlated {
    const now = this.#clock.monotonic();
    const key = similarKey(fresh);
    let similar = this.#similar.get(key);
    if (similar === undefined || now - similar.at > similarEventsMilliseconds)
      similar = { messages: new Set(), at: now };
    similar.messages.add(fresh.message ?? '');
    similar.at = now;
    this.#similar.set(key, similar);
    if (similar.messages.size < similarEventsMax) return { event: fresh, key: sameKey(fresh) };
    for (const message of similar.messages) {
      similar.messages.delete(message);
      break;
    }
    return { event: { ...fresh, message: `(combined from similar events): ${fresh.message}` }, key };
  }

  /** A bucket of 25, and one more every five minutes, for each source and object. */
  #isMuted(event: CoreEvent): boolean {
    const now = this.#clock.monotonic();
    const key = spamKey(event);
    const bucket = this.#buckets.get(key) ?? { tokens: eventBurstPerObject, at: now };
    const refilled = bucket.tokens + (now - bucket.at) / eventRefillMilliseconds;
    const tokens = Math.min(eventBurstPerObject, refilled);
    const muted = tokens < 1;
    this.#buckets.set(key, { tokens: muted ? tokens : tokens - 1, at: now });
    return muted;
  }
}
