/**
 * `handle(request)` is the API server: a plain function from a small request record to a response record. HTTP/1.1,
 * HTTP/2, TLS and in-process callers are thin skins over it.
 */

import type { Duplex, Readable } from 'node:stream';

export interface UserInfo {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  /** What else the authenticator knows: `authentication.kubernetes.io/credential-id`. */
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export const anonymous: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

export interface ApiRequest {
  /** Upper case: GET, POST ... */
  readonly method: string;
  /** Path and query as they came: `/api/v1/pods?watch=true`. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The whole body, read and bounded by the skin; empty when there is none. */
  readonly body: Uint8Array;
  /** What a client certificate says; in-process callers say who they are. The authentication filter may replace it. */
  readonly user: UserInfo | undefined;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
  /** Where the client is; undefined in-process. */
  readonly remoteAddress?: string | undefined;
  /** The client asks for another protocol, and the skin can hand the connection over: see `ApiResponse.tunnel`. */
  readonly canTunnel?: boolean;
  /**
   * The body as it comes, to be passed on (see tunnels/paths.ts); `body` is empty then. Undefined: `body` is all there
   * is. A client that waits with its body is told to send it.
   */
  readonly openBody?: (() => Readable) | undefined;
  /** Lifts the deadline for the answer: it waits for somebody else, or has no end. */
  readonly longRunning?: () => void;
}

/** Where a streaming body goes. Never blocks the writer: it looks at `pendingBytes` and ends what lags. */
export interface Sink {
  write(chunk: Uint8Array): void;
  /** Bytes written here that the client has not taken yet. */
  pendingBytes(): number;
  end(): void;
  /** Calls back whenever everything written has been taken. In-process sinks have none: they take at once. */
  onDrain?(listener: () => void): void;
  /** Cuts the client off, who thereby knows that this was not all. */
  abort?(): void;
}

export interface ApiResponse {
  readonly status: number;
  /** Lower-case names. `content-length` is set by the skin for byte bodies. An array value is sent as repeated headers. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /**
   * Bytes, in order; or a function that the skin calls once with a sink. A streaming function returns what to call
   * when the client goes or the server drains.
   */
  readonly body: readonly Uint8Array[] | ((sink: Sink) => () => void);
  /**
   * With status 101, and only where the request `canTunnel`: takes the connection over, the response's head included.
   * Returns what ends it, which the skin calls when the client has gone or the server drains.
   */
  readonly tunnel?: (client: Duplex) => () => void;
}

export type Handler = (request: ApiRequest) => Promise<ApiResponse>;
