import { Duplex, type Readable, type Writable } from 'node:stream';
import {
  StatusError,
  timeoutError,
  tooLargeError,
  tooManyRequestsError,
  unauthorizedError,
} from '../../kinds/status.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { gzipBytesMin, responseBlockBytes } from '../limits.ts';
import type { ApiRequest, ApiResponse, Handler, UserInfo } from '../request.ts';
import { isPassedOn } from '../tunnels/paths.ts';
import { acceptsGzip, writeBlocks, writeCompressed } from './blocks.ts';
import { type BodyAccount, BodyCollector, type BodyFault, declaredLength, emptyBody } from './body.ts';
import type { Deadlines, Timed } from './deadlines.ts';
import type { Identity } from './identity.ts';
import type { HttpSettings } from './settings.ts';
import { BufferedSink } from './sink.ts';
import { publicError, statusResponse } from './status-response.ts';

/** What the exchanges of one server share. */
export interface Shared {
  readonly handler: Handler;
  readonly settings: HttpSettings;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly log: Logger;
  readonly bodyAccount: BodyAccount;
  draining: boolean;
}

export interface RequestHead {
  readonly method: string;
  readonly url: string;
  readonly headers: ApiRequest['headers'];
  readonly identity: Identity;
  readonly remoteAddress: string | undefined;
}

type State = 'receiving' | 'handling' | 'sending' | 'streaming' | 'closed';

/**
 * One request and its response, whatever the protocol. The order: receive the body, call the handler, send bytes or
 * stream. The deadline stands for the state it is in. Subclasses say how a head is sent and a client is cut off.
 */
