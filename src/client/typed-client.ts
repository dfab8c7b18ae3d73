/**
 * The API as typed calls. Failures are thrown as StatusError; no answer as TransportError. A server that asks for
 * patience (429 and 5xx with Retry-After) is asked again, as upstream's client does.
 */
import type { LabelSelector } from '../kinds/generated/types.ts';
import type { Kind } from '../kinds/kind.ts';
import { selectorText } from '../kinds/label-selector.ts';
import { apiVersionOf, type KubeObject } from '../kinds/object.ts';
import { type Clock, sleep } from '../lib/clock.ts';
import { failureOf, objectOf } from './answer.ts';
import { Gate } from './gate.ts';
import { type KindName, kindNamed, type ObjectOf } from './kind-names.ts';
import { listPageObjects, requestRetriesMax, requestsAtOnceMax, retryAfterSecondsMax } from './limits.ts';
import type { RequestMeter } from './request-meter.ts';
import { AbortedError, type Transport, type TransportRequest, type TransportResponse } from './transport.ts';
import { type Query, queryText, resourcePath } from './url.ts';
import { readWatch, type WatchHandlers } from './watch-stream.ts';

export interface ClientOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** What comes before its slash owns the fields that are written, unless a call names a fieldManager. */
  readonly userAgent: string;
  /** Where requests are counted for metrics. */
  readonly meter?: RequestMeter;
}

/** `namespace` is left out for cluster-wide kinds. */
export interface ObjectName {
  readonly namespace?: string;
  readonly name: string;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface WriteOptions extends CallOptions {
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
}

export interface SelectOptions extends CallOptions {
  /** Left out: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string | LabelSelector;
  /** `spec.nodeName=node-1` */
  readonly fieldSelector?: string;
}

export interface ListOptions extends SelectOptions {
  /** Objects in the page; left out: all. */
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
}

export interface WatchOptions extends SelectOptions {
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'NotOlderThan';
  readonly sendInitialEvents?: boolean;
  readonly allowWatchBookmarks?: boolean;
  readonly timeoutSeconds?: number;
}

export interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface DeleteOptions extends CallOptions {
  readonly preconditions?: Preconditions;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly dryRun?: boolean;
}

export interface ObjectList<Type extends KubeObject> {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: Type[];
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

const patchMediaTypes: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

export interface PatchOptions extends WriteOptions {
  readonly type: PatchType;
  /** An object, or the operations of a JSON patch. */
  readonly patch: unknown;
  readonly subresource?: string;
  /** For `apply`: take fields over from others. */
  readonly force?: boolean;
}

const textOf = (selector: string | LabelSelector | undefined): string | undefined =>
  typeof selector === 'object' ? selectorText(selector) : selector;

const encode = (body: unknown): Uint8Array => Buffer.from(JSON.stringify(body));

const writeQuery = (options: WriteOptions): Query => ({
  fieldManager: options.fieldManager,
  fieldValidation: options.fieldValidation,
  dryRun: options.dryRun ? 'All' : undefined,
});

/** Seconds that a refusing server asks to wait; undefined when it does not. */
function retryAfterSeconds(response: TransportResponse): number | undefined {
  if (response.status !== 429 && response.status < 500) return undefined;
  const header = response.headers['retry-after'];
  return typeof header === 'string' && /^\d{1,6}$/.test(header)
    ? Math.min(retryAfterSecondsMax, Number(header))
    : undefined;
}

export class Client {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #userAgent: string;
  readonly #meter: RequestMeter | undefined;
  readonly #gate = new Gate(requestsAtOnceMax);

  constructor(options: ClientOptions) {
    this.#transport = options.transport;
    this.#clock = options.clock;
    this.#userAgent = options.userAgent;
    this.#meter = options.meter;
  }

  /** Calls on a kind by its name. */
  of<Name extends KindName>(name: Name): KindClient<ObjectOf<Name>> {
    return this.ofKind<ObjectOf<Name>>(kindNamed(name));
  }

