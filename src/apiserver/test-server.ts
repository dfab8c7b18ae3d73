/** The whole API server in this process, on the memory store and a clock that stands still: for tests. */
import { createManualClock, type ManualClock } from '../lib/manual-clock.ts';
import { seededRandom } from '../lib/random.ts';
import { createMemoryStore } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { apiServerUser } from './boot.ts';
import { startControlPlane } from './control-plane.ts';
import type { ApiResponse, Sink, UserInfo } from './request.ts';
import type { ApiServer } from './server.ts';
import type { TokenOptions } from './tokens/tokens.ts';
import type { TunnelOptions } from './tunnels/tunnels.ts';

export interface Answer {
  readonly status: number;
  readonly headers: ApiResponse['headers'];
  /** Parsed JSON, or the text when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every kind
  readonly body: any;
  readonly text: string;
}

export interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
  user?: UserInfo | undefined;
}

/** A watch as a test sees it. */
export interface WatchedStream {
  /** What has come so far; each a parsed line. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into events of every kind
  readonly events: any[];
  readonly ended: boolean;
  /** Resolves when `count` events have come; fails after ten thousand turns of the event loop. */
  until(count: number): Promise<void>;
  /** How many bytes the client pretends not to have taken. */
  stall(bytes: number): void;
  stop(): void;
}

export interface TestServer {
  readonly server: ApiServer;
  readonly clock: ManualClock;
  readonly store: Store;
  call(method: string, url: string, options?: CallOptions): Promise<Answer>;
  watch(url: string, headers?: Record<string, string>): Promise<WatchedStream>;
  close(): Promise<void>;
}

function toBytes(body: unknown): Uint8Array {
  if (body === undefined) return new Uint8Array();
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function openStream(body: (sink: Sink) => () => void): WatchedStream {
  const events: unknown[] = [];
  let rest = '';
  let pending = 0;
  let ended = false;
  const sink: Sink = {
    write(chunk) {
      const lines = (rest + Buffer.from(chunk).toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) events.push(JSON.parse(line));
    },
    pendingBytes: () => pending,
    end() {
      ended = true;
    },
  };
  const stop = body(sink);
  return {
    events,
    get ended() {
      return ended;
    },
    async until(count) {
      for (let turn = 0; events.length < count; turn++) {
        if (turn > 10_000) throw new Error(`waited for ${count} events, got ${JSON.stringify(events)}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    stall(bytes) {
      pending = bytes;
    },
    stop,
  };
}

export interface TestServerOptions {
  readonly store?: Store;
  readonly seed?: number;
  /** Addresses of Services and pods are this machine's own. */
  readonly loopback?: boolean;
  /** Unless given, there are no tokens, and pods need no account. */
  readonly serviceAccounts?: TokenOptions;
  readonly disabledAdmission?: readonly string[];
  /** Unless given, nodes cannot be reached. */
  readonly tunnels?: TunnelOptions;
}

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const clock = createManualClock();
  const store = options.store ?? createMemoryStore();
  const server = await startControlPlane({
    store,
    clock,
    random: seededRandom(options.seed ?? 1),
    serviceCIDRs: [options.loopback === true ? '127.96.0.0/16' : '10.96.0.0/16'],
    loopbackEndpoints: options.loopback ?? false,
    nodePortRange: '30000-32767',
    advertise: { address: '172.30.0.1', port: 6443 },
    platform: 'linux/amd64',
    runtime: 'node',
    ...(options.serviceAccounts === undefined ? {} : { serviceAccounts: options.serviceAccounts }),
    ...(options.tunnels === undefined ? {} : { tunnels: options.tunnels }),
    disabledAdmission: options.disabledAdmission ?? [],
  });
  const send = (method: string, url: string, { body, headers, ...rest }: CallOptions) =>
    server.handle({
      method,
      url,
      headers: { 'content-type': 'application/json', 'user-agent': 'tester/1', ...headers },
      body: toBytes(body),
      user: 'user' in rest ? rest.user : apiServerUser,
      signal: new AbortController().signal,
    });
  return {
    server,
    clock,
    store,
    async call(method, url, callOptions = {}) {
      const response = await send(method, url, callOptions);
      if (typeof response.body === 'function') throw new Error(`${url} answers with a stream`);
      const text = Buffer.concat(response.body).toString();
      return { status: response.status, headers: response.headers, body: parse(text), text };
    },
    async watch(url, headers) {
      const response = await send('GET', url, { headers });
      if (typeof response.body !== 'function')
        throw new Error(`${url} answered ${response.status}: ${Buffer.concat(response.body).toString()}`);
      return openStream(response.body);
    },
    async close() {
      await server.close();
      await store.close();
    },
  };
}
