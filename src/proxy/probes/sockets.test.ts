import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { listeningSockets, parseSockets } from './sockets.ts';

const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const rest = '00000000:00000000 00:00000000 00000000     0        0 12345 1 0000000000000000 100 0 0 10 0';

test('listening sockets of each kind, and no others', () => {
  const tcp = [
    head,
    `   0: 0100007F:1F90 00000000:0000 0A ${rest}`,
    `   1: 00000000:0050 00000000:0000 0A ${rest}`,
    `   2: 0200F40A:0050 0100F40A:C350 01 ${rest}`,
    '',
  ].join('\n');
  assert.deepEqual(parseSockets(tcp, 'TCP'), [
    { protocol: 'TCP', address: '127.0.0.1', port: 8080 },
    { protocol: 'TCP', address: '0.0.0.0', port: 80 },
  ]);
  const udp6 = `${head}\n  12: B80D0120000000000000000001000000:0035 00000000000000000000000000000000:0000 07 ${rest}\n`;
  assert.deepEqual(parseSockets(udp6, 'UDP'), [{ protocol: 'UDP', address: '2001:db8::1', port: 53 }]);
  assert.deepEqual(parseSockets('nonsense\n 1: x', 'TCP'), []);
});

test('a socket of this process is among them', async (context) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const found = (await listeningSockets()).filter(
    (each) => each.port === port && each.address === '127.0.0.1',
  );
  assert.deepEqual(found, [{ protocol: 'TCP', address: '127.0.0.1', port }]);
});
