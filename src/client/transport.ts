/**
 * How requests reach an API server. Everything above knows only this, so a controller in the server's own process and
 * one on another machine are the same code. Implementations pass one contract suite (`contract.ts`).
 */
import { onAbort } from '../lib/abort.ts';
import { WherryError } from '../lib/errors.ts';

export interface TransportRequest {
  /** Upper case. */
  readonly method: string;
  /** Path and query: `/api/v1/pods?watch=true`. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Ends the request at any time: `send` rejects with AbortedError, a stream ends with it. */
  readonly signal?: AbortSignal;
  /** The answer is a watch: take its body as it comes. */
  readonly stream?: boolean;
}

export interface StreamHandlers {
  /** Called synchronously as bytes come, never before `open` was called, never after the end. */
  onChunk(chunk: Uint8Array): void;
  /** Called once. Without an error the server has ended the stream in good order. Not called after `cancel`. */
  onEnd(error?: Error): void;
}

export interface BodyStream {
  /** To be called once. */
  open(handlers: StreamHandlers): void;
  /** Takes no more; idempotent, also before `open`. */
  cancel(): void;
}

export interface TransportResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** A stream when the request asked for one and the status is 200; else all the bytes. */
  readonly body: Uint8Array | BodyStream;
}

export interface Transport {
  /** Throws TransportError when no answer came, AbortedError. An answer of any status is an answer. */
  send(request: TransportRequest): Promise<TransportResponse>;
  /** Ends what is open. Idempotent. */
  close(): Promise<void>;
}

/** No answer came, or it broke off. The request may or may not have been carried out. */
export class TransportError extends WherryError {
  constructor(message: string, cause?: unknown) {
    super('TRANSPORT_FAILED', message, { cause });
  }
}

/** Whoever asked no longer wants to know. */
export class AbortedError extends WherryError {
  constructor() {
    super('ABORTED', 'the request was given up by its caller');
  }
}

/** The whole body as bytes; a response to a request that did not ask for a stream always has them. */
export function bodyBytes(response: TransportResponse): Uint8Array {
  if (response.body instanceof Uint8Array) return response.body;
  response.body.cancel();
  throw new TransportError('the server streams an answer that was not asked for as a stream');
}

/** Rejects with AbortedError as soon as the signal aborts, whatever the promise does later. */
export async function abortable<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (signal === undefined) return promise;
  if (signal.aborted) {
    promise.catch(() => {});
    throw new AbortedError();
  }
  let takeOff = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    takeOff = onAbort(signal, () => reject(new AbortedError()));
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    takeOff();
  }
}
