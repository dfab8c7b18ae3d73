/** exec, attach and port-forward through the whole server, with clients and kubelets that misbehave. */
import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { after, afterEach, before, describe, test } from 'node:test';
import { upgradeAnswerMilliseconds } from '../../src/apiserver/tunnels/limits.ts';
import { askHttp2, http2Session } from '../hostile/clients.ts';
import { execPath, openWebSocket, rawUpgrade, spdyHeaders, until } from './clients.ts';
import { makeNode, makePod, type Rig, startRig } from './rig.ts';

let rig: Rig;
before(async () => {
  rig = await startRig();
  await makePod(rig.api, 'web');
  await makePod(rig.api, 'waiting', { nodeName: undefined });
  await makePod(rig.api, 'lost', { nodeName: 'node-2' });
  await makePod(rig.api, 'elsewhere', { nodeName: 'node-3' });
  await makePod(rig.api, 'nowhere', { nodeName: 'node-4' });
  await makeNode(rig.api, 1, { name: 'node-2' });
  // It claims the address of another node's kubelet, which is not its own.
  await makeNode(rig.api, rig.kubelet.port, { name: 'node-3' });
  await makeNode(rig.api, 1, { name: 'node-4', addresses: [] });
});
after(() => rig.close());
afterEach(async () => {
  rig.kubelet.upgrade = () => false;
  rig.kubelet.answer = () => false;
  await until(() => rig.api.server.backend.tunnels?.open === 0 && rig.http.open().requests === 0);
});

const statusOf = (text: string) =>
  JSON.parse(text.slice(text.indexOf('{')).replace(/\r\n0\r\n\r\n$/, '')) as {
    message: string;
    code: number;
  };

describe('a tunnel', () => {
  test('goes byte for byte once the kubelet has said 101, the server’s own name and nobody else’s credentials with it', async () => {
    let heard = '';
    rig.kubelet.upgrade = (_request, socket) => {
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Any: thing\r\n\r\nfirst',
      );
      socket.on('data', (chunk: Buffer) => {
        heard += chunk;
        if (heard.endsWith('.')) socket.end(`heard ${heard}`);
      });
      return true;
    };
    const headers = `${spdyHeaders}Authorization: Bearer secret\r\nImpersonate-User: root\r\nImpersonate-Group: system:masters\r\n`;
    const { text, ended, socket } = await rawUpgrade(
      rig,
      execPath(['sh', '-c', 'a b&c'], 'stdin=true&tty=true&container=main'),
      {
        headers,
        behind: 'early ',
      },
    );
    socket.write('late.');
    await until(ended);
    assert.equal(
      text(),
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Any: thing\r\n\r\nfirstheard early late.',
    );
    const seen = rig.kubelet.seen.at(-1)!;
    assert.deepEqual(
      [seen.method, seen.url, seen.client],
      [
        'POST',
        '/exec/default/web/main?command=sh&command=-c&command=a+b%26c&input=1&tty=1',
        'kube-apiserver-kubelet-client',
      ],
    );
    const names = seen.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
    assert.equal(names.filter((name) => name === 'x-stream-protocol-version').length, 2);
    assert.ok(!names.some((name) => /authorization|impersonate/.test(name)));
  });

  test('ends at the kubelet when the client goes, and at the client when the kubelet dies', async () => {
    let backend: Duplex | undefined;
    let gone = false;
    rig.kubelet.upgrade = (_request, socket) => {
      backend = socket;
      socket.on('close', () => {
        gone = true;
      });
      socket.resume();
      socket.write('HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n');
      return true;
    };
    const first = await rawUpgrade(rig, execPath(['x']));
    await until(() => first.text().includes('101'));
    assert.equal(rig.api.server.backend.tunnels?.open, 1);
    first.socket.destroy();
    await until(() => gone);
    const second = await rawUpgrade(rig, execPath(['x']));
    await until(() => second.text().includes('101'));
    backend?.destroy();
    await until(second.ended);
  });

  test('is not held up by either side’s silence, and holds either side’s flood', async () => {
    let pushed = 0;
    rig.kubelet.upgrade = (_request, socket) => {
      socket.write('HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n');
      const push = () => {
        while (pushed < 200) {
          pushed++;
          if (!socket.write(Buffer.alloc(1 << 20))) return;
        }
      };
      socket.on('drain', push);
      push();
      return true;
    };
    const { socket, text } = await rawUpgrade(rig, execPath(['x']));
    await until(() => text().includes('101'));
    socket.pause();
    // A client that takes nothing stops the kubelet well before its 200 MiB: what is under way is what sockets hold.
    for (let last = -1, same = 0; same < 20; last = pushed) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      same = last === pushed ? same + 1 : 0;
    }
    const stopped = pushed;
    socket.destroy();
    assert.ok(stopped < 150, String(stopped));
  });
});

