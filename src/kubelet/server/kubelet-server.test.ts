import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFile } from 'node:fs/promises';
import { test } from 'node:test';
import { askRaw, brief, openRaw, upgradeTo } from '../../../test/kubelet/raw-client.ts';
import { startTestKubelet } from '../../../test/kubelet/test-kubelet.ts';
import { CriError } from '../../cri/errors.ts';

test('only the API server is let in, to anything at all', async (t) => {
  const kubelet = await startTestKubelet(t);
  const { certificates } = kubelet;
  const strangers = {
    'no certificate': null,
    'of another authority': certificates.useless.ofAnotherAuthority,
    'out of date': certificates.useless.expired,
    'made for servers': certificates.useless.forServers,
    'the serving certificate of a node': certificates.serving,
    'another client of the cluster': await certificates.client('system:node:node-2'),
  };
  const answers: Record<string, unknown> = {};
  for (const [name, client] of Object.entries(strangers)) {
    const path = '/exec/default/web/main?command=sh&output=1';
    answers[name] = [
      await askRaw({ ...kubelet, client }, { path: '/healthz' }),
      await askRaw({ ...kubelet, client }, { method: 'POST', path, headers: upgradeTo('SPDY/3.1') }),
    ];
  }
  const unknown = ['401 text/plain: Unauthorized', '401 text/plain: Unauthorized'];
  assert.deepEqual(answers, {
    'no certificate': unknown,
    'of another authority': unknown,
    'out of date': unknown,
    'made for servers': unknown,
    'the serving certificate of a node': unknown,
    'another client of the cluster': [
      '403 text/plain: Forbidden (user=system:node:node-2, verb=get, resource=nodes, subresource(s)=[healthz proxy])\n',
      '403 text/plain: Forbidden (user=system:node:node-2, verb=create, resource=nodes, subresource(s)=[proxy])\n',
    ],
  });
  const nearly = { ...kubelet, client: await certificates.client('kube-apiserver-kubelet-client ') };
  assert.match(await askRaw(nearly, { path: '/pods' }), /^403 .*\(s\)=\[pods proxy\]/);
  assert.equal(await askRaw(kubelet, { path: '/healthz' }), '200 text/plain: ok');
  assert.deepEqual(kubelet.runtime.streamRequests, []);
});

test('a session that is resumed is no way around the certificate', async (t) => {
  const kubelet = await startTestKubelet(t);
  const first = await openRaw({ ...kubelet, client: null });
  const sessions = once(first.socket, 'session');
  // Tickets come after the handshake.
  first.socket.write('GET /healthz HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n');
  const [session] = (await sessions) as [Buffer];
  assert.equal(brief(await first.whole), '401 text/plain: Unauthorized');
  first.socket.destroy();
  const second = await openRaw({ ...kubelet, client: null, session });
  assert.equal(second.socket.isSessionReused(), true);
  second.socket.write('GET /healthz HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n');
  assert.equal(brief(await second.whole), '401 text/plain: Unauthorized');
  second.socket.destroy();
});

