/** pods/log through the whole server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:https';
import { after, afterEach, before, describe, test } from 'node:test';
import { logAnswerMilliseconds } from '../../src/apiserver/tunnels/limits.ts';
import { askHttp1, askHttp2, http2Session } from '../hostile/clients.ts';
import { until } from './clients.ts';
import { makeNode, makePod, type Rig, startRig } from './rig.ts';

let rig: Rig;
before(async () => {
  rig = await startRig();
  await makePod(rig.api, 'web', { containers: ['main', 'side'].map((name) => ({ name, image: 'x' })) });
  await makePod(rig.api, 'only');
  await makePod(rig.api, 'waiting', { nodeName: undefined });
  await makePod(rig.api, 'lost', { nodeName: 'node-2' });
  await makePod(rig.api, 'elsewhere', { nodeName: 'node-3' });
  await makePod(rig.api, 'orphan', { nodeName: 'node-9' });
  await makeNode(rig.api, 1, { name: 'node-2' });
  await makeNode(rig.api, rig.kubelet.port, { name: 'node-3' });
});
after(() => rig.close());
afterEach(async () => {
  rig.kubelet.answer = () => false;
  await until(() => rig.api.server.backend.tunnels?.open === 0);
});

const logOf = (pod: string, query = '') => `/api/v1/namespaces/default/pods/${pod}/log${query}`;
const ask = (path: string, headers?: Record<string, string>) =>
  askHttp1(rig.target, { path, ...(headers === undefined ? {} : { headers }) });

test('what the kubelet is asked, and what it says', async () => {
  const answer = await ask(logOf('web', '?container=side&tailLines=3&timestamps=true&sinceSeconds=9'), {
    accept: 'application/json, */*',
  });
  assert.deepEqual(
    [answer.status, answer.headers['content-type'], answer.body.toString()],
    [200, 'text/plain', 'side line 1\nside line 2\n'],
  );
  const { method, url, client, headers } = rig.kubelet.seen.at(-1)!;
  assert.deepEqual(
    { method, url, client, host: headers.host },
    {
      method: 'GET',
      url: '/containerLogs/default/web/side?sinceSeconds=9&tailLines=3&timestamps=true',
      client: 'kube-apiserver-kubelet-client',
      host: `127.0.0.1:${rig.kubelet.port}`,
    },
  );
});

test('a pod that runs nowhere has said nothing', async () => {
  const answer = await ask(logOf('waiting'));
  assert.deepEqual([answer.status, answer.body.length], [204, 0]);
});

for (const protocol of ['HTTP/1.1', 'HTTP/2'])
  test(`each line comes when it is said, over ${protocol}, and the kubelet hears that nobody listens any more`, async () => {
    let said = '';
    let leave = () => {};
    if (protocol === 'HTTP/2') {
      const session = http2Session(rig.target);
      const stream = session.request({ ':path': logOf('only', '?follow=true') });
      stream.on('data', (chunk) => {
        said += chunk;
      });
      leave = () => session.destroy();
    } else {
      const { certificate: cert, key } = rig.target.client;
      const asked = request({
        port: rig.http.port,
        ca: rig.target.authority,
        cert,
        key,
        path: logOf('only', '?follow=true'),
      });
      asked.on('error', () => {});
      asked.on('response', (response) => {
        response.on('error', () => {});
        response.on('data', (chunk) => {
          said += chunk;
        });
      });
      asked.end();
      leave = () => asked.destroy();
    }
    await until(() => said === 'main line 1\nmain line 2\n');
    const response = rig.kubelet.followed.at(-1)!;
    response.write('more\n');
    await until(() => said.endsWith('more\n'));
    const closed = once(response, 'close');
    leave();
    await closed;
  });

test('a kubelet that is given up in time, unless the log is followed', async () => {
  let asked = 0;
  rig.kubelet.answer = () => {
    asked++;
    return true;
  };
  const short = ask(logOf('only'));
  const controller = new AbortController();
  const long = rig.api.server
    .handle({
      method: 'GET',
      url: logOf('only', '?follow=true'),
      headers: {},
      body: new Uint8Array(),
      user: { name: 'ada', groups: ['system:masters'] },
      signal: controller.signal,
    })
    .then(({ status }) => status);
  await until(() => asked === 2);
  await rig.clock.advance(logAnswerMilliseconds);
  const answer = await short;
  assert.deepEqual(
    [answer.status, JSON.parse(answer.body.toString()).message],
    [
      500,
      `Get "https://127.0.0.1:${rig.kubelet.port}/containerLogs/default/only/main": net/http: timeout awaiting response headers`,
    ],
  );
  controller.abort();
  assert.equal(await long, 500);
});

