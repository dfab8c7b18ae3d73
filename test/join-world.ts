/** A cluster in the test's process that nodes can join: API server, certificate controllers, and a way in without sockets. */
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Transport, TransportError } from '../src/client/transport.ts';
import { Client } from '../src/client/typed-client.ts';
import { issueAuthority, issueLeaf } from '../src/cluster/issue.ts';
import { bearing, type Dial } from '../src/cluster/join/dial.ts';
import { type JoinOptions, joinCluster, type NodeCredentials } from '../src/cluster/join/join-cluster.ts';
import { ensureJoinToken } from '../src/cluster/join/server-token.ts';
import { signRequest } from '../src/cluster/sign-request.ts';
import { csrApproving } from '../src/controllers/csr-approving.ts';
import { csrSigning } from '../src/controllers/csr-signing.ts';
import type { Clock } from '../src/lib/clock.ts';
import { silentLogger } from '../src/lib/log.ts';
import { seededRandom } from '../src/lib/random.ts';
import { startTestWorld, type TestWorld } from './client/world.ts';

export interface JoinWorld {
  readonly world: TestWorld;
  /** PEM */
  readonly authority: string;
  readonly token: string;
  readonly directory: string;
  /** What callers have sent, by who they were: nothing is sent to a server that is not known. */
  readonly calls: string[];
  /** The server answers nobody as long as it is away. */
  setAway(away: boolean): void;
  join(changes?: Partial<JoinOptions>): Promise<NodeCredentials>;
  /** Moves the clock until the promise is settled. */
  until<Value>(promise: Promise<Value>, stepMilliseconds?: number): Promise<Value>;
  close(): Promise<void>;
}

const server = 'https://172.30.0.1:6443';

type User = { readonly name: string; readonly groups: string[] };

/** Requests to the API server of the world, counted, as long as it answers. */
function transportTo(
  world: TestWorld,
  state: { away: boolean; calls: string[] },
  user: User | undefined,
): Transport {
  return {
    async send({ method, url, headers = {}, body = new Uint8Array(), signal }) {
      refuseWhenAway(state);
      state.calls.push(`${user?.name ?? headers.authorization?.slice(0, 13) ?? 'nobody'} ${method}`);
      const response = await world.server.server.handle({
        method,
        url,
        headers,
        body,
        user,
        signal: signal ?? new AbortController().signal,
      });
      const parts = typeof response.body === 'function' ? [] : response.body;
      return { status: response.status, headers: response.headers, body: Buffer.concat(parts) };
    },
    close: async () => {},
  };
}

function refuseWhenAway({ away }: { away: boolean }): void {
  if (away) throw new TransportError('connect ECONNREFUSED');
}

/** A way in: whose certificate is shown is whom the server sees. */
function dialTo(world: TestWorld, state: { away: boolean; calls: string[] }, shown: readonly string[]): Dial {
  return {
    async shownCertificates() {
      refuseWhenAway(state);
      return shown.map((each) => new X509Certificate(each).raw);
    },
    client(_server, _authority, who) {
      const subject = 'pair' in who ? new X509Certificate(who.pair.certificate).subject : '';
      const name = /CN=(.*)/.exec(subject)?.[1] ?? '';
      const transport =
        'token' in who
          ? bearing(transportTo(world, state, undefined), who.token)
          : transportTo(world, state, { name, groups: ['system:nodes', 'system:authenticated'] });
      return {
        client: new Client({ transport, clock: world.clock, userAgent: 'test' }),
        close: async () => {},
      };
    },
  };
}

/** A clock that tells how many wait for it. */
function countedClock(clock: Clock): { clock: Clock; waiting: () => number } {
  let waiting = 0;
  return {
    clock: {
      ...clock,
      after(milliseconds, callback) {
        let isOver = false;
        const over = () => {
          if (!isOver) waiting--;
          isOver = true;
        };
        waiting++;
        const cancel = clock.after(milliseconds, () => {
          over();
          callback();
        });
        return () => {
          over();
          cancel();
        };
      },
    },
    waiting: () => waiting,
  };
}

/** Files are being written: a slow disk must not look like time that goes by. */
const isWriting = (): boolean =>
  process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq') || name === 'CloseReq');

const turnsMax = 500_000;

/** Moves the clock only while the node waits for nothing else. */
async function untilSettled<Value>(
  world: TestWorld,
  promise: Promise<Value>,
  options: { stepMilliseconds: number; waiting: () => number },
): Promise<Value> {
  let settled = false;
  const done = () => {
    settled = true;
  };
  promise.then(done, done);
  for (let turn = 0; !settled; turn++) {
    if (turn > turnsMax) throw new Error('it does not come to an end');
    await new Promise((resolve) => setImmediate(resolve));
    if (isWriting() || options.waiting() === 0) continue;
    await world.settle();
    if (!settled && !isWriting() && options.waiting() > 0) world.clock.advance(options.stepMilliseconds);
  }
  return promise;
}

/** `lifeSeconds`: of the certificates that it signs. `approves`: the cluster does, not a person. */
export async function startJoinWorld({
  lifeSeconds,
  approves = true,
}: {
  lifeSeconds?: number;
  approves?: boolean;
} = {}): Promise<JoinWorld> {
  const now = Date.UTC(2026, 0, 1);
  const pair = await issueAuthority(now);
  const ofServer = { commonName: 'x', organization: undefined, names: [], usage: 'server', now } as const;
  const leaf = await issueLeaf(pair, ofServer);
  const signing = csrSigning((request, options) =>
    signRequest(pair, request, { ...options, expirationSeconds: lifeSeconds ?? options.expirationSeconds }),
  );
  const world = await startTestWorld({ controllers: approves ? [csrApproving(), signing] : [signing] });
  const directory = await mkdtemp(join(tmpdir(), 'wherry-join-'));
  const token = await ensureJoinToken({ directory, authority: pair.certificate, client: world.client });
  const ending = new AbortController();
  const { clock, waiting } = countedClock(world.clock);
  const state = { away: false, calls: [] as string[] };
  return {
    world,
    authority: pair.certificate,
    token,
    directory,
    calls: state.calls,
    setAway(away) {
      state.away = away;
    },
    join: (changes = {}) =>
      joinCluster({
        server,
        token,
        nodeName: 'n1',
        addresses: ['172.30.0.2'],
        directory: join(directory, 'agent'),
        clock,
        random: seededRandom(7),
        log: silentLogger,
        signal: ending.signal,
        dial: dialTo(world, state, [leaf.certificate, pair.certificate]),
        ...changes,
      }),
    until: (promise, stepMilliseconds = 100) => untilSettled(world, promise, { stepMilliseconds, waiting }),
    async close() {
      ending.abort();
      await world.close();
      await rm(directory, { recursive: true });
    },
  };
}