test('the serving certificate may be another one from now on, and clients are looked at as before', async (t) => {
  const kubelet = await startTestKubelet(t);
  const serialOf = async () => {
    const { socket } = await openRaw(kubelet);
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  const before = await serialOf();
  kubelet.server.setServingCertificate(await kubelet.certificates.renewedServing());
  assert.notEqual(await serialOf(), before);
  assert.equal(await askRaw(kubelet, { path: '/healthz/ping' }), '200 text/plain: ok');
  assert.match(await askRaw({ ...kubelet, client: null }, { path: '/healthz' }), /^401 /);
});

test('what is answered in one piece', async (t) => {
  const kubelet = await startTestKubelet(t);
  const asked = [
    'GET /healthz',
    'GET /healthz/syncloop',
    'GET /healthz/nothing',
    'GET /metrics',
    'GET /configz',
    'GET /runningpods/',
    'GET /runningpods',
    'POST /pods',
    'GET /logs/',
    'GET /logs/syslog',
    'GET /',
    'GET /constructor',
    'GET /%zz',
    'GET /exec/default/web',
    'PUT /exec/default/web/main',
    'GET /run/default/web/main?cmd=ls',
    'POST /run/default/web/main?cmd=ls+-l',
    'POST /run/default/web/uid-1/main?cmd=fail+now',
    'POST /run/default/web/main2?cmd=ls',
    'GET /exec/default/web/main?command=sh&output=1',
  ];
  const answers = asked.map(async (line) => {
    const [method, path = ''] = line.split(' ');
    return `${line}: ${await askRaw(kubelet, { method: method!, path })}`;
  });
  const running =
    '{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"web","namespace":"default","uid":"uid-1"},"spec":{"containers":[{"name":"main","image":"busybox","resources":{}}]},"status":{}}]}';
  assert.deepEqual(await Promise.all(answers), [
    'GET /healthz: 200 text/plain: ok',
    'GET /healthz/syncloop: 200 text/plain: ok',
    'GET /healthz/nothing: 404 text/plain: 404: Page Not Found',
    'GET /metrics: 200 text/plain: # HELP tests_total Tests.\n# TYPE tests_total counter\ntests_total 1\n',
    'GET /configz: 200 application/json: {"kubeletconfig":{"podsPerCore":0}}',
    `GET /runningpods/: 200 application/json: ${running}`,
    `GET /runningpods: 200 application/json: ${running}`,
    'POST /pods: 405 text/plain: Method Not Allowed',
    'GET /logs/: 405 text/plain: logs endpoint is disabled.\n',
    'GET /logs/syslog: 405 text/plain: logs endpoint is disabled.\n',
    'GET /: 404 text/plain: 404: Page Not Found',
    'GET /constructor: 404 text/plain: 404: Page Not Found',
    'GET /%zz: 400 text/plain: Bad Request',
    'GET /exec/default/web: 404 text/plain: 404: Page Not Found',
    'PUT /exec/default/web/main: 405 text/plain: Method Not Allowed',
    'GET /run/default/web/main?cmd=ls: 405 text/plain: Method Not Allowed',
    'POST /run/default/web/main?cmd=ls+-l: 200 application/json: ls|-l!',
    "POST /run/default/web/uid-1/main?cmd=fail+now: 500 text/plain: command 'fail now' exited with 3: went wrong",
    'POST /run/default/web/main2?cmd=ls: 500 text/plain: container not found ("main2")',
    'GET /exec/default/web/main?command=sh&output=1: 500 text/plain: Upgrade request required\n',
  ]);
  const list = JSON.parse((await askRaw(kubelet, { path: '/pods' })).replace(/^.*?: /, ''));
  assert.deepEqual(list, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: kubelet.pods });
  kubelet.runtime.fail('ListContainers', new CriError('UNAVAILABLE', { method: 'x', details: 'away' }));
  assert.equal(
    await askRaw(kubelet, { path: '/runningpods/' }),
    '500 text/plain: rpc error: code = Unavailable desc = away',
  );
});

test('paths of the node itself, with bodies of a bounded length', async (t) => {
  const kubelet = await startTestKubelet(t);
  const ask = (body: string) => askRaw(kubelet, { method: 'POST', path: '/wherry/v1/echo?of=x', body });
  assert.equal(await ask('{"a":1}'), '201 application/json: {"of":"x","body":{"a":1}}');
  assert.equal(await ask(''), '201 application/json: {"of":"x"}');
  assert.equal(await ask('{'), '400 text/plain: the body of the request is not JSON');
  assert.match(
    await ask(`"${'x'.repeat(1024 * 1024)}"`),
    /^413 text\/plain: request body too large|^undefined/,
  );
  assert.match(await askRaw(kubelet, { path: '/wherry/v1/echo' }), /^404/);
});

test('what node and containers take', async (t) => {
  const kubelet = await startTestKubelet(t);
  const read = async () =>
    JSON.parse((await askRaw(kubelet, { path: '/stats/summary' })).replace(/^.*?: /, ''));
  const { node, pods } = await read();
  assert.equal(node.nodeName, 'node-1');
  assert.ok(node.memory.workingSetBytes > 0 && node.cpu.usageCoreNanoSeconds > 0);
  assert.equal(node.cpu.usageNanoCores, undefined);
  assert.equal(pods.length, 1);
  const { podRef, startTime, containers, memory } = pods[0];
  assert.deepEqual(podRef, { name: 'web', namespace: 'default', uid: 'uid-1' });
  assert.equal(startTime, '2026-01-01T00:00:00Z');
  assert.deepEqual(containers[0].name, 'main');
  assert.deepEqual([containers[0].memory.workingSetBytes, memory.workingSetBytes], [2 ** 20, 2 ** 20]);
});

