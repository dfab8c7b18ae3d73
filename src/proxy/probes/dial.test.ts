import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { createManualClock } from '../../lib/manual-clock.ts';
import { systemClock } from '../../lib/system.ts';
import { dialTcp, dialUdp } from './dial.ts';

const clock = systemClock;

async function withServer(
  onConnection: (socket: Socket) => void,
  use: (port: number) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
}

/** A port that was free a moment ago, on an address of this test's own. */
async function freePort(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** It never comes to its end: what happens decides, however slow the machine is. */
const standing = createManualClock();

const behaviours: Record<string, { act: (socket: Socket) => void; result: string }> = {
  'speaks first': { act: (socket) => socket.write('220 hello'), result: 'connected' },
  'hangs up': { act: (socket) => socket.end(), result: 'closed' },
  resets: { act: (socket) => socket.resetAndDestroy(), result: 'closed' },
};

for (const [name, { act, result }] of Object.entries(behaviours))
  test(`TCP, somebody who ${name}`, () =>
    withServer(act, async (port) => {
      assert.equal(await dialTcp({ address: '127.0.0.1', port }, { clock: standing }), result);
    }));

test('TCP, somebody who waits for a question', () =>
  withServer(
    () => {},
    async (port) => {
      assert.equal(await dialTcp({ address: '127.0.0.1', port }, { clock }), 'connected');
    },
  ));

test('TCP, nobody listens', async () => {
  const address = '127.95.13.1';
  assert.equal(await dialTcp({ address, port: await freePort(address) }, { clock: standing }), 'refused');
});

test('TCP, no answer comes in time', async () => {
  const manual = createManualClock();
  // Nothing is sent from here: a backlog that is full would do, but is hard to fill; the clock is just faster.
  const dialled = dialTcp({ address: '127.95.13.1', port: 9 }, { clock: manual });
  manual.advance(2_000);
  assert.equal(await dialled, 'timedOut');
});

test('UDP: answered, refused, silent', async () => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.once('message', (_message, from) => socket.send('hello', from.port, from.address));
  assert.equal(await dialUdp({ address: '127.0.0.1', port }, { clock: standing }), 'connected');
  assert.equal(await dialUdp({ address: '127.0.0.1', port }, { clock }), 'silent');
  socket.close();
  await once(socket, 'close');
  const address = '127.95.13.1';
  assert.equal(await dialUdp({ address, port: await freePort(address) }, { clock: standing }), 'refused');
});

test('UDP, the kernel sends nothing there', async () => {
  // To everybody, which takes an option that is not set.
  assert.equal(await dialUdp({ address: '255.255.255.255', port: 9 }, { clock: standing }), 'unreachable');
});
