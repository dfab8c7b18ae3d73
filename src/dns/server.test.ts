import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdir, readlink } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { UserError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { createManualClock } from '../lib/manual-clock.ts';
import { MetricsRegistry } from '../lib/metrics.ts';
import { seededRandom } from '../lib/random.ts';
import { systemClock } from '../lib/system.ts';
import { Forwarder } from './forwarder.ts';
import { connectionIdleMilliseconds, pipelinedQueriesMax } from './limits.ts';
import { recordsOf } from './records.ts';
import { Resolver } from './resolver.ts';
import { Responder } from './responder.ts';
import { DnsServer } from './server.ts';
import { address, foreignAnswer, query, shown, testService, testSlice } from './test-kit.ts';
import { askUpstream } from './upstream.ts';
import { Zone } from './zone.ts';

const log: Logger = { debug() {}, info() {}, warn() {}, error() {} };

function makeResolver(upstreams: { address: string; port: number }[] = []): {
  resolver: Resolver;
  forwarder: Forwarder;
} {
  const zone = new Zone({ zone: 'cluster.local', seconds: 5 });
  zone.replace('web', recordsOf(testService({ clusterIP: '10.96.0.5' }), [], 'cluster.local'));
  const endpoints = Array.from({ length: 100 }, (_, index) => ({ addresses: [`10.244.0.${index}`] }));
  const set = testService({ clusterIP: 'None' }, { name: 'set' });
  zone.replace('set', recordsOf(set, [testSlice(endpoints)], 'cluster.local'));
  const forwarder = new Forwarder({ upstreams, clock: systemClock, random: seededRandom(1), log });
  const responder = new Responder({
    zone,
    zoneName: 'cluster.local',
    seconds: 5,
    hasNamespace: () => false,
    isReady: () => true,
  });
  return { resolver: new Resolver({ responder, forwarder, seconds: 5 }), forwarder };
}

async function startServer(
  context: TestContext,
  options: { upstreams?: { address: string; port: number }[]; address?: string } = {},
) {
  const clock = createManualClock();
  const registry = new MetricsRegistry();
  const { resolver, forwarder } = makeResolver(options.upstreams);
  const addresses = [{ address: options.address ?? '127.0.0.1', port: 0 }];
  const server = await DnsServer.start({ resolver, addresses, clock, log, registry });
  context.after(() => server.close());
  return { server, at: server.addresses[0]!, clock, registry, forwarder };
}

async function overUdp(at: { address: string; port: number }, message: Buffer): Promise<Buffer> {
  const socket = createSocket(at.address.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.send(message, at.port, at.address);
    const [answer] = (await once(socket, 'message')) as [Buffer];
    return answer;
  } finally {
    socket.close();
  }
}

/** Reads messages with their lengths before them until there are `count`. */
async function readMessages(socket: Socket, count: number): Promise<Buffer[]> {
  const messages: Buffer[] = [];
  let received: Buffer = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0);
      messages.push(received.subarray(2, end));
      received = received.subarray(end);
    }
    if (messages.length >= count) break;
  }
  return messages;
}

const framed = (message: Buffer): Buffer => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
};

for (const address of ['127.0.0.1', '::1'])
  test(`a question over UDP to ${address}`, async (context) => {
    const { at, registry } = await startServer(context, { address });
    const answer = await overUdp(at, query('web.default.svc.cluster.local'));
    assert.deepEqual(shown(answer), [
      'NOERROR aa rd ra',
      'answer web.default.svc.cluster.local 5 A 10.96.0.5',
    ]);
    assert.match(registry.render(), /wherry_dns_responses_total\{proto="udp",rcode="NOERROR"\} 1/);
  });

test('a long answer comes over TCP, from a question in pieces', async (context) => {
  const { at } = await startServer(context);
  const question = query('set.default.svc.cluster.local');
  assert.equal(shown(await overUdp(at, question))[0], 'NOERROR aa tc rd ra');
  const socket = connect(at.port, at.address);
  for (const byte of framed(question)) socket.write(Buffer.from([byte]));
  const [answer] = await readMessages(socket, 1);
  assert.equal(shown(answer!).length, 101);
});

test('many questions in one piece, more than are answered at once', async (context) => {
  const { at } = await startServer(context);
  const socket = connect(at.port, at.address);
  const count = pipelinedQueriesMax * 3;
  const questions = Array.from({ length: count }, (_, id) =>
    framed(query('web.default.svc.cluster.local', { id })),
  );
  socket.write(Buffer.concat(questions));
  const messages = await readMessages(socket, count);
  assert.deepEqual(
    messages.map((message) => message.readUInt16BE(0)).sort((a, b) => a - b),
    Array.from({ length: count }, (_, id) => id),
  );
});

test('a client that ends its side gets its answer', async (context) => {
  const { at } = await startServer(context);
  const socket = connect(at.port, at.address);
  socket.end(framed(query('web.default.svc.cluster.local')));
  assert.equal((await readMessages(socket, 1)).length, 1);
});

