import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askRaw, openRaw, upgradeTo } from '../../../test/kubelet/raw-client.ts';
import { closedPort } from '../../../test/kubelet/streaming-server.ts';
import { startTestKubelet, type TestKubelet } from '../../../test/kubelet/test-kubelet.ts';
import { CriError } from '../../cri/errors.ts';
import { streamingTarget } from './tunnel.ts';

const execPath = '/exec/default/web/main?command=sh&output=1';

/** A stream that stands: the runtime has answered. */
async function openStream(kubelet: TestKubelet, path = execPath, more: readonly string[] = []) {
  const connection = await openRaw(kubelet);
  const lines = [`POST ${path} HTTP/1.1`, 'host: node', ...upgradeTo('SPDY/3.1', more)];
  connection.socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const answer = await connection.until('hello ');
  return { ...connection, answer };
}

async function gone(connection: { once(event: 'close', listener: () => void): unknown; closed: boolean }) {
  if (!connection.closed) await new Promise<void>((resolve) => connection.once('close', resolve));
}

test('the runtime is asked for what was asked, by any of its names', async (t) => {
  const kubelet = await startTestKubelet(t);
  const { containerId, sandboxId } = kubelet;
  const paths = [
    '/exec/default/web/main?command=sh&command=-c&command=echo+%2F&input=1&output=1&error=1',
    '/exec/default/web/uid-1/main?command=sh&stdin=true&stdout=true&stderr=true&tty=true',
    '/attach/default/web/main?output=1&error=0&tty=0',
    '/portForward/default/web',
    '/portForward/default/web/uid-1?port=80',
  ];
  for (const path of paths) (await openStream(kubelet, path)).socket.destroy();
  const websocket = upgradeTo('websocket', ['sec-websocket-version: 13']);
  const { socket, until } = await openRaw(kubelet);
  socket.write(
    `GET /portForward/default/web?port=80,81&port=8080 HTTP/1.1\r\nhost: n\r\n${websocket.join('\r\n')}\r\n\r\n`,
  );
  await until('hello ');
  socket.destroy();
  const streams = { containerId, stdin: true, stdout: true, stderr: true, tty: false };
  assert.deepEqual(kubelet.runtime.streamRequests, [
    ['Exec', { ...streams, command: ['sh', '-c', 'echo /'] }],
    ['Exec', { ...streams, command: ['sh'], stderr: false, tty: true }],
    ['Attach', { ...streams, stdin: false, stderr: false }],
    ['PortForward', { id: sandboxId, ports: [] }],
    ['PortForward', { id: sandboxId, ports: [] }],
    ['PortForward', { id: sandboxId, ports: [80, 81, 8080] }],
  ]);
});

test('a stream is the runtime`s answer, and then bytes', async (t) => {
  const kubelet = await startTestKubelet(t);
  const stream = await openStream(kubelet, execPath, [
    'x-stream-protocol-version: v4.channel.k8s.io',
    'x-stream-protocol-version: v3.channel.k8s.io',
    'authorization: Bearer secret',
  ]);
  assert.deepEqual(kubelet.streaming.requests, [
    `POST /exec/${kubelet.containerId} SPDY/3.1 v4.channel.k8s.io, v3.channel.k8s.io undefined`,
  ]);
  assert.equal(
    stream.answer,
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\nhello ',
  );
  const blob = 'x'.repeat(3 * 1024 * 1024);
  stream.socket.write(blob);
  // The end of one direction leaves the other open.
  stream.socket.end('!');
  const whole = await stream.whole;
  // Not compared as a whole: three megabytes are no message.
  assert.equal(whole.length, stream.answer.length + blob.length + '! bye'.length);
  assert.ok(whole.startsWith(`${stream.answer}xxx`) && whole.endsWith('xxx! bye'));
});

test('bytes that come with the request are not lost', async (t) => {
  const kubelet = await startTestKubelet(t);
  const { socket, until } = await openRaw(kubelet);
  socket.write(`POST ${execPath} HTTP/1.1\r\nhost: n\r\n${upgradeTo('SPDY/3.1').join('\r\n')}\r\n\r\nearly`);
  await until('hello early');
  socket.destroy();
});

test('whatever the runtime refuses is refused in its words, and nothing is a tunnel before its 101', async (t) => {
  const kubelet = await startTestKubelet(t);
  const ask = () => askRaw(kubelet, { method: 'POST', path: execPath, headers: upgradeTo('SPDY/3.1') });
  const answers = {
    'HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!HTTP/1.1 200 OK\r\n\r\n': '403 text/plain: no!',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok':
      '502 text/plain: the container runtime answered 200 instead of a stream',
    'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n':
      '502 text/plain: the container runtime answered 302 instead of a stream',
    'HTTP/1.1 404 Not Found\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 4\r\n\r\ngone':
      '404 text/plain: gone',
  };
  for (const [answer, expected] of Object.entries(answers)) {
    kubelet.streaming.answer(answer);
    assert.equal(await ask(), expected);
  }
  kubelet.streaming.answer('nonsense\r\n\r\n');
  assert.match(await ask(), /^502 text\/plain: error dialing backend: Parse Error/);
  kubelet.streaming.answer(undefined);
  await Promise.all([...kubelet.streaming.connections].map(gone));

  kubelet.setStreamingAddress(`127.0.0.1:${await closedPort()}`);
  assert.match(await ask(), /^502 text\/plain: error dialing backend: connect ECONNREFUSED/);
  for (const address of [
    '10.0.0.1:80',
    'localhost:80',
    '0.0.0.0:80',
    '127.0.0.1:80@10.0.0.1:80',
    '[::]:80',
  ]) {
    kubelet.setStreamingAddress(address);
    assert.equal(
      await ask(),
      '500 text/plain: the container runtime gave an address for the stream that is not of this machine',
      address,
    );
  }
});