test('a log, and what is said where there is none', async (t) => {
  const kubelet = await startTestKubelet(t);
  const log = async (path: string) => askRaw(kubelet, { path: `/containerLogs/${path}` });
  const cases = {
    'default/web/main': '200 text/plain: hello\ntrouble\n',
    'default/web/main?tailLines=1&timestamps=true':
      '200 text/plain: 2026-01-01T00:00:01.000000000Z trouble\n',
    'default/web/main?tail=1': '200 text/plain: trouble\n',
    'default/web/main?tail=all&tailLines=1': '200 text/plain: hello\ntrouble\n',
    'default/web/main?stream=Stderr': '200 text/plain: trouble\n',
    'default/web/main?sinceTime=2026-01-01T00:00:01Z': '200 text/plain: trouble\n',
    'default/web/main?sinceSeconds=60&follow=false': '200 text/plain: ',
    'default/web/main?limitBytes=3': '200 text/plain: hel',
    'default/web/main?tailLines=x': '400 text/plain: {"message": "Unable to decode query."}',
    'default/web/main?sinceTime=today': '400 text/plain: {"message": "Unable to decode query."}',
    'default/web/main?limitBytes=99999999999999999999':
      '400 text/plain: {"message": "Unable to decode query."}',
    'default/web/main?tailLines=-1': '422 text/plain: {"message": "Invalid request."}',
    'default/web/main?limitBytes=0': '422 text/plain: {"message": "Invalid request."}',
    'default/web/main?sinceSeconds=1&sinceTime=2026-01-01T00:00:01Z':
      '422 text/plain: {"message": "Invalid request."}',
    'default/web/main?stream=constructor': '422 text/plain: {"message": "Invalid request."}',
    'default/web/main?stream=Stdout&tailLines=1': '422 text/plain: {"message": "Invalid request."}',
    'default/none/main': '404 text/plain: pod "none" does not exist',
    'other/web/main': '404 text/plain: pod "web" does not exist',
    'default/web/none': '404 text/plain: container "none" not found in pod "web"',
    'default/web/other':
      '400 text/plain: container "other" in pod "web" is waiting to start: PodInitializing',
    'default/web/unpulled':
      '400 text/plain: container "unpulled" in pod "web" is waiting to start: image can\'t be pulled',
    'default/web/main?previous=true':
      '400 text/plain: previous terminated container "main" in pod "web" not found',
    'default/web/first': '200 text/plain: unable to retrieve container logs for containerd://gone',
  };
  const answers = Object.keys(cases).map(async (path) => [path, await log(path)]);
  assert.deepEqual(Object.fromEntries(await Promise.all(answers)), cases);
});

test('a log is followed as it grows, to the end of its container', async (t) => {
  const kubelet = await startTestKubelet(t);
  const connection = await openRaw(kubelet);
  connection.socket.write(
    'GET /containerLogs/default/web/main?follow=true HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n',
  );
  await connection.until('trouble');
  await appendFile(kubelet.logPath, '2026-01-01T00:00:02Z stdout F more\n');
  await connection.until('more');
  kubelet.runtime.end(kubelet.containerId, { exitCode: 0 });
  assert.equal(brief(await connection.whole), '200 text/plain: hello\ntrouble\nmore\n');
});

test('the end of the server ends those who follow', async (t) => {
  const kubelet = await startTestKubelet(t);
  const connection = await openRaw(kubelet);
  connection.socket.write('GET /containerLogs/default/web/main?follow=1 HTTP/1.1\r\nhost: node\r\n\r\n');
  await connection.until('trouble');
  await kubelet.server.close();
  await connection.whole;
  await assert.rejects(askRaw(kubelet, { path: '/healthz' }), { code: 'ECONNREFUSED' });
});