test('a connection that says nothing is ended', async (context) => {
  const { at, clock } = await startServer(context);
  const socket = connect(at.port, at.address);
  // One answer, so that the server has surely taken the connection.
  socket.write(framed(query('web.default.svc.cluster.local')));
  await once(socket, 'data');
  const closed = once(socket, 'close');
  clock.advance(connectionIdleMilliseconds);
  await closed;
});

test('nonsense is answered, or not, and nothing breaks', async (context) => {
  const { at } = await startServer(context);
  const socket = createSocket('udp4');
  for (const junk of [Buffer.alloc(0), Buffer.alloc(3), Buffer.alloc(2000, 0xff)])
    socket.send(junk, at.port, at.address);
  socket.close();
  assert.equal(shown(await overUdp(at, query('web.default.svc.cluster.local')))[0], 'NOERROR aa rd ra');
});

test('an address that cannot be had', async (context) => {
  const { at } = await startServer(context);
  const { resolver } = makeResolver();
  await assert.rejects(
    DnsServer.start({
      resolver,
      addresses: [{ address: '127.0.0.1', port: 0 }, at],
      clock: systemClock,
      log,
    }),
    (error: Error) =>
      error instanceof UserError &&
      /DNS cannot listen on 127\.0\.0\.1 port \d+: .*EADDRINUSE/.test(error.message),
  );
});

test('an address that is taken over UDP alone: nothing is left open', async (context) => {
  const taken = createSocket('udp4').bind(0, '127.0.0.1');
  await once(taken, 'listening');
  context.after(() => taken.close());
  const { port } = taken.address();
  const { resolver } = makeResolver();
  const start = () =>
    DnsServer.start({ resolver, addresses: [{ address: '127.0.0.1', port }], clock: systemClock, log });
  const sockets = async () => {
    const files = (await readdir('/proc/self/fd')).map((file) => readlink(`/proc/self/fd/${file}`));
    const links = await Promise.all(files.map((file) => file.catch(() => '')));
    return links.filter((link) => link.startsWith('socket:')).length;
  };
  await assert.rejects(start(), { code: 'DNS_ADDRESS' });
  const before = await sockets();
  for (let attempt = 0; attempt < 5; attempt++) await assert.rejects(start(), { code: 'DNS_ADDRESS' });
  assert.ok((await sockets()) <= before);
});

test('very many questions behind answers that the client is slow to take', async (context) => {
  const deepest = { lines: 0 };
  const long = Buffer.alloc(65_000);
  const resolver = {
    reply(asked: Buffer) {
      deepest.lines = Math.max(deepest.lines, (new Error().stack ?? '').split('\n').length);
      return asked.length > 0 ? { message: long, code: 0 } : undefined;
    },
  } as unknown as Resolver;
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  context.after(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });
  const addresses = [{ address: '127.0.0.1', port: 0 }];
  const server = await DnsServer.start({ resolver, addresses, clock: createManualClock(), log });
  context.after(() => server.close());
  const { port } = server.addresses[0]!;
  const socket = connect(port, '127.0.0.1');
  // More than the kernel takes; behind it messages of no bytes, which are answered by silence.
  const count = 400;
  socket.write(Buffer.concat([Buffer.alloc(3 * count, Buffer.from([0, 1, 1])), Buffer.alloc(60_000)]));
  assert.equal((await readMessages(socket, count)).length, count);
  assert.ok(deepest.lines < 30, `${deepest.lines} calls within each other`);
});

test('who waits for another server is not idle', async (context) => {
  const mute = createSocket('udp4').bind(0, '127.0.0.1');
  await once(mute, 'listening');
  context.after(() => mute.close());
  const { at, clock } = await startServer(context, { upstreams: [{ ...mute.address() }] });
  const socket = connect(at.port, at.address);
  socket.write(framed(query('example.com')));
  const [asked, from] = (await once(mute, 'message')) as [Buffer, { port: number }];
  clock.advance(connectionIdleMilliseconds);
  mute.send(
    foreignAnswer(asked, { answers: [address('example.com', '192.0.2.80')] }),
    from.port,
    '127.0.0.1',
  );
  const [answer] = await readMessages(socket, 1);
  assert.equal(answer && shown(answer)[1], 'answer example.com 60 A 192.0.2.80');
});

test('one server asks another, over UDP and for long answers over TCP', async (context) => {
  const far = await startServer(context);
  const near = await startServer(context, { upstreams: [far.at] });
  const { answer } = (await near.forwarder.resolve({
    name: '\x03set\x07default\x03svc\x07cluster\x05local\0',
    type: 1,
    dnssec: false,
    checkingDisabled: false,
  }))!;
  assert.equal(answer.counts[0], 100);
});

test('a server that is not there, and one that never answers', async (context) => {
  const mute = createSocket('udp4').bind(0, '127.0.0.1');
  await once(mute, 'listening');
  context.after(() => mute.close());
  const clock = createManualClock();
  const asking = askUpstream({ upstream: { ...mute.address() }, query: query('a'), clock });
  await once(mute, 'message');
  clock.advance(5000);
  await assert.rejects(asking, { code: 'DNS_TIMEOUT' });
  const { port } = mute.address();
  await assert.rejects(
    askUpstream({ upstream: { address: '127.0.0.2', port }, query: query('a'), clock: systemClock }),
    { code: 'DNS_UNREACHABLE' },
  );
});
