import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net, { type LookupFunction } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { silentLogger } from '../../lib/log.ts';
import { relayLimits } from './limits.ts';
import { type RelayOptions, startRegistryRelay } from './registry-relay.ts';
import { proxyEnvironment, startRelayDoor } from './relay-door.ts';
import { TargetRefused, targetOf } from './relay-target.ts';

let folder: string;
let socketPath: string;
let undo: (() => unknown)[];
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-relay-'));
  socketPath = path.join(folder, 'relay.sock');
  undo = [() => rm(folder, { recursive: true, force: true })];
});
afterEach(async () => {
  for (const step of undo.reverse()) await step();
});

async function startRelay(options: Partial<RelayOptions> = {}): Promise<void> {
  const relay = await startRegistryRelay({ socketPath, allowsLocal: true, log: silentLogger, ...options });
  undo.push(() => relay.close());
}

async function startDoor(): Promise<number> {
  const door = await startRelayDoor({ socketPath, port: 0 });
  undo.push(() => door.close());
  return door.port;
}

/** A web server of this machine: the registry. */
async function startWeb(answer: http.RequestListener): Promise<number> {
  const server = http.createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as net.AddressInfo).port;
}

/** Any name is this address. */
const always =
  (...addresses: string[]): LookupFunction =>
  (_hostname, { all }, done) => {
    const found = addresses.map((address) => ({ address, family: net.isIP(address) }));
    if (all) done(null, found);
    else done(null, found[0]!.address, found[0]!.family);
  };

/** All that is answered to these bytes. */
async function say(port: number, bytes: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  undo.push(() => socket.destroy());
  socket.write(bytes);
  return text(socket);
}

const askOnce = 'GET /v2/ HTTP/1.1\r\nhost: registry\r\nconnection: close\r\n\r\n';

