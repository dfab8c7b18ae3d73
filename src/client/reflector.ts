/**
 * Keeps a target equal to what the server has of one kind: the state first, then every change, resumed where it broke
 * off. The state comes by a watch with sendInitialEvents (KEP-3157), or by list where the server refuses that.
 */
import type { KubeObject } from '../kinds/object.ts';
import { StatusError } from '../kinds/status.ts';
import { type Clock, sleep } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { type Random, randomInteger } from '../lib/random.ts';
import { backoffMilliseconds } from './backoff.ts';
import * as limits from './limits.ts';
import { AbortedError } from './transport.ts';
import type { KindClient, SelectOptions } from './typed-client.ts';
import type { WatchEvent } from './watch-stream.ts';

export interface ReflectorTarget<Type extends KubeObject> {
  /** The whole state, as of a revision. */
  replace(objects: readonly Type[], revision: number): void;
  /** One change after it. */
  apply(event: WatchEvent<Type>, revision: number): void;
  /** Nothing else has happened up to this revision. */
  progress(revision: number): void;
}

export interface ReflectorOptions<Type extends KubeObject> {
  readonly client: KindClient<Type>;
  readonly target: ReflectorTarget<Type>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly select?: Pick<SelectOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>;
  /** What the target gets of each object; called as soon as it is parsed, so that what is left out is never kept. */
  readonly transform?: (object: Type) => Type;
}

interface WatchOutcome {
  readonly error?: Error;
  readonly events: number;
}

const initialEventsEnd = 'k8s.io/initial-events-end';

const unchanged = <Type>(object: Type): Type => object;

const revisionOf = (object: KubeObject): number => Number(object.metadata.resourceVersion ?? 0);

/** The history after the revision we know is gone, or the server's is shorter than ours: start from the state. */
function mustRelist(error: Error): boolean {
  if (!(error instanceof StatusError)) return false;
  if (error.httpCode === 410) return true;
  return (error.details?.causes ?? []).some(({ reason }) => reason === 'ResourceVersionTooLarge');
}

/** The server does not know sendInitialEvents. */
const refusesInitialEvents = (error: Error): boolean =>
  error instanceof StatusError && [400, 403, 422].includes(error.httpCode);

export class Reflector<Type extends KubeObject> {
  readonly #options: ReflectorOptions<Type>;
  /** Undefined: the state must be fetched first. */
  #revision: number | undefined;
  #byList = false;
  #pageObjects: number | undefined = limits.listPageObjects;
  #failures = 0;

  constructor(options: ReflectorOptions<Type>) {
    this.#options = options;
  }

  /** Until the signal aborts. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    while (!signal.aborted) {
      const start = clock.monotonic();
      const { error, events } = await this.#once(signal);
      if (signal.aborted) return;
      const lasted = clock.monotonic() - start;
      if (lasted >= limits.reflectorCalmMilliseconds) this.#failures = 0;
      if (error !== undefined) this.#learn(error);
      else if (events > 0 || lasted >= limits.shortWatchMilliseconds) continue;
      const wait = backoffMilliseconds(limits.reflectorBackoff, this.#failures++, random);
      await sleep(clock, wait, signal);
    }
  }

  #learn(error: Error): void {
    const { log, client } = this.#options;
    const resource = client.kind.plural;
    if (mustRelist(error)) {
      if (this.#revision === undefined) this.#pageObjects = undefined;
      this.#revision = undefined;
      log.debug('the history of a watch is gone, listing anew', { resource, error: error.message });
      return;
    }
    log.warn('a watch failed, it will be tried again', { resource, error: error.message });
  }

  async #once(signal: AbortSignal): Promise<WatchOutcome> {
    try {
      if (this.#revision === undefined && this.#byList) await this.#list(signal);
      return await this.#watch(signal);
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      if (this.#revision === undefined && !this.#byList && refusesInitialEvents(failure)) this.#byList = true;
      return { error: failure, events: 0 };
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, select, target, transform = unchanged } = this.#options;
    const objects: Type[] = [];
    let revision = 0;
    const options = { ...select, signal, limit: this.#pageObjects ?? 0 };
    for await (const page of client.pages(options)) {
      for (const object of page.items) objects.push(transform(object));
      revision = Number(page.metadata.resourceVersion ?? 0);
    }
    target.replace(objects, revision);
    this.#revision = revision;
  }

  /** Resolves when the watch is over, in whatever way. */
  async #watch(signal: AbortSignal): Promise<WatchOutcome> {
    const { client, select, clock, random } = this.#options;
    const seconds =
      limits.watchSecondsMin + randomInteger(random, limits.watchSecondsMax - limits.watchSecondsMin);
    const controller = new AbortController();
    const abort = () => controller.abort();
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const cancelDeadline = clock.after(seconds * 1000 + limits.watchGraceMilliseconds, abort);
    const reader = new WatchReader(this.#options, this.#revision);
    try {
      const ended = new Promise<Error | undefined>((resolve, reject) => {
        const position =
          this.#revision === undefined
            ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' as const }
            : { resourceVersion: String(this.#revision) };
        const options = { ...select, ...position, allowWatchBookmarks: true, timeoutSeconds: seconds };
        client
          .watch(
            { ...options, signal: controller.signal },
            { onEvent: (event) => reader.take(event), onEnd: resolve },
          )
          .catch(reject);
      });
      const error = await ended;
      // Our own deadline ends a watch as well as the server's does.
      const expected = error instanceof AbortedError;
      return { events: reader.events, ...(error === undefined || expected ? {} : { error }) };
    } finally {
      cancelDeadline();
      signal.removeEventListener('abort', abort);
      controller.abort();
      this.#revision = reader.revision;
    }
  }
}

/** Follows one watch: gathers the initial state until its bookmark, then hands on what comes. */
class WatchReader<Type extends KubeObject> {
  readonly #target: ReflectorTarget<Type>;
  readonly #transform: (object: Type) => Type;
  #initial: Type[] | undefined;
  revision: number | undefined;
  events = 0;

  constructor(
    { target, transform = unchanged }: Pick<ReflectorOptions<Type>, 'target' | 'transform'>,
    revision: number | undefined,
  ) {
    this.#target = target;
    this.#transform = transform;
    this.revision = revision;
    this.#initial = revision === undefined ? [] : undefined;
  }

  take(event: WatchEvent<Type>): void {
    this.events++;
    const revision = revisionOf(event.object);
    if (this.#initial !== undefined) {
      if (event.type !== 'BOOKMARK') this.#initial.push(this.#transform(event.object));
      else if (event.object.metadata.annotations?.[initialEventsEnd] === 'true') {
        const state = this.#initial;
        this.#initial = undefined;
        this.revision = revision;
        this.#target.replace(state, revision);
      }
      return;
    }
    this.revision = revision;
    if (event.type === 'BOOKMARK') this.#target.progress(revision);
    else this.#target.apply({ type: event.type, object: this.#transform(event.object) }, revision);
  }
}
