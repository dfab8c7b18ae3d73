/** What the benchmark's processes say to each other. */

/** Where a server listens, and how to get in. */
export interface Target {
  readonly port: number;
  /** PEM. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
}

/** One request, whose answer is wanted whole. */
export interface AskJob {
  readonly job: 'ask';
  readonly target: Target;
  readonly request: WireRequest;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** So many requests with so many at a time on one HTTP/2 connection. Request i is `requests[i % requests.length]`. */
export interface LoadJob {
  readonly job: 'load';
  readonly target: Target;
  readonly requests: readonly WireRequest[];
  readonly count: number;
  readonly inFlight: number;
}

export interface LoadResult {
  readonly milliseconds: number;
  readonly bytes: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** The body of the first one that refuses. */
  readonly refusal: string | undefined;
}

/** Opens watches, writes, and counts the lines that the watches bring. */
export interface FanOutJob {
  readonly job: 'fan-out';
  readonly target: Target;
  readonly watchPath: string;
  readonly connections: number;
  readonly watchersPerConnection: number;
  readonly protocol: 'HTTP/2' | 'HTTP/1.1';
  readonly writes: readonly WireRequest[];
  readonly writesInFlight: number;
  /** Lines that each write brings to each watcher. */
  readonly linesPerWrite: number;
}

export interface FanOutResult {
  readonly milliseconds: number;
  readonly lines: number;
  readonly bytes: number;
}

export type ClientJob = AskJob | LoadJob | FanOutJob;

/** What the bare server does. `serve`: GET of anything answers with these headers and bytes. */
export type FloorOrder =
  | {
      readonly order: 'serve';
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** What a POST sends to every stream of /watch, at once. */
  | { readonly order: 'broadcast'; readonly line: string }
  /** A POST's body goes into a database at `file`, and is then answered with so many bytes. */
  | { readonly order: 'commit'; readonly file: string; readonly bytes: number };

/** Makes bare-commits.ts commit so many rows, each with a value of so many bytes; it answers how many that is a second. */
export interface BareOrder {
  readonly count: number;
  readonly bytes: number;
}

/** What in-process.ts tells. */
export interface InProcessStart {
  readonly importMilliseconds: number;
  /** From the call to the first answer. */
  readonly startMilliseconds: number;
}
