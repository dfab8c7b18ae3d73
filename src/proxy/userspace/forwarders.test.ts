import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createManualClock } from '../../lib/manual-clock.ts';
import { systemClock } from '../../lib/system.ts';
import { Balancer } from './balancer.ts';
import { udpSessionMilliseconds } from './limits.ts';
import type { Backend } from './listeners.ts';
import { forwardTcp } from './tcp.ts';
import { forwardUdp } from './udp.ts';

/** A port that was free a moment ago. */
async function freePort(address = '127.0.0.1'): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Answers with its name and its client's address once the client has ended. */
async function startEndpoint(context: TestContext, name: string): Promise<Backend> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('end', () => socket.end(`${name} for ${socket.remoteAddress}: ${text}`));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  return { address: '127.0.0.1', port: (server.address() as { port: number }).port };
}

async function ask(port: number, text: string, localAddress = '127.0.0.1'): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, localAddress, allowHalfOpen: true });
  socket.end(text);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}

async function startTcp(context: TestContext, backends: Backend[], allows = (_: string) => true) {
  const balancer = new Balancer({ clock: systemClock, scheduling: 'roundRobin' });
  balancer.set(backends, undefined);
  const port = await freePort();
  const forwarder = await forwardTcp({ address: '127.0.0.1', port, balancer, clock: systemClock, allows });
  context.after(() => forwarder.close());
  return { port, forwarder, balancer };
}

test('TCP: both directions, half-closed, in turns, with the client address kept', async (context) => {
  const endpoints = [await startEndpoint(context, 'one'), await startEndpoint(context, 'two')];
  const { port } = await startTcp(context, endpoints);
  assert.equal(await ask(port, 'hello'), 'one for 127.0.0.1: hello');
  assert.equal(
    await ask(port, 'x'.repeat(300_000), '127.0.0.9'),
    `two for 127.0.0.9: ${'x'.repeat(300_000)}`,
  );
});

test('TCP: an endpoint that does not answer is passed over', async (context) => {
  const closed = { address: '127.0.0.1', port: await freePort() };
  const { port } = await startTcp(context, [closed, await startEndpoint(context, 'two')]);
  assert.equal(await ask(port, 'hello'), 'two for 127.0.0.1: hello');
});

test('TCP: where no endpoint answers the connection is reset', async (context) => {
  const { port } = await startTcp(context, [{ address: '127.0.0.1', port: await freePort() }]);
  await assert.rejects(ask(port, 'hello'), { code: 'ECONNRESET' });
});

test('TCP: a client from elsewhere is not let in', async (context) => {
  const endpoint = await startEndpoint(context, 'one');
  const { port } = await startTcp(context, [endpoint], (client) => client === '127.0.0.9');
  assert.equal(await ask(port, 'hello', '127.0.0.9'), 'one for 127.0.0.9: hello');
  const outcome = await ask(port, 'hello').catch((error: NodeJS.ErrnoException) => error.code);
  assert.ok(outcome === '' || outcome === 'ECONNRESET', String(outcome));
});

test('TCP: closing lets connections go on, or cuts them off', async (context) => {
  const { port, forwarder } = await startTcp(context, [await startEndpoint(context, 'one')]);
  const open = async (): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  };
  const [first, second] = [await open(), await open()];
  while (forwarder.size < 2) await new Promise((resolve) => setImmediate(resolve));
  const drained = forwarder.close({ drain: true });
  await assert.rejects(ask(port, 'more'), { code: 'ECONNREFUSED' });
  first.end('still');
  const [answer] = await once(first, 'data');
  assert.equal(String(answer), 'one for 127.0.0.1: still');
  second.on('error', () => {});
  const cut = once(second.resume(), 'end');
  await forwarder.close();
  await Promise.all([cut, drained]);
  for (const socket of [first, second]) socket.destroy();
});

async function startEcho(context: TestContext, name: string): Promise<Backend> {
  const socket = createSocket('udp4');
  socket.on('message', (message, { address, port }) =>
    socket.send(`${name} for ${address}: ${message}`, port, address),
  );
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  context.after(() => socket.close());
  return { address: '127.0.0.1', port: socket.address().port };
}

test('UDP: a client keeps its endpoint while it speaks and the endpoint counts', async (context) => {
  const [one, two] = [await startEcho(context, 'one'), await startEcho(context, 'two')];
  const clock = createManualClock();
  const balancer = new Balancer({ clock, scheduling: 'roundRobin' });
  balancer.set([one, two], undefined);
  const port = await freePort();
  const forwarder = await forwardUdp({ address: '127.0.0.1', port, balancer, clock, allows: () => true });
  context.after(() => forwarder.close());
  const client = createSocket('udp4').bind(0, '127.0.0.9');
  await once(client, 'listening');
  context.after(() => client.close());
  const say = async (text: string): Promise<string> => {
    client.send(text, port, '127.0.0.1');
    const [message] = await once(client, 'message');
    return String(message);
  };
  assert.equal(await say('a'), 'one for 127.0.0.9: a');
  clock.advance(udpSessionMilliseconds - 1);
  assert.equal(await say('b'), 'one for 127.0.0.9: b');
  clock.advance(udpSessionMilliseconds - 1);
  assert.equal(forwarder.size, 1);
  balancer.set([two], undefined);
  forwarder.refresh();
  assert.equal(await say('c'), 'two for 127.0.0.9: c');
  clock.advance(udpSessionMilliseconds);
  assert.equal(forwarder.size, 0);
});