export abstract class Exchange implements ApiRequest, Timed {
  readonly method: string;
  readonly url: string;
  readonly headers: ApiRequest['headers'];
  readonly user: UserInfo | undefined;
  readonly remoteAddress: string | undefined;
  readonly longRunning = (): void => {
    if (this.#state === 'handling') this.shared.deadlines.set(this, Number.POSITIVE_INFINITY);
  };
  body: Uint8Array = emptyBody;
  deadline = 0;
  protected readonly shared: Shared;
  protected headSent = false;
  #state: State = 'receiving';
  readonly #isRefused: boolean;
  #collector: BodyCollector | undefined;
  #controller: AbortController | undefined;
  #sink: BufferedSink | undefined;
  #stop: (() => void) | undefined;
  /** The body is not gathered: the handler passes it on. */
  #passedOn = false;

  constructor(shared: Shared, head: RequestHead) {
    this.shared = shared;
    this.method = head.method;
    this.url = head.url;
    this.headers = head.headers;
    const { user, refused, expires } = head.identity;
    const isGood = shared.clock.now() <= expires;
    this.user = isGood ? user : undefined;
    this.#isRefused = !isGood || refused !== undefined;
    this.remoteAddress = head.remoteAddress;
  }

  get openBody(): (() => Readable) | undefined {
    if (!this.#passedOn) return undefined;
    return () => {
      if (this.headers.expect === '100-continue' && !this.headSent) this.sendContinue();
      return this.source;
    };
  }

  /** Made only when somebody asks: most handlers answer before a client could go. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#state === 'closed') this.#controller.abort();
    return this.#controller.signal;
  }

  abstract readonly canTunnel: boolean;
  /** Sends status and headers; `length` is the body's, undefined when it is not known. */
  protected abstract sendHead(response: ApiResponse, length: number | undefined): void;
  /** Where the response's body goes once the head is sent. */
  protected abstract readonly target: Writable;
  /** Where the request's body comes from. */
  protected abstract readonly source: Readable;
  /** Tells a client that waits with its body that it may send it. */
  protected abstract sendContinue(): void;
  /** Ends the request's body unread: the response will say why. */
  protected abstract abandonBody(): void;
  /** Hands the connection over; only called where `canTunnel`. */
  protected handOver(_start: (client: Duplex) => () => void): () => void {
    throw new Error('this connection cannot be handed over');
  }
  /** Writes the last of the response. */
  protected finish(bytes: Uint8Array | undefined): void {
    this.target.end(bytes);
  }
  /** Cuts the client off. */
  abstract destroy(): void;

  /** Starts. `whole`: the request has no body. */
  begin(whole: boolean): void {
    this.#passedOn = !whole && isPassedOn(this.url);
    if (whole || this.#passedOn) this.#dispatch();
    else this.#receive();
  }

  /** Answers without the handler. */
  refuse(error: StatusError): void {
    if (this.#state === 'receiving') this.abandonBody();
    this.#respond(statusResponse(error));
  }

  /** The transport calls this once, when the exchange is over for whatever reason. */
  closed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.shared.deadlines.clear(this);
    this.#collector?.release();
    this.#sink?.close();
    this.#controller?.abort();
    this.#callStop();
  }

  /** Ends a stream, so that a draining server gets rid of its watches; lets anything else finish. */
  drain(): void {
    if (this.#state !== 'streaming') return;
    this.#callStop();
    this.#sink?.end();
  }

  onDeadline(): void {
    const { settings } = this.shared;
    switch (this.#state) {
      case 'receiving':
        this.refuse(
          new StatusError(
            408,
            'Timeout',
            `the request body did not arrive within ${settings.bodyMilliseconds / 1000} seconds`,
          ),
        );
        return;
      case 'handling':
        this.#respond(
          statusResponse(timeoutError('Timeout: request did not complete within the allotted timeout', 0)),
        );
        this.#controller?.abort();
        return;
      case 'closed':
        return;
      default:
        this.destroy();
    }
  }

  #receive(): void {
    const { settings, deadlines, bodyAccount } = this.shared;
    const refusal = this.#refusalOfBody();
    if (refusal !== undefined) {
      this.refuse(refusal);
      return;
    }
    if (this.headers.expect === '100-continue') this.sendContinue();
    deadlines.set(this, settings.bodyMilliseconds);
    const collector = new BodyCollector(bodyAccount, {
      bytesMax: settings.requestBodyBytesMax,
      accountBytesMax: settings.requestBodiesBytesMax,
    });
    this.#collector = collector;
    const onData = (chunk: Uint8Array) => {
      if (this.#state !== 'receiving') return;
      const fault = collector.add(chunk);
      if (fault !== undefined) this.refuse(this.#faultOf(fault));
    };
    this.source.on('data', onData);
    this.source.once('end', () => {
      this.source.off('data', onData);
      if (this.#state !== 'receiving') return;
      this.body = collector.body();
      this.#dispatch();
    });
  }

  /** What the headers alone say against the body. */
  #refusalOfBody(): StatusError | undefined {
    const encoding = this.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity')
      return new StatusError(
        415,
        'UnsupportedMediaType',
        `the body of the request was in an unknown format - content encoding ${JSON.stringify(encoding)} is not supported`,
      );
    const declared = declaredLength(this.headers['content-length']) ?? 0;
    return declared > this.shared.settings.requestBodyBytesMax ? this.#faultOf('too-large') : undefined;
  }

  #faultOf(fault: BodyFault): StatusError {
    return fault === 'too-large'
      ? tooLargeError(`Request entity too large: limit is ${this.shared.settings.requestBodyBytesMax}`)
      : tooManyRequestsError('Too many requests, please try again later.', 1);
  }

  #dispatch(): void {
    this.#state = 'handling';
    // A certificate that is unknown or has expired is a wrong credential. With a token beside it, the token decides.
    if (this.#isRefused && this.headers.authorization === undefined) this.refuse(unauthorizedError());
    else {
      this.shared.deadlines.set(this, this.shared.settings.handlerMilliseconds);
      void this.#handle();
    }
  }

  async #handle(): Promise<void> {
    let response: ApiResponse;
    try {
      response = await this.shared.handler(this);
    } catch (failure) {
      response = this.#failed(failure);
    }
    if (this.#state === 'handling') this.#respond(response);
    else this.#discard(response);
  }

  /** Nobody will read it, but whoever made it may hold something until it is stopped. */
  #discard(response: ApiResponse | undefined): void {
    const { tunnel, body } = response ?? {};
    try {
      if (tunnel !== undefined) tunnel(goneClient())();
      else if (typeof body === 'function') body({ write: () => {}, pendingBytes: () => 0, end: () => {} })();
    } catch (failure) {
      this.shared.log.error('ending a stream failed', { url: this.url, failure });
    }
  }

  #failed(failure: unknown): ApiResponse {
    if (!(failure instanceof StatusError))
      this.shared.log.error('request failed', { method: this.method, url: this.url, failure });
    return statusResponse(publicError(failure));
  }

  #respond(response: ApiResponse): void {
    if (this.#state === 'closed' || this.headSent) return;
    if (this.#passedOn && !this.source.readableEnded) this.abandonBody();
    try {
      if (response.tunnel !== undefined) this.#startTunnel(response.tunnel);
      else if (typeof response.body === 'function') this.#startStream(response, response.body);
      else this.#sendBytes(response, response.body);
    } catch (failure) {
      // A header that may not be sent, or a stream that fails at its start.
      const answer = this.#failed(failure);
      if (this.headSent) {
        this.destroy();
        return;
      }
      this.#discard(response);
      this.#sendBytes(answer, answer.body as readonly Uint8Array[]);
    }
  }

  #startStream(response: ApiResponse, start: (sink: BufferedSink) => () => void): void {
    const { deadlines, settings } = this.shared;
    this.sendHead(response, undefined);
    this.#state = 'streaming';
    deadlines.set(this, Number.POSITIVE_INFINITY);
    const sink = new BufferedSink(this.target, () => deadlines.set(this, settings.responseStallMilliseconds));
    this.#sink = sink;
    this.#stop = start(sink);
    if (this.shared.draining) this.drain();
  }

  #startTunnel(start: (client: Duplex) => () => void): void {
    this.#state = 'streaming';
    this.headSent = true;
    this.shared.deadlines.set(this, Number.POSITIVE_INFINITY);
    this.#stop = this.handOver(start);
    if (this.shared.draining) this.drain();
  }