describe('by the door and the relay', () => {
  test('CONNECT leads to the target, by address and by name', async () => {
    const web = await startWeb((request, response) => response.end(`asked for ${request.url}`));
    await startRelay({ lookup: always('127.0.0.1') });
    const door = await startDoor();
    for (const host of ['127.0.0.1', 'registry.example']) {
      // The first bytes may come with the request itself.
      const answer = await say(door, `CONNECT ${host}:${web} HTTP/1.1\r\nhost: x\r\n\r\n${askOnce}`);
      assert.match(answer, /^HTTP\/1\.1 200 Connection established\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
      assert.ok(answer.endsWith('asked for /v2/'), answer);
    }
  });

  test('a whole URL is asked for, without what is meant for the proxy', async () => {
    const seen: unknown[] = [];
    const web = await startWeb(async (request, response) => {
      const { method, url, headers } = request;
      seen.push({ method, url, headers, body: await text(request) });
      response.writeHead(201, { 'docker-content-digest': 'sha256:1', 'x-hop': '1', connection: 'x-hop' });
      response.end('made');
    });
    await startRelay({ lookup: always('127.0.0.1') });
    const answer = await say(
      await startDoor(),
      `POST http://registry.example:${web}/v2/a?ns=b HTTP/1.1\r\nhost: other\r\nauthorization: Bearer t\r\n` +
        'proxy-authorization: Basic eA==\r\nproxy-connection: keep-alive\r\nx-mine: 1\r\n' +
        'connection: close, x-mine\r\ncontent-length: 4\r\n\r\nbody',
    );
    assert.deepEqual(seen, [
      {
        method: 'POST',
        url: '/v2/a?ns=b',
        headers: {
          authorization: 'Bearer t',
          'content-length': '4',
          host: `registry.example:${web}`,
          connection: 'close',
        },
        body: 'body',
      },
    ]);
    assert.match(answer, /^HTTP\/1\.1 201 Created\r\n/);
    assert.match(answer, /^docker-content-digest: sha256:1\r$/m);
    assert.doesNotMatch(answer, /x-hop: 1/);
    assert.ok(answer.includes('made'), answer);
  });

  test('nobody listens at the target, or at the relay', async () => {
    // tcpmux, which nobody has: one that was free just now may be another's meanwhile.
    const port = 1;
    const door = await startDoor();
    const asked = `CONNECT 127.0.0.1:${port} HTTP/1.1\r\nhost: x\r\n\r\n`;
    assert.match(await say(door, asked), /^HTTP\/1\.1 502 The cluster's server does not run\r\n/);
    await startRelay();
    assert.match(await say(door, asked), /^HTTP\/1\.1 502 Bad Gateway\r\n(?:.*\r?\n)*.*ECONNREFUSED/);
    const whole = `GET http://127.0.0.1:${port}/ HTTP/1.1\r\nhost: x\r\n\r\n`;
    assert.match(await say(door, whole), /^HTTP\/1\.1 502 Bad Gateway\r\n(?:.*\r?\n)*.*ECONNREFUSED/);
  });

  test('what is no request of a proxy is refused', async () => {
    await startRelay();
    const door = await startDoor();
    for (const line of ['GET /v2/', 'CONNECT registry.example', 'GET https://registry.example/'])
      assert.match(
        await say(door, `${line} HTTP/1.1\r\nhost: x\r\n\r\n`),
        /^HTTP\/1\.1 400 Bad Request\r\n(?:.*\r?\n)*.*this is a proxy for registries/,
      );
    assert.match(await say(door, 'what?\r\n\r\n'), /^HTTP\/1\.1 400 Bad Request\r\n/);
    const long = `GET http://127.0.0.1/ HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(64 * 1024)}\r\n\r\n`;
    assert.match(await say(door, long), /^HTTP\/1\.1 400 Bad Request\r\n/);
  });
});

describe('what listens for this machine alone', () => {
  const addresses = [
    '127.0.0.1',
    '127.9.9.9',
    '0.0.0.0',
    '169.254.169.254',
    '::1',
    'fe80::1',
    '::ffff:127.0.0.1',
  ];

  test('is refused by address and by name, in both forms of request', async () => {
    for (const address of addresses) {
      const relay = await startRegistryRelay({
        ...{ socketPath, allowsLocal: false, log: silentLogger },
        // One good address among them does not make the name a good one.
        lookup: always('192.0.2.1', address),
      });
      const door = await startRelayDoor({ socketPath, port: 0 });
      try {
        const host = address.includes(':') ? `[${address}]` : address;
        for (const line of [
          `CONNECT ${host}:443`,
          'CONNECT registry.example:443',
          `GET http://${host}/`,
          'GET http://registry.example/',
        ])
          assert.match(
            await say(door.port, `${line} HTTP/1.1\r\nhost: x\r\n\r\n`),
            /^HTTP\/1\.1 403 Forbidden\r\n(?:.*\r?\n)*.* is an address of this machine alone\n/,
            line,
          );
      } finally {
        await door.close();
        await relay.close();
      }
    }
  });

  test("the machine's own names are resolved by itself, and are no way around", async () => {
    await startRelay({ allowsLocal: false });
    const answer = await say(await startDoor(), 'CONNECT localhost:443 HTTP/1.1\r\nhost: x\r\n\r\n');
    assert.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n/);
  });
});

test('the socket is for its owner alone, and replaces what an earlier process has left', async () => {
  await writeFile(socketPath, '');
  await startRelay();
  assert.equal((await stat(socketPath)).mode & 0o777, 0o600);
});

test('a tunnel in which nobody says anything is closed', async () => {
  const silent = net.createServer((socket) => undo.push(() => socket.destroy())).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  undo.push(() => silent.close());
  const { port } = silent.address() as net.AddressInfo;
  await startRelay({ idleMilliseconds: 200 });
  const client = net.connect(socketPath);
  undo.push(() => client.destroy());
  // On a machine that is busy enough already the request is too late: closed it is in either case.
  client.on('error', () => {});
  client.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nhost: x\r\n\r\n`);
  await once(client.resume(), 'close');
});

test('one connection more than there may be is closed, and later ones are let in again', async () => {
  await startRelay();
  const open = async () => {
    const socket = net.connect(socketPath);
    undo.push(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  };
  const sockets = [];
  for (let count = 0; count < relayLimits.connectionsMax; count++) sockets.push(await open());
  const tooMany = (await open()).resume();
  tooMany.on('error', () => {});
  await once(tooMany, 'close');
  const [first] = sockets as [net.Socket];
  first.end('GET /v2/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  assert.match(await text(first), /^HTTP\/1\.1 400 /);
  // Its end is seen here before the relay has counted it.
  let answer = '';
  while (answer === '') {
    const next = await open();
    next.write('GET /v2/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    answer = await text(next).catch(() => '');
  }
  assert.match(answer, /^HTTP\/1\.1 400 /);
});

test('a socket that cannot be is told', async () => {
  const nowhere = path.join(folder, 'none/relay.sock');
  await assert.rejects(startRelay({ socketPath: nowhere }), {
    code: 'RELAY_SOCKET',
    message: /^the relay to registries cannot listen at .*none\/relay\.sock: .*; wanted is a short path/,
  });
});

test('a port that is taken is told', async () => {
  const port = await startDoor();
  await assert.rejects(startRelayDoor({ socketPath, port }), { code: 'RELAY_PORT', message: /EADDRINUSE/ });
});

test('the end closes tunnels that are open', async () => {
  const web = await startWeb((_request, response) => response.end());
  const relay = await startRegistryRelay({ socketPath, allowsLocal: true, log: silentLogger });
  const client = net.connect(await startDoor(), '127.0.0.1');
  undo.push(() => client.destroy());
  client.write(`CONNECT 127.0.0.1:${web} HTTP/1.1\r\nhost: x\r\n\r\n`);
  await once(client, 'data');
  const closed = once(client.resume(), 'close');
  await relay.close();
  await closed;
});

test('targets', () => {
  assert.deepEqual(targetOf('tunnel://[2001:db8::1]:5000', undefined), {
    ...{ host: '2001:db8::1', port: 5000, authority: '[2001:db8::1]:5000', path: '' },
  });
  assert.deepEqual(targetOf('http://registry.example/v2/?a=b#c', 'http:'), {
    ...{ host: 'registry.example', port: 80, authority: 'registry.example', path: '/v2/?a=b' },
  });
  for (const bad of ['tunnel://a:1/x', 'tunnel://u:p@a:1', 'tunnel://a:0', 'tunnel://:1', 'tunnel://a:99999'])
    assert.throws(() => targetOf(bad, undefined), TargetRefused, bad);
});

test("containerd asks the door for everything but the node's own mirror", () => {
  assert.deepEqual(proxyEnvironment(10247), {
    HTTP_PROXY: 'http://127.0.0.1:10247',
    HTTPS_PROXY: 'http://127.0.0.1:10247',
    NO_PROXY: '127.0.0.1,::1,localhost',
  });
});