describe('a kubelet that does not tunnel', () => {
  const answers: Record<string, { answer: string; code: number; message: string }> = {
    'it redirects (CVE-2020-8559)': {
      answer: 'HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n',
      code: 500,
      message: 'invalid upgrade response: status code 302',
    },
    'it answers (CVE-2018-1002105)': {
      answer: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      code: 500,
      message: 'invalid upgrade response: status code 200',
    },
    'it says what is no HTTP': {
      answer: 'SSH-2.0-OpenSSH\r\n\r\n',
      code: 500,
      message: 'error dialing backend: malformed HTTP response: Parse Error: Expected HTTP/, RTSP/ or ICE/',
    },
    'it says nothing and hangs up': { answer: '', code: 500, message: 'error dialing backend: EOF' },
    'its head does not end': {
      answer: `HTTP/1.1 101 x\r\nA: ${'a'.repeat(200_000)}`,
      code: 500,
      message: 'error dialing backend: net/http: server response headers exceeded the limit',
    },
  };
  for (const [name, { answer, code, message }] of Object.entries(answers))
    test(`the client's bytes do not reach it: ${name}`, async () => {
      let heard = '';
      rig.kubelet.upgrade = (_request, socket) => {
        socket.on('data', (chunk: Buffer) => {
          heard += chunk;
        });
        socket.end(answer);
        return true;
      };
      const { text, ended } = await rawUpgrade(rig, execPath(['x']), {
        behind: 'GET /smuggled HTTP/1.1\r\n\r\n',
      });
      await until(ended);
      assert.match(text(), new RegExp(`^HTTP/1.1 ${code} `));
      assert.deepEqual([statusOf(text()).message, heard], [message, '']);
    });

  test('its refusal is the answer', async () => {
    rig.kubelet.upgrade = (_request, socket) => {
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nX-Why: so\r\n\r\nnot there');
      return true;
    };
    const { text, ended } = await rawUpgrade(rig, execPath(['x']));
    await until(ended);
    assert.match(text(), /^HTTP\/1.1 404 Not Found\r\n(.*\r\n)*x-why: so\r\n(.*\r\n)*\r\nnot there$/);
  });

  test('one that never answers is given up', async () => {
    let asked = false;
    rig.kubelet.upgrade = () => {
      asked = true;
      return true;
    };
    const { text, ended } = await rawUpgrade(rig, execPath(['x']));
    await until(() => asked);
    await rig.clock.advance(upgradeAnswerMilliseconds);
    await until(ended);
    assert.equal(statusOf(text()).message, 'Timeout: the backend did not answer the request to upgrade');
  });

  const unreachable: Record<string, { pod: string; code: number; message: RegExp }> = {
    'nobody listens': {
      pod: 'lost',
      code: 500,
      message: /^error dialing backend: dial tcp 127.0.0.1:1: connect: connection refused$/,
    },
    'another node’s kubelet is there (CVE-2022-3294)': {
      pod: 'elsewhere',
      code: 500,
      message:
        /^error dialing backend: tls: failed to verify certificate: x509: certificate is for "system:node:node-1", not for "system:node:node-3"$/,
    },
    'the node has no address': {
      pod: 'nowhere',
      code: 500,
      message: /^no preferred addresses found; known addresses: \[\]$/,
    },
    'the pod has no node': {
      pod: 'waiting',
      code: 400,
      message: /^pod waiting does not have a host assigned$/,
    },
    'the pod is not there': { pod: 'none', code: 404, message: /^pods "none" not found$/ },
  };
  for (const [name, { pod, code, message }] of Object.entries(unreachable))
    test(`what the client is told: ${name}`, async () => {
      const { text, ended } = await rawUpgrade(rig, execPath(['x'], 'stdout=1', pod));
      await until(ended);
      const status = statusOf(text());
      assert.equal(status.code, code);
      assert.match(status.message, message);
    });
});

