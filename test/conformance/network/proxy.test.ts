/**
 * Pods and Services through the API server's proxy, by scheme and port, with every verb. Source of what is asked:
 * test/e2e/network/proxy.go of kubernetes/kubernetes.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { askHttp1 } from '../../hostile/clients.ts';
import { insist, makePod, type Rig, startRig } from '../../tunnels/rig.ts';

const podIP = '127.200.0.41';
const namespaced = '/api/v1/namespaces/default';

describe('the proxy of pods and Services', () => {
  let rig: Rig;
  const servers: Server[] = [];
  const ports = { page: 0, foo: 0, bar: 0, echo: 0, tlsPage: 0, tlsBaz: 0 };

  async function serve(name: keyof typeof ports, answer: RequestListener): Promise<void> {
    const { node } = rig.certificates;
    const isTls = name.startsWith('tls');
    const server = isTls
      ? createTlsServer({ cert: node.certificate, key: node.key }, answer)
      : createServer(answer);
    servers.push(server);
    server.listen(0, podIP);
    await once(server, 'listening');
    ports[name] = (server.address() as AddressInfo).port;
  }

  const saying =
    (text: string): RequestListener =>
    (_asked, response) =>
      response
        .writeHead(200, { 'content-type': text.startsWith('<') ? 'text/html; charset=utf-8' : 'text/plain' })
        .end(text);

  before(async () => {
    rig = await startRig({ loopback: true, tunnels: { ownAddresses: ['127.0.0.1'] } });
    await serve('page', saying('<a href="/rewriteme">test</a>'));
    await serve('foo', saying('foo'));
    await serve('bar', saying('bar'));
    await serve('tlsPage', saying('<a href="/tlsrewriteme">test</a>'));
    await serve('tlsBaz', saying('tls baz'));
    await serve('echo', ({ method, url }, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ method, url })),
    );
    const containers = [{ name: 'main', image: 'x', ports: [{ containerPort: ports.page }] }];
    await makePod(rig.api, 'server', { podIP, containers });
    const servicePort = (name: string, port: number, targetPort: number) => ({ name, port, targetPort });
    await expose('service', [
      servicePort('portname1', 80, ports.foo),
      servicePort('portname2', 81, ports.bar),
      servicePort('tlsportname1', 443, ports.tlsBaz),
    ]);
    await expose('unnamed', [servicePort('', 80, ports.echo)]);
  });
  after(async () => {
    await rig?.close();
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  });

  async function expose(name: string, wanted: { name: string; port: number; targetPort: number }[]) {
    await insist(rig.api, `${namespaced}/services`, { metadata: { name }, spec: { ports: wanted } });
    await insist(rig.api, '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: wanted.map((each) => ({ name: each.name, port: each.targetPort })),
      endpoints: [{ addresses: [podIP], targetRef: { kind: 'Pod', namespace: 'default', name: 'server' } }],
    });
  }

  const ask = (path: string, method = 'GET') =>
    askHttp1(rig.target, { path: `${namespaced}${path}`, method });

  test('by scheme, by name and by number', async () => {
    const rewritten = (id: string, link: string) =>
      `<a href="${namespaced}/pods/${id}/proxy/${link}">test</a>`;
    const { page, foo, bar, tlsPage, tlsBaz } = ports;
    const wanted: Record<string, string> = {
      '/services/service:portname1/proxy/': 'foo',
      '/services/http:service:portname1/proxy/': 'foo',
      '/services/service:portname2/proxy/': 'bar',
      '/services/http:service:portname2/proxy/': 'bar',
      '/services/service:81/proxy/': 'bar',
      '/services/https:service:tlsportname1/proxy/': 'tls baz',
      '/services/https:service:443/proxy/': 'tls baz',
      '/pods/server/proxy/': rewritten('server', 'rewriteme'),
      [`/pods/server:${page}/proxy/`]: rewritten(`server:${page}`, 'rewriteme'),
      [`/pods/http:server:${page}/proxy/`]: rewritten(`http:server:${page}`, 'rewriteme'),
      [`/pods/server:${foo}/proxy/`]: 'foo',
      [`/pods/http:server:${bar}/proxy/`]: 'bar',
      [`/pods/https:server:${tlsPage}/proxy/`]: rewritten(`https:server:${tlsPage}`, 'tlsrewriteme'),
      [`/pods/https:server:${tlsBaz}/proxy/`]: 'tls baz',
    };
    const found = Object.keys(wanted).map(async (path) => [path, (await ask(path)).body.toString()]);
    assert.deepEqual(Object.fromEntries(await Promise.all(found)), wanted);
  });

  for (const at of ['pods', 'services'] as const)
    test(`every verb, with a path and without, through ${at}`, async () => {
      const id = at === 'pods' ? `/pods/server:${ports.echo}` : '/services/unnamed';
      for (const method of ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']) {
        const url = `/some/path/with/${method}?q=a%20b`;
        const answer = await ask(`${id}/proxy${url}`, method);
        assert.equal(answer.status, 200);
        const said = method === 'HEAD' ? '' : JSON.stringify({ method, url });
        assert.equal(answer.body.toString(), said);

        const bare = await ask(`${id}/proxy?method=${method}`, method);
        if (method === 'GET' || method === 'HEAD') {
          const location = `${namespaced}${id}/proxy/?method=${method}`;
          assert.deepEqual([bare.status, bare.headers.location], [301, location]);
        } else {
          const whole = JSON.stringify({ method, url: `/?method=${method}` });
          assert.deepEqual([bare.status, bare.body.toString()], [200, whole]);
        }
      }
    });
});