  #callStop(): void {
    const stop = this.#stop;
    this.#stop = undefined;
    try {
      stop?.();
    } catch (failure) {
      this.shared.log.error('ending a stream failed', { url: this.url, failure });
    }
  }

  #sendBytes(response: ApiResponse, chunks: readonly Uint8Array[]): void {
    const { deadlines, settings } = this.shared;
    this.#state = 'sending';
    let length = 0;
    for (const chunk of chunks) length += chunk.length;
    deadlines.set(this, settings.responseStallMilliseconds);
    if (this.method === 'HEAD' || length === 0) {
      this.sendHead(response, length);
      this.finish(undefined);
    } else if (length > gzipBytesMin && this.#mayCompress(response)) {
      const headers = { ...response.headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' };
      this.sendHead({ ...response, headers }, undefined);
      writeCompressed(chunks, this.target, () => deadlines.set(this, settings.responseStallMilliseconds));
    } else if (length > responseBlockBytes) {
      this.sendHead(response, length);
      writeBlocks(chunks, this.target, () => deadlines.set(this, settings.responseStallMilliseconds));
    } else {
      this.sendHead(response, length);
      this.finish(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, length));
    }
  }

  #mayCompress(response: ApiResponse): boolean {
    return (
      this.method === 'GET' &&
      response.headers['content-encoding'] === undefined &&
      acceptsGzip(this.headers['accept-encoding'])
    );
  }
}

/** In place of a client that has gone before its tunnel was there. */
function goneClient(): Duplex {
  const client = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  return client.destroy();
}