  /** Calls on any kind; the caller knows its type. */
  ofKind<Type extends KubeObject>(kind: Kind): KindClient<Type> {
    return new KindClient<Type>(this, kind);
  }

  /** One request with the client's headers, asked again while the server says Retry-After. */
  async send(request: TransportRequest): Promise<TransportResponse> {
    const headers = { accept: 'application/json', 'user-agent': this.#userAgent, ...request.headers };
    for (let attempt = 0; ; attempt++) {
      const response = await this.#sendOnce({ ...request, headers });
      const wait = attempt < requestRetriesMax ? retryAfterSeconds(response) : undefined;
      if (wait === undefined) return response;
      await sleep(this.#clock, wait * 1000, request.signal);
      if (request.signal?.aborted) throw new AbortedError();
      this.#meter?.retried(request.method, response.status);
    }
  }

  /** A watch streams for long: it takes no place. */
  #sendOnce(request: TransportRequest): Promise<TransportResponse> {
    return request.stream ? this.#sendNow(request) : this.#gate.run(() => this.#sendNow(request));
  }

  #sendNow(request: TransportRequest): Promise<TransportResponse> {
    return this.#meter === undefined ? this.#transport.send(request) : this.#measured(request, this.#meter);
  }

  async #measured(request: TransportRequest, meter: RequestMeter): Promise<TransportResponse> {
    const start = this.#clock.monotonic();
    let code: number | undefined;
    try {
      const response = await this.#transport.send(request);
      code = response.status;
      return response;
    } finally {
      const seconds = request.stream ? undefined : (this.#clock.monotonic() - start) / 1000;
      meter.answered(request.method, code, { seconds });
    }
  }
}

export class KindClient<Type extends KubeObject> {
  readonly kind: Kind;
  readonly #client: Client;

  constructor(client: Client, kind: Kind) {
    this.#client = client;
    this.kind = kind;
  }

  get(at: ObjectName, options: CallOptions & { resourceVersion?: string } = {}): Promise<Type> {
    const query = { resourceVersion: options.resourceVersion };
    return this.#call<Type>('GET', { at, query, signal: options.signal });
  }

