import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { chooseCluster } from './choose.ts';
import { listenerClashes, listenersIn } from './listeners.ts';
import { type GivenSettings, loopbackSettings } from './settings.ts';

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 01001E7F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1061 1 0 100 0 0 10 0
   1: 0100007F:A7D3 0100007F:C4B8 06 00000000:00000000 03:000014F5 00000000     0        0 0 3 0
   2: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1062 1 0 100 0 0 10 0
  10: 0A00607F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1063 1 0 100 0 0 10 0
`;

test('listeners stand in the table of the kernel, connections do not count', () => {
  assert.deepEqual(listenersIn(table, '0A', 'LE'), [
    { address: 0x7f1e0001n, port: 53 },
    { address: 0n, port: 2024 },
    { address: 0x7f60000an, port: 53 },
  ]);
  assert.equal(listenersIn(table, '0A', 'BE')[0]?.address, 0x01001e7fn);
});

test('ranges in which somebody listens are told, with where', () => {
  const found = listenersIn(table, '0A', 'LE');
  assert.deepEqual(listenerClashes(loopbackSettings('lab'), found), [
    '--node-cidr 127.30.0.0/24: another process listens at 127.30.0.1:53',
    '--service-cidr 127.96.0.0/16: another process listens at 127.96.0.10:53',
  ]);
  assert.deepEqual(listenerClashes(loopbackSettings('lab', 1), found), []);
});

const onLinux = os.platform() === 'linux' ? false : 'loopback addresses besides 127.0.0.1 are Linux only';

test('a loopback cluster moves on to ranges in which nobody listens', { skip: onLinux }, async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-choose-'));
  const servers: Server[] = [];
  const listen = async (address: string) => {
    const server = createServer();
    servers.push(server);
    server.listen(0, address);
    await once(server, 'listening');
    return (server.address() as { port: number }).port;
  };
  try {
    await listen('127.30.0.77');
    await listen('127.97.0.77');
    const given = { name: 'lab', mode: 'loopback' } as const;
    const choose = (more: GivenSettings) => {
      const tryNftables = () => Promise.reject(new Error('no cluster in loopback mode takes nftables'));
      return chooseCluster({ given: more, dataDirectory: folder, tryNftables }, undefined);
    };
    const { settings } = await choose(given);
    // Others may be in the way of more of them meanwhile, but these two are.
    assert.ok(!['127.30.0.0/24', '127.30.1.0/24'].includes(settings.nodeCIDR), settings.nodeCIDR);
    const index = Number(settings.nodeCIDR.split('.')[2]);
    assert.deepEqual(settings, { ...loopbackSettings('lab', index) });
    const port = await listen('127.81.0.5');
    await assert.rejects(choose({ ...given, nodeCIDR: '127.81.0.0/24' }), {
      code: 'IN_THE_WAY',
      message: new RegExp(
        `--node-cidr 127\\.81\\.0\\.0/24: another process listens at 127\\.81\\.0\\.5:${port}`,
      ),
    });
  } finally {
    for (const server of servers) server.close();
    await rm(folder, { recursive: true, force: true });
  }
});
