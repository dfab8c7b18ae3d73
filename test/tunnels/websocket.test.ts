/** exec over WebSocket: what is translated, and what clients and kubelets may do wrong. */
import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { after, afterEach, before, describe, test } from 'node:test';
import { execPath, openWebSocket, until } from './clients.ts';
import { makeNode, makePod, type Rig, startRig } from './rig.ts';

let rig: Rig;
before(async () => {
  rig = await startRig();
  await makePod(rig.api, 'web');
  await makePod(rig.api, 'lost', { nodeName: 'node-2' });
  await makeNode(rig.api, 1, { name: 'node-2' });
});
after(() => rig.close());
afterEach(async () => {
  rig.kubelet.upgrade = () => false;
  await until(() => rig.api.server.backend.tunnels?.open === 0 && rig.http.open().requests === 0);
});

describe('a WebSocket', () => {
  const finished = (log: string[]) => log.at(-1)?.startsWith('close') ?? false;

  test('is translated: output, input and its end, exit status', async () => {
    const { log, send, until: wait } = openWebSocket(rig, execPath(['cat'], 'stdin=1&stdout=1&stderr=1'));
    await wait(() => log.length === 2);
    send(0, 'hello');
    await wait(() => log.length === 3);
    send(255, [0]);
    await wait(() => finished(log));
    assert.deepEqual(log, [
      'open v5.channel.k8s.io',
      '1: ',
      '1: hello',
      '3: {"metadata":{},"status":"Success"}',
      'close 1000',
    ]);
    const seen = rig.kubelet.seen.at(-1)!;
    assert.deepEqual(
      [seen.method, seen.headers.upgrade, seen.headers['sec-websocket-key']],
      ['POST', 'SPDY/3.1', undefined],
    );
  });

  const failures: Record<string, { path: string; log: RegExp }> = {
    'no kubelet': {
      path: execPath(['x'], 'stderr=1', 'lost'),
      log: /"message":"Internal error occurred: error sending request: dial tcp 127.0.0.1:1: connect: connection refused"/,
    },
    'a kubelet that refuses': {
      path: execPath(['x'], 'stderr=1&tty=refuse'),
      log: /"message":"Internal error occurred: unable to upgrade connection: no such container"/,
    },
  };
  for (const [name, { path, log: wanted }] of Object.entries(failures))
    test(`is told in its error channel of ${name}`, async () => {
      rig.kubelet.upgrade = (_request, socket) => {
        socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 18\r\n\r\nno such container\n');
        return true;
      };
      const { log, until: wait } = openWebSocket(rig, path);
      await wait(() => finished(log));
      assert.deepEqual([log[0], log[2]], ['open v5.channel.k8s.io', 'close 1000']);
      assert.match(log[1] ?? '', wanted);
    });

  test('whose kubelet dies midway ends', async () => {
    const { log, until: wait } = openWebSocket(rig, execPath(['die']));
    await wait(() => finished(log));
    assert.deepEqual(log.slice(2), ['1: dying\n', '3: {"metadata":{},"status":"Success"}', 'close 1000']);
  });

  test('whose kubelet speaks no SPDY is told so', async () => {
    rig.kubelet.upgrade = (_request, socket) => {
      socket.resume();
      socket.write('HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n');
      socket.write(Buffer.alloc(1000, 0xff));
      return true;
    };
    const { log, until: wait } = openWebSocket(rig, execPath(['x']));
    await wait(() => finished(log));
    assert.match(log[2] ?? '', /"message":"Internal error occurred: not a SPDY\/3 frame"/);
  });

  test('whose client goes leaves nothing behind at the kubelet', async () => {
    const { log, socket, until: wait } = openWebSocket(rig, execPath(['hang']));
    await wait(() => log.length === 2);
    socket.terminate();
    await wait(() => rig.api.server.backend.tunnels?.open === 0);
  });

  const breaches: Record<string, (client: ReturnType<typeof openWebSocket>) => void> = {
    'a message that is too long': ({ send }) => send(0, Buffer.alloc(2 << 20)),
    'the end of a channel that is none': ({ send }) => send(255, [9]),
    'the end of no channel': ({ send }) => send(255, []),
    'a frame that is none': ({ socket }) =>
      (socket as unknown as { _socket: Duplex })._socket.write(Buffer.alloc(20, 0xff)),
  };
  for (const [name, breach] of Object.entries(breaches))
    test(`ends with ${name}`, async () => {
      const client = openWebSocket(rig, execPath(['cat'], 'stdin=1&stdout=1'));
      await client.until(() => client.log.length === 2);
      breach(client);
      await client.until(() => client.socket.readyState === 3);
    });

  test('that speaks of channels nobody has is not minded', async () => {
    const { log, send, until: wait } = openWebSocket(rig, execPath(['cat'], 'stdin=1&stdout=1'));
    await wait(() => log.length === 2);
    for (const channel of [1, 2, 3, 4, 77]) send(channel, 'x');
    send(0, 'y');
    send(255, [0]);
    await wait(() => finished(log));
    assert.deepEqual(log.slice(2), ['1: y', '3: {"metadata":{},"status":"Success"}', 'close 1000']);
  });

  test('of a browser’s own protocol is passed on as it is', async () => {
    rig.kubelet.upgrade = (_request, socket) => {
      socket.end('HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n');
      return true;
    };
    const { log, until: wait } = openWebSocket(rig, execPath(['x']), {
      protocols: ['v4.base64.channel.k8s.io'],
    });
    await wait(() => log.length > 0);
    assert.deepEqual(log, ['418 ']);
    const seen = rig.kubelet.seen.at(-1)!;
    assert.deepEqual(
      [seen.method, seen.headers.upgrade, seen.headers['sec-websocket-protocol']],
      ['GET', 'websocket', 'v4.base64.channel.k8s.io'],
    );
  });

  test('to look is not to run: a stranger may do neither', async () => {
    const { log, until: wait } = openWebSocket(rig, execPath(['x']), { anonymous: true });
    await wait(() => log.length > 0);
    assert.match(log[0] ?? '', /^403 .*cannot get resource \\"pods\/exec\\"/);
    const token = Buffer.from('nobody').toString('base64url');
    const protocols = ['v5.channel.k8s.io', `base64url.bearer.authorization.k8s.io.${token}`];
    const other = openWebSocket(rig, execPath(['x']), { anonymous: true, protocols });
    await wait(() => other.log.length > 0);
    assert.match(other.log[0] ?? '', /^401 /);
  });
});