  /** One page; `metadata.continue` leads to the next. */
  list(options: ListOptions = {}): Promise<ObjectList<Type>> {
    const { signal, namespace, labelSelector, ...query } = options;
    return this.#listed(
      this.#call('GET', {
        at: { namespace },
        query: { ...query, labelSelector: textOf(labelSelector) },
        signal,
      }),
    );
  }

  /** All pages, as of one revision. Throws StatusError 410 when the listing takes longer than history is kept. */
  async *pages(options: Omit<ListOptions, 'continue'> = {}): AsyncGenerator<ObjectList<Type>> {
    let next: string | undefined;
    const first = { ...options, limit: options.limit ?? listPageObjects };
    do {
      // The token holds the revision; naming one beside it is refused.
      const { resourceVersion: _version, resourceVersionMatch: _match, ...later } = first;
      const page: ObjectList<Type> = await this.list(
        next === undefined ? first : { ...later, continue: next },
      );
      yield page;
      next = page.metadata.continue || undefined;
    } while (next !== undefined);
  }

  create(object: Type, options: WriteOptions = {}): Promise<Type> {
    return this.#call('POST', {
      at: { namespace: object.metadata.namespace },
      query: writeQuery(options),
      body: this.#typed(object),
      signal: options.signal,
    });
  }

  /** POST to a subresource, whose body is of a kind of its own: pods/binding, pods/eviction. */
  createSubresource(
    at: ObjectName,
    options: WriteOptions & { subresource: string; body: KubeObject },
  ): Promise<KubeObject> {
    return this.#call('POST', {
      at: { ...at, subresource: options.subresource },
      query: writeQuery(options),
      body: encode(options.body),
      signal: options.signal,
    });
  }

  /** Replaces the object; with a resourceVersion only when it is still that. Throws StatusError 409 otherwise. */
  update(object: Type, options: WriteOptions & { subresource?: string } = {}): Promise<Type> {
    const { namespace, name } = object.metadata;
    return this.#call('PUT', {
      at: { namespace, name, subresource: options.subresource },
      query: writeQuery(options),
      body: this.#typed(object),
      signal: options.signal,
    });
  }

  updateStatus(object: Type, options: WriteOptions = {}): Promise<Type> {
    return this.update(object, { ...options, subresource: 'status' });
  }

  patch(at: ObjectName, options: PatchOptions): Promise<Type> {
    const force = options.type === 'apply' ? options.force : undefined;
    return this.#call('PATCH', {
      at: { ...at, subresource: options.subresource },
      query: { ...writeQuery(options), force },
      body: encode(options.patch),
      contentType: patchMediaTypes[options.type],
      signal: options.signal,
    });
  }

  /** Answers with the object as it is now, or with a Status when it is gone: which, differs by kind. */
  delete(at: ObjectName, options: DeleteOptions = {}): Promise<KubeObject> {
    const { signal } = options;
    return this.#call('DELETE', { at, body: deleteBody(options), signal });
  }

  /** Answers with what was deleted or marked. */
  deleteCollection(options: SelectOptions & DeleteOptions = {}): Promise<ObjectList<Type>> {
    const { namespace, labelSelector, fieldSelector, signal } = options;
    return this.#listed(
      this.#call('DELETE', {
        at: { namespace },
        query: { labelSelector: textOf(labelSelector), fieldSelector },
        body: deleteBody(options),
        signal,
      }),
    );
  }

  /**
   * Resolves when the server has taken the watch, with the function that stops it; events may have come before that.
   * Throws StatusError when it refuses.
   */
  async watch(options: WatchOptions, handlers: WatchHandlers<Type>): Promise<() => void> {
    const { signal, namespace, labelSelector, ...query } = options;
    const url =
      resourcePath(this.kind, { namespace }) +
      queryText({ watch: true, ...query, labelSelector: textOf(labelSelector) });
    const response = await this.#client.send({ method: 'GET', url, signal, stream: true });
    if (response.body instanceof Uint8Array) throw failureOf(response);
    return readWatch(response.body, handlers);
  }

  /** Objects in a list come without their type: the list says it for all of them. */
  async #listed(answer: Promise<ObjectList<Type>>): Promise<ObjectList<Type>> {
    const list = await answer;
    const { kind } = this;
    const apiVersion = apiVersionOf(kind.group, kind.version);
    return { ...list, items: list.items.map((item) => ({ ...item, kind: kind.kind, apiVersion })) };
  }

  /** Objects out of a cache may come without their type. */
  #typed(object: Type): Uint8Array {
    const { kind } = this;
    return encode({ ...object, kind: kind.kind, apiVersion: apiVersionOf(kind.group, kind.version) });
  }

  async #call<Answer>(
    method: string,
    call: {
      at: { namespace?: string; name?: string; subresource?: string };
      query?: Query;
      body?: Uint8Array;
      contentType?: string;
      signal?: AbortSignal;
    },
  ): Promise<Answer> {
    const { at, query = {}, body, signal } = call;
    const url = resourcePath(this.kind, at) + queryText(query);
    const headers: Record<string, string> =
      body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' };
    return objectOf<Answer>(await this.#client.send({ method, url, headers, body, signal }));
  }
}

function deleteBody(options: DeleteOptions): Uint8Array {
  const { preconditions, gracePeriodSeconds, propagationPolicy, dryRun } = options;
  return encode({
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    preconditions,
    gracePeriodSeconds,
    propagationPolicy,
    ...(dryRun ? { dryRun: ['All'] } : {}),
  });
}
