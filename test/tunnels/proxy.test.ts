/** pods/proxy, services/proxy and nodes/proxy through the whole server, with pods in 127.0.0.0/8. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { after, afterEach, before, describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { askHttp1, askHttp2, http2Session } from '../hostile/clients.ts';
import { rawUpgrade, until } from './clients.ts';
import { insist, makeNode, makePod, makeSlice, type Rig, startRig } from './rig.ts';

const podIP = '127.200.0.9';
let rig: Rig;
let pod: Server;
let port: number;
let serve: (request: IncomingMessage, response: ServerResponse) => void;
const echo: typeof serve = async (asked, response) => {
  let bytes = 0;
  for await (const chunk of asked) bytes += (chunk as Buffer).length;
  response.setHeader('content-type', 'text/plain');
  response.end(`${asked.method} ${asked.url} ${bytes}`);
};

before(async () => {
  serve = echo;
  pod = createServer((asked, response) => serve(asked, response));
  pod.on('upgrade', (asked, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.write(`${asked.url} `);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  pod.listen(0, podIP);
  await once(pod, 'listening');
  ({ port } = pod.address() as AddressInfo);
  rig = await startRig({ loopback: true, tunnels: { ownAddresses: ['127.0.0.1'] } });
  const containers = [{ name: 'main', image: 'x', ports: [{ containerPort: port }] }];
  await makePod(rig.api, 'web', { podIP, containers, labels: { app: 'web' } });
  await makePod(rig.api, 'metadata', { podIP: '169.254.169.254', containers });
  await makePod(rig.api, 'self', { podIP: '127.0.0.1', containers });
  await makePod(rig.api, 'unborn', { nodeName: undefined });
  const ports = [
    { name: 'http', port: 80, targetPort: port },
    { name: 'none', port: 81, targetPort: 1 },
  ];
  await insist(rig.api, '/api/v1/namespaces/default/services', {
    metadata: { name: 'web' },
    spec: { ports },
  });
  await insist(rig.api, '/api/v1/namespaces/default/services', {
    metadata: { name: 'empty' },
    spec: { ports },
  });
  await makeSlice(rig.api, { service: 'web', port }, [{ address: podIP, pod: 'web' }]);
});
after(async () => {
  await rig.close();
  pod.close();
  pod.closeAllConnections();
});
afterEach(async () => {
  serve = echo;
  await until(() => rig.api.server.backend.tunnels?.open === 0);
});

const namespaced = '/api/v1/namespaces/default';
const ask = (path: string, more: { method?: string; headers?: Record<string, string>; body?: string } = {}) =>
  askHttp1(rig.target, { path, ...more });

describe('what is asked goes on as it is', () => {
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
  for (const method of methods)
    test(method, async () => {
      const body =
        method === 'GET' || method === 'OPTIONS' ? {} : { body: 'text', headers: { 'content-length': '4' } };
      const answer = await ask(`${namespaced}/pods/web:${port}/proxy//a%2Fb/../c%20d?e=%20&f&watch=true`, {
        method,
        ...body,
      });
      const bytes = 'body' in body ? 4 : 0;
      assert.deepEqual(
        [answer.status, answer.body.toString()],
        [200, `${method} //a%2Fb/../c%20d?e=%20&f&watch=true ${bytes}`],
      );
    });

  test('HEAD, with the length that there would be', async () => {
    serve = (_request, response) => response.writeHead(200, { 'content-length': '42' }).end();
    const answer = await ask(`${namespaced}/pods/web/proxy/`, { method: 'HEAD' });
    assert.deepEqual([answer.status, answer.headers['content-length'], answer.body.length], [200, '42', 0]);
  });

  for (const protocol of ['HTTP/1.1', 'HTTP/2'])
    test(`a body longer than the server would hold, over ${protocol}`, async () => {
      const bytes = 20 * 1024 * 1024;
      const path = `${namespaced}/services/web:80/proxy/up`;
      if (protocol === 'HTTP/2') {
        const session = http2Session(rig.target);
        const answer = await askHttp2(session, { method: 'PUT', path, body: Buffer.alloc(bytes) });
        session.close();
        assert.equal(answer.body.toString(), `PUT /up ${bytes}`);
        return;
      }
      const { certificate: cert, key } = rig.target.client;
      const asked = request({
        port: rig.http.port,
        ca: rig.target.authority,
        cert,
        key,
        method: 'PUT',
        path,
      });
      asked.setHeader('expect', '100-continue');
      asked.once('continue', () => Readable.from(Array(20).fill(Buffer.alloc(1024 * 1024))).pipe(asked));
      asked.flushHeaders();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      let text = '';
      for await (const chunk of response) text += chunk;
      assert.equal(text, `PUT /up ${bytes}`);
    });

  test('a pod that answers before it has heard all', async () => {
    serve = (_request, response) => response.writeHead(413).end('too much');
    const answer = await ask(`${namespaced}/pods/web/proxy/`, { method: 'POST', body: 'x'.repeat(1 << 20) });
    assert.deepEqual([answer.status, answer.body.toString()], [413, 'too much']);
  });

  test('credentials stay here, where it came from is told', async () => {
    let seen: IncomingMessage['headers'] = {};
    serve = (asked, response) => {
      seen = asked.headers;
      response.end();
    };
    await ask(`${namespaced}/pods/web/proxy/x?y`, {
      headers: { authorization: 'Bearer x', 'x-remote-user': 'root', cookie: 'a=b', host: 'api.example' },
    });
    const { host, cookie, authorization } = seen;
    assert.deepEqual(
      {
        host,
        cookie,
        authorization,
        user: seen['x-remote-user'],
        forwarded: seen['x-forwarded-for'],
        uri: seen['x-forwarded-uri'],
      },
      {
        host: 'api.example',
        cookie: 'a=b',
        authorization: undefined,
        user: undefined,
        forwarded: '127.0.0.1',
        uri: `${namespaced}/pods/web/proxy/x`,
      },
    );
  });

  test('another protocol', async () => {
    const { socket, text } = await rawUpgrade(rig, `${namespaced}/services/web:http/proxy/ws?x=1`, {
      method: 'GET',
      headers: 'Connection: upgrade\r\nUpgrade: echo\r\n',
      behind: 'early ',
    });
    await until(() => text().endsWith('/ws?x=1 early '));
    socket.write('late');
    await until(() => text().endsWith('late'));
    socket.destroy();
  });
});

describe('what is answered', () => {
  test('a root without a slash is told of it', async () => {
    const answer = await ask(`${namespaced}/services/web:80/proxy?x=1`);
    assert.deepEqual(
      [answer.status, answer.headers.location],
      [301, `${namespaced}/services/web:80/proxy/?x=1`],
    );
  });

  test('redirects and links lead through the proxy again, and nobody follows them', async () => {
    const prefix = `${namespaced}/pods/web/proxy`;
    serve = (asked, response) => {
      if (asked.url === '/moved') response.writeHead(302, { location: '/new?x' }).end();
      else response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<a href="/é">');
    };
    const moved = await ask(`${prefix}/moved`);
    assert.deepEqual([moved.status, moved.headers.location], [302, `${prefix}/new?x`]);
    const page = await ask(`${prefix}/page`);
    assert.equal(page.body.toString(), `<a href="${prefix}/é">`);
    assert.equal(page.headers['content-length'], String(page.body.length));
  });

  test('a compressed page stays compressed', async () => {
    serve = (_request, response) =>
      response
        .writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' })
        .end(gzipSync('<img src="/a.png">'));
    const page = await ask(`${namespaced}/pods/web/proxy/`);
    assert.equal(gunzipSync(page.body).toString(), `<img src="${namespaced}/pods/web/proxy/a.png">`);
  });

  for (const [name, type, length] of [
    ['a page too long to be rewritten', 'text/html', 5 << 20],
    ['a long answer', 'application/octet-stream', 30 << 20],
  ] as const)
    test(`${name} comes whole`, async () => {
      serve = (_request, response) =>
        response.writeHead(200, { 'content-type': type }).end(Buffer.alloc(length, '/'));
      const answer = await ask(`${namespaced}/pods/web/proxy/`);
      assert.equal(answer.body.length, length);
    });

  test('a page that is not what it says', async () => {
    serve = (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end('plain');
    assert.equal((await ask(`${namespaced}/pods/web/proxy/`)).body.toString(), 'plain');
  });

  test('a page that does not end is let go with its client', async () => {
    let begun = false;
    serve = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).write('<a href="/">');
      begun = true;
    };
    const { certificate: cert, key } = rig.target.client;
    const path = `${namespaced}/pods/web/proxy/`;
    const asked = request({ port: rig.http.port, ca: rig.target.authority, cert, key, path });
    asked.on('error', () => {});
    asked.end();
    await until(() => begun && rig.api.server.backend.tunnels?.open === 1);
    asked.destroy();
    await until(() => rig.api.server.backend.tunnels?.open === 0);
  });

  test('one that breaks off is broken off', async () => {
    serve = (_request, response) => {
      response.write('begin');
      response.once('drain', () => {});
      setImmediate(() => response.socket?.destroy());
    };
    await assert.rejects(ask(`${namespaced}/pods/web/proxy/`));
  });
});

describe('whom it is for', () => {
  const found: Record<string, string> = {
    'a pod, by its first port': `${namespaced}/pods/web/proxy/x`,
    'a pod and a scheme': `${namespaced}/pods/http:web:/proxy/x`,
    'a Service by the number of its port': `${namespaced}/services/web:80/proxy/x`,
    'a Service by the name of its port': `${namespaced}/services/web:http/proxy/x`,
    'a Service and a scheme': `${namespaced}/services/http:web:http/proxy/x`,
  };
  for (const [name, path] of Object.entries(found))
    test(name, async () => {
      const answer = await ask(path);
      assert.deepEqual([answer.status, answer.body.toString()], [200, 'GET /x 0']);
    });

  const refused: Record<string, { path: string; wanted: [number, string] }> = {
    'a pod that is not there': {
      path: `${namespaced}/pods/none/proxy/`,
      wanted: [404, 'pods "none" not found'],
    },
    'a pod without an address': {
      path: `${namespaced}/pods/unborn/proxy/`,
      wanted: [400, 'address not allowed'],
    },
    'a pod at a cloud’s metadata (CVE-2020-8555)': {
      path: `${namespaced}/pods/metadata/proxy/`,
      wanted: [400, 'address not allowed'],
    },
    'a pod that is the API server': {
      path: `${namespaced}/pods/self/proxy/`,
      wanted: [400, 'address not allowed'],
    },
    'another scheme': {
      path: `${namespaced}/pods/ftp:web:80/proxy/`,
      wanted: [400, 'invalid pod request "ftp:web:80"'],
    },
    'a port nobody listens on': {
      path: `${namespaced}/pods/web:1/proxy/`,
      wanted: [503, `error trying to reach service: dial tcp ${podIP}:1: connect: connection refused`],
    },
    'a port that is none': {
      path: `${namespaced}/pods/web:what/proxy/`,
      wanted: [503, 'error trying to reach service: dial tcp: lookup tcp/what: unknown port'],
    },
    'TLS with who speaks none': {
      path: `${namespaced}/pods/https:web:/proxy/`,
      wanted: [503, 'error trying to reach service: tls: first record does not look like a TLS handshake'],
    },
    'a Service that is not there': {
      path: `${namespaced}/services/none/proxy/`,
      wanted: [404, 'services "none" not found'],
    },
    'a Service’s port that is not there': {
      path: `${namespaced}/services/web:82/proxy/`,
      wanted: [503, 'no service port 82 found for service "web"'],
    },
    'a Service’s port with nothing behind it': {
      path: `${namespaced}/services/web:81/proxy/`,
      wanted: [503, 'no endpoints available for service "web:81"'],
    },
    'a Service with nothing behind it': {
      path: `${namespaced}/services/empty:80/proxy/`,
      wanted: [503, 'no endpoints available for service "empty"'],
    },
    'a node that is not there': {
      path: '/api/v1/nodes/none/proxy/',
      wanted: [404, 'nodes "none" not found'],
    },
    'a node’s other port at the API server (CVE-2020-8562)': {
      path: '/api/v1/nodes/node-1:22/proxy/',
      wanted: [400, 'address not allowed'],
    },
    'too many colons': {
      path: '/api/v1/nodes/a:b:c:d/proxy/',
      wanted: [400, 'invalid node request "a:b:c:d"'],
    },
  };
  for (const [name, { path, wanted }] of Object.entries(refused))
    test(`refused: ${name}`, async () => {
      const answer = await rig.api.call('GET', path);
      assert.deepEqual([answer.status, answer.body.message], wanted);
    });

  test('only pods of the Service’s own namespace, at their own address, are endpoints (CVE-2021-25740)', async () => {
    const ports = [{ name: 'http', port: 80, targetPort: port }];
    await insist(rig.api, `${namespaced}/services`, { metadata: { name: 'forged' }, spec: { ports } });
    await makeSlice(rig.api, { service: 'forged', port }, [
      { address: podIP },
      { address: podIP, pod: 'web', namespace: 'kube-system' },
      { address: '127.200.0.77', pod: 'web' },
    ]);
    const answer = await rig.api.call('GET', `${namespaced}/services/forged:80/proxy/`);
    assert.deepEqual(
      [answer.status, answer.body.message],
      [503, 'no endpoints available for service "forged:80"'],
    );
  });

  test('a kubelet, shown who we are; not one whose name is looked up to something else', async () => {
    const answer = await ask('/api/v1/nodes/node-1/proxy/pods?x');
    assert.deepEqual([answer.status, answer.body.toString()], [200, 'GET /pods?x 0\n']);
    assert.equal(rig.kubelet.seen.at(-1)?.client, 'kube-apiserver-kubelet-client');
    const byPort = await ask(`/api/v1/nodes/node-1:${rig.kubelet.port}/proxy/pods`);
    assert.equal(byPort.body.toString(), 'GET /pods 0\n');
    await makeNode(rig.api, 1, { name: 'liar', addresses: [{ type: 'Hostname', address: 'localhost' }] });
    const refused = await rig.api.call('GET', '/api/v1/nodes/liar:80/proxy/');
    assert.deepEqual([refused.status, refused.body.message], [400, 'address not allowed']);
  });

  test('a Node that claims to be the API server is not shown our certificate’s powers (CVE-2022-3294)', async () => {
    await makeNode(rig.api, rig.http.port, { name: 'thief' });
    const answer = await rig.api.call('GET', '/api/v1/nodes/thief/proxy/api/v1/secrets');
    assert.deepEqual(
      [answer.status, answer.body.message],
      [
        503,
        'error trying to reach service: tls: failed to verify certificate: x509: certificate is for "kube-apiserver", not for "system:node:thief"',
      ],
    );
  });

  test('a stranger is refused, and the body of the refused is not waited for', async () => {
    const answer = await askHttp1(
      { ...rig.target, client: undefined },
      {
        method: 'POST',
        path: '/api/v1/nodes/node-1/proxy/',
        body: 'x'.repeat(1 << 20),
      },
    );
    assert.equal(answer.status, 403);
    assert.match(answer.body.toString(), /cannot create resource \\"nodes\/proxy\\"/);
  });
});

test('where the cluster is no loopback one, neither are its pods', async () => {
  const other = await startRig();
  try {
    await makePod(other.api, 'web', {
      podIP,
      containers: [{ name: 'main', image: 'x', ports: [{ containerPort: port }] }],
    });
    const answer = await other.api.call('GET', `${namespaced}/pods/web/proxy/`);
    assert.deepEqual([answer.status, answer.body.message], [400, 'address not allowed']);
  } finally {
    await other.close();
  }
});