describe('refusals', () => {
  const kubelets: Record<string, { status: number; text: string; wanted: [number, string, string] }> = {
    'a bad request': { status: 400, text: 'no such log', wanted: [400, 'BadRequest', 'no such log'] },
    'not found': {
      status: 404,
      text: 'pod not found',
      wanted: [404, 'NotFound', 'the server could not find the requested resource ( pods/log only)'],
    },
    'a failure': {
      status: 500,
      text: 'disk gone',
      wanted: [500, 'InternalError', 'Internal error occurred: disk gone'],
    },
    'no right': {
      status: 403,
      text: 'Forbidden (x)',
      wanted: [403, 'Forbidden', 'Forbidden (x) ( pods/log only)'],
    },
    'another failure': {
      status: 502,
      text: 'a "b"',
      wanted: [
        502,
        'InternalError',
        'an error on the server ("a \\"b\\"") has prevented the request from succeeding ( pods/log only)',
      ],
    },
  };
  for (const [name, { status, text, wanted }] of Object.entries(kubelets))
    test(`of the kubelet: ${name}`, async () => {
      rig.kubelet.answer = (_request, response) => {
        response.statusCode = status;
        response.end(text);
        return true;
      };
      const answer = await rig.api.call('GET', logOf('only'));
      assert.deepEqual([answer.status, answer.body.reason, answer.body.message], wanted);
    });

  test('a redirect of the kubelet is not followed (CVE-2020-8559)', async () => {
    let redirected = false;
    rig.kubelet.answer = (request, response) => {
      if (request.url === '/elsewhere') redirected = true;
      response.writeHead(302, { location: `https://127.0.0.1:${rig.kubelet.port}/elsewhere` }).end();
      return true;
    };
    const answer = await rig.api.call('GET', logOf('only'));
    assert.deepEqual(
      [answer.status, answer.body.message, redirected],
      [
        500,
        `Get "https://127.0.0.1:${rig.kubelet.port}/containerLogs/default/only/main": redirects forbidden`,
        false,
      ],
    );
  });

  const asked: Record<string, { pod: string; query?: string; wanted: [number, string] }> = {
    'which container': {
      pod: 'web',
      wanted: [400, 'a container name must be specified for pod web, choose one of: [main side]'],
    },
    'a container that is not there': {
      pod: 'web',
      query: '?container=none',
      wanted: [400, 'container none is not valid for pod web'],
    },
    'a pod that is not there': { pod: 'none', wanted: [404, 'pods "none" not found'] },
    'a node that is not there': { pod: 'orphan', wanted: [404, 'nodes "node-9" not found'] },
    'a kubelet that does not listen': {
      pod: 'lost',
      wanted: [
        500,
        'Get "https://127.0.0.1:1/containerLogs/default/lost/main": dial tcp 127.0.0.1:1: connect: connection refused',
      ],
    },
  };
  for (const [name, { pod, query, wanted }] of Object.entries(asked))
    test(`of the server: ${name}`, async () => {
      const answer = await rig.api.call('GET', logOf(pod, query));
      assert.deepEqual([answer.status, answer.body.message], wanted);
    });

  test('another’s certificate is refused, unless the caller does not mind', async () => {
    const refused = await rig.api.call('GET', logOf('elsewhere'));
    assert.match(
      refused.body.message,
      /tls: failed to verify certificate: x509: certificate is for "system:node:node-1"/,
    );
    const answer = await ask(logOf('elsewhere', '?insecureSkipTLSVerifyBackend=true'));
    // Whoever it is, it is not shown our certificate, and this kubelet wants one.
    assert.equal(answer.status, 500);
  });

  test('a name that cannot be looked up does not break it', async () => {
    await makeNode(rig.api, 1, {
      name: 'node-4',
      addresses: [{ type: 'Hostname', address: 'node-4.invalid' }],
    });
    await makePod(rig.api, 'named', { nodeName: 'node-4' });
    const answer = await rig.api.call('GET', logOf('named'));
    assert.match(answer.body.message, /dial tcp: lookup node-4.invalid: no such host$/);
  });

  test('over HTTP/2 the same', async () => {
    const session = http2Session(rig.target);
    const answer = await askHttp2(session, { path: logOf('none') });
    session.close();
    assert.equal(answer.status, 404);
  });
});