describe('a request that cannot be a tunnel', () => {
  test('over HTTP/2, or without asking for it', async () => {
    const session = http2Session(rig.target);
    const answer = await askHttp2(session, { method: 'POST', path: execPath(['x']) });
    session.close();
    assert.deepEqual(
      [answer.status, statusOf(answer.body.toString()).message],
      [400, 'Upgrade request required'],
    );
    const inProcess = await rig.api.call('POST', execPath(['x']), {
      headers: { connection: 'upgrade', upgrade: 'SPDY/3.1' },
    });
    assert.deepEqual([inProcess.status, inProcess.body.message], [400, 'Upgrade request required']);
  });

  test('elsewhere the wish is ignored', async () => {
    const { text, ended } = await rawUpgrade(rig, '/version', {
      method: 'GET',
      headers: `${spdyHeaders.replace('Upgrade\r\n', 'Upgrade, close\r\n')}`,
    });
    await until(ended);
    assert.match(text(), /^HTTP\/1.1 200 OK/);
  });

  const refusals: Record<
    string,
    { url: string; method?: string; headers?: string; code: number; message: string }
  > = {
    'a method that is none of its own': {
      url: execPath(['x']),
      method: 'PUT',
      code: 405,
      message: 'the server does not allow this method on the requested resource',
    },
    'a container that is not there': {
      url: execPath(['x'], 'container=none'),
      code: 400,
      message: 'container none is not valid for pod web',
    },
    'ports that are none': {
      url: '/api/v1/namespaces/default/pods/web/portforward?ports=http',
      code: 400,
      message: 'strconv.ParseInt: parsing "http": invalid syntax',
    },
    'a WebSocket without a key': {
      url: execPath(['x']),
      method: 'GET',
      headers:
        'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n',
      code: 400,
      message:
        "websocket: not a websocket handshake: 'Sec-WebSocket-Key' header must be Base64 encoded value of 16-byte in length",
    },
    'more protocols than anybody speaks': {
      url: execPath(['x']),
      method: 'GET',
      headers: `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: ${'v5.channel.k8s.io,'.repeat(100)}\r\n`,
      code: 400,
      message: 'at most 32 WebSocket protocols may be offered, not 100',
    },
  };
  for (const [name, { url, method, headers, code, message }] of Object.entries(refusals))
    test(name, async () => {
      const { text, ended } = await rawUpgrade(rig, url, {
        ...(method === undefined ? {} : { method }),
        ...(headers === undefined ? {} : { headers }),
      });
      await until(ended);
      const status = statusOf(text());
      assert.deepEqual([status.code, status.message], [code, message]);
    });
});

test('there are only so many at one time, and a server that drains ends them', async () => {
  const small = await startRig({ tunnels: { tunnelsMax: 2 } });
  try {
    await makePod(small.api, 'web');
    const first = openWebSocket(small, execPath(['hang']));
    const second = await rawUpgrade(small, execPath(['hang']));
    await until(() => first.log.length === 2 && second.text().includes('101'));
    const third = await rawUpgrade(small, execPath(['hang']));
    await until(third.ended);
    assert.match(third.text(), /^HTTP\/1.1 429 /);
    await small.http.drain();
    await until(() => second.ended() && first.socket.readyState === 3);
    assert.equal(small.api.server.backend.tunnels?.open, 0);
  } finally {
    await small.close();
  }
});