test('only plain addresses of this machine are dialled', () => {
  const of = (address: string) => {
    try {
      const { host, port, path } = streamingTarget(address);
      return `${host} ${port} ${path}`;
    } catch {
      return 'refused';
    }
  };
  const addresses = ['http://127.0.0.1:5/exec/x?y=z', 'http://[::1]:5/', 'https://127.0.0.1:5/', 'x', ''];
  assert.deepEqual(addresses.map(of), [
    '127.0.0.1 5 /exec/x?y=z',
    '::1 5 /',
    'refused',
    'refused',
    'refused',
  ]);
  assert.deepEqual(['http://127.0.0.1/', 'http://127.evil.example:5/', 'http://a@127.0.0.1:5/'].map(of), [
    'refused',
    'refused',
    'refused',
  ]);
});

test('what is wrong with a request is said in upstream`s words', async (t) => {
  const kubelet = await startTestKubelet(t);
  const { runtime } = kubelet;
  const websocket = upgradeTo('websocket');
  const cases: [path: string, expected: string, headers?: string[]][] = [
    [
      '/exec/default/web/main?command=sh',
      '400 text/plain: you must specify at least 1 of stdin, stdout, stderr',
    ],
    [
      '/attach/default/web/main?tty=1&error=1',
      '400 text/plain: you must specify at least 1 of stdin, stdout, stderr',
    ],
    ['/exec/default/none/main?output=1', '404 text/plain: pod does not exist'],
    ['/exec/other/web/main?output=1', '404 text/plain: pod does not exist'],
    ['/exec/default/web/uid-2/main?output=1', '404 text/plain: pod not found'],
    ['/exec/default/web/none?output=1', '500 text/plain: container not found ("none")'],
    ['/attach/default/web/none?output=1', '500 text/plain: container none not found in pod web_default'],
    ['/portForward/default/none', '404 text/plain: pod does not exist'],
    ['/portForward/default/web/uid-2', '404 text/plain: pod not found'],
    ['/portForward/default/web', '400 text/plain: query parameter "port" is required', websocket],
    ['/portForward/default/web?port=', '400 text/plain: query parameter "port" cannot be empty', websocket],
    ['/portForward/default/web?port=0', '400 text/plain: port "0" must be > 0', websocket],
    [
      '/portForward/default/web?port=80,x',
      '400 text/plain: unable to parse "80,x" as a port: strconv.ParseUint: parsing "x": invalid syntax',
      websocket,
    ],
    [
      '/portForward/default/web?port=65536',
      '400 text/plain: unable to parse "65536" as a port: strconv.ParseUint: parsing "65536": value out of range',
      websocket,
    ],
    ['/exec/default/web', '404 text/plain: 404: Page Not Found'],
  ];
  for (const [path, expected, headers = upgradeTo('SPDY/3.1')] of cases)
    assert.equal(await askRaw(kubelet, { path, headers }), expected, path);
  // Where nothing is a stream, another protocol is offered in vain.
  const headers = ['connection: Upgrade, close', 'upgrade: h2c'];
  assert.equal(await askRaw(kubelet, { path: '/healthz', headers }), '200 text/plain: ok');
  runtime.fail('Exec', new CriError('NOT_FOUND', { method: 'Exec', details: 'no such container' }));
  const ask = () => askRaw(kubelet, { path: execPath, headers: upgradeTo('SPDY/3.1') });
  assert.equal(await ask(), '404 text/plain: rpc error: code = NotFound desc = no such container');
  runtime.fail('Exec', new CriError('RESOURCE_EXHAUSTED', { method: 'Exec', details: 'many' }));
  assert.equal(await ask(), '429 text/plain: rpc error: code = ResourceExhausted desc = many');
  runtime.fail('Exec', new CriError('UNKNOWN', { method: 'Exec', details: 'what' }));
  assert.equal(await ask(), '500 text/plain: rpc error: code = Unknown desc = what');
  await runtime.sandboxes.stop(kubelet.sandboxId);
  assert.equal(
    await askRaw(kubelet, { path: '/portForward/default/web', headers: upgradeTo('SPDY/3.1') }),
    '500 text/plain: pod not found ("web_default")',
  );
});

test('when one side is gone, the other one is let go', async (t) => {
  const kubelet = await startTestKubelet(t);
  const first = await openStream(kubelet);
  const [backend] = kubelet.streaming.connections;
  first.socket.destroy();
  await gone(backend!);

  const second = await openStream(kubelet);
  for (const connection of kubelet.streaming.connections) connection.resetAndDestroy();
  await second.whole;
  second.socket.destroy();

  const third = await openStream(kubelet);
  const [last] = kubelet.streaming.connections;
  await kubelet.server.close();
  await Promise.all([gone(last!), third.whole]);
});
