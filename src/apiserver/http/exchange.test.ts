/** The order of one exchange, on a transport that a test holds in its hands. */
import assert from 'node:assert/strict';
import { PassThrough, Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { createLogger } from '../../lib/log.ts';
import { systemClock } from '../../lib/system.ts';
import type { ApiResponse, Handler, Sink } from '../request.ts';
import { Deadlines } from './deadlines.ts';
import { Exchange, type Shared } from './exchange.ts';
import type { Identity } from './identity.ts';
import { defaultHttpSettings } from './settings.ts';

const nobody: Identity = { user: undefined, refused: undefined, expires: Number.POSITIVE_INFINITY };

class FakeExchange extends Exchange {
  readonly log: string[] = [];
  readonly canTunnel = false;
  readonly source = new PassThrough();
  readonly target: Writable = new Writable({
    write: (chunk: Buffer, _encoding, callback) => {
      this.log.push(`body ${chunk}`);
      callback();
    },
    final: (callback) => {
      this.log.push('end');
      callback();
    },
  });

  constructor(shared: Shared, headers: Record<string, string> = {}, identity: Identity = nobody) {
    super(shared, { method: 'POST', url: '/x', headers, identity, remoteAddress: undefined });
  }

  protected sendHead(response: ApiResponse): void {
    if (response.status < 100) throw new RangeError('no status');
    this.log.push(`head ${response.status}`);
    this.headSent = true;
  }

  protected sendContinue(): void {
    this.log.push('continue');
  }

  protected abandonBody(): void {
    this.log.push('abandon');
  }

  destroy(): void {
    this.log.push('destroy');
  }
}

function sharedWith(
  handler: Handler,
  settings: Partial<Shared['settings']> = {},
): { shared: Shared; lines: string[] } {
  const lines: string[] = [];
  const shared: Shared = {
    handler,
    settings: { ...defaultHttpSettings, ...settings },
    clock: systemClock,
    deadlines: new Deadlines({ ...systemClock, after: () => () => {} }),
    log: createLogger({ clock: systemClock, level: 'info', write: (line) => lines.push(line) }),
    bodyAccount: { bytes: 0 },
    draining: false,
  };
  return { shared, lines };
}

const settle = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
test('a stream whose head cannot be sent is stopped, and the client is told', async () => {
  const stopped: string[] = [];
  const body = () => () => stopped.push('stopped');
  const { shared } = sharedWith(async () => ({ status: 99, headers: {}, body }));
  const exchange = new FakeExchange(shared);
  exchange.begin(true);
  await settle();
  assert.deepEqual(stopped, ['stopped']);
  assert.equal(exchange.log[0], 'head 500');
});

const answer = (text: string): ApiResponse => ({ status: 200, headers: {}, body: [Buffer.from(text)] });

test('body, then handler, then answer', async () => {
  const { shared } = sharedWith(async (request) => answer(Buffer.from(request.body).toString()));
  const exchange = new FakeExchange(shared, { expect: '100-continue' });
  exchange.begin(false);
  Readable.from([Buffer.from('a'), Buffer.from('b')]).pipe(exchange.source);
  await settle();
  assert.deepEqual(exchange.log, ['continue', 'head 200', 'body ab', 'end']);
  assert.equal(shared.bodyAccount.bytes > 0, true);
  exchange.closed();
  assert.deepEqual([shared.bodyAccount.bytes, shared.deadlines.size], [0, 0]);
});

test('a certificate that expires while its connection is open is good no longer; a token beside it may be', async () => {
  const { shared } = sharedWith(async (request) => answer(request.user?.name ?? 'nobody'));
  const user = { name: 'ada', groups: [] };
  let now = 1000;
  const later: Shared = { ...shared, clock: { ...systemClock, now: () => now } };
  const identity: Identity = { user, refused: undefined, expires: 1000 };
  const ask = async (headers: Record<string, string> = {}) => {
    const exchange = new FakeExchange(later, headers, identity);
    exchange.begin(true);
    await settle();
    return exchange.log.slice(0, 2);
  };
  assert.deepEqual(await ask(), ['head 200', 'body ada']);
  now++;
  assert.equal((await ask())[0], 'head 401');
  assert.deepEqual(await ask({ authorization: 'Bearer x' }), ['head 200', 'body nobody']);
});

test('no room for another body is 429', async () => {
  const { shared } = sharedWith(async () => answer('x'), { requestBodiesBytesMax: 10 });
  const exchange = new FakeExchange(shared);
  exchange.begin(false);
  exchange.source.end(Buffer.alloc(11));
  await settle();
  assert.deepEqual(exchange.log.slice(0, 2), ['abandon', 'head 429']);
});

test('a handler that throws at once, or answers rubbish, is a 500 in the log', async () => {
  const handlers: Handler[] = [
    () => {
      throw new Error('at once');
    },
    async () => undefined as unknown as ApiResponse,
  ];
  for (const handler of handlers) {
    const { shared, lines } = sharedWith(handler);
    const exchange = new FakeExchange(shared);
    exchange.begin(true);
    await settle();
    assert.equal(exchange.log[0], 'head 500');
    assert.equal(lines.length, 1);
  }
});

test('a stream made for a client that has gone is stopped, and its signal is aborted', async () => {
  let finish: (response: ApiResponse) => void = () => {};
  let stopped = 0;
  const { shared } = sharedWith(
    () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  );
  const exchange = new FakeExchange(shared);
  exchange.begin(true);
  const { signal } = exchange;
  exchange.closed();
  assert.equal(signal.aborted, true);
  const body = (sink: Sink) => {
    sink.write(Buffer.from('x'));
    return () => stopped++;
  };
  finish({ status: 200, headers: {}, body });
  await settle();
  assert.deepEqual([exchange.log, stopped], [[], 1]);
  assert.equal(exchange.signal.aborted, true);
});

test('a stream that fails at its start cuts the client off', async () => {
  const { shared, lines } = sharedWith(async () => ({
    status: 200,
    headers: {},
    body: () => {
      throw new Error('at its start');
    },
  }));
  const exchange = new FakeExchange(shared);
  exchange.begin(true);
  await settle();
  assert.deepEqual(exchange.log, ['head 200', 'destroy']);
  assert.equal(lines.length, 1);
});

test('draining ends a stream once, and a stop that throws is only logged', async () => {
  const { shared, lines } = sharedWith(async () => ({
    status: 200,
    headers: {},
    body: () => () => {
      throw new Error('in stop');
    },
  }));
  const exchange = new FakeExchange(shared);
  exchange.begin(true);
  await settle();
  exchange.drain();
  exchange.drain();
  await settle();
  exchange.closed();
  assert.deepEqual(exchange.log, ['head 200', 'end']);
  assert.equal(lines.length, 1);
});

test('the deadline means what the exchange is waiting for', async () => {
  const never: Handler = () => new Promise(() => {});
  const receiving = new FakeExchange(sharedWith(never).shared);
  receiving.begin(false);
  receiving.onDeadline();
  await settle();
  assert.deepEqual(receiving.log.slice(0, 2), ['abandon', 'head 408']);
  const handling = new FakeExchange(sharedWith(never).shared);
  handling.begin(true);
  const { signal } = handling;
  handling.onDeadline();
  assert.deepEqual([handling.log[0], signal.aborted], ['head 504', true]);
  handling.onDeadline();
  assert.equal(handling.log.at(-1), 'destroy');
  handling.closed();
  const { length } = handling.log;
  handling.onDeadline();
  assert.equal(handling.log.length, length);
});
