import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { createServer as createPlainServer } from 'node:net';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { systemClock } from '../../lib/system.ts';
import { issueAuthority, issueLeaf } from '../issue.ts';
import { hashOf, parseJoinToken } from './join-token.ts';
import { authorityAmong, shownCertificates } from './server-authority.ts';
import { newJoinToken } from './server-token.ts';

const now = systemClock.now();
const authority = await issueAuthority(now);
const leaf = await issueLeaf(authority, {
  commonName: 'kube-apiserver',
  organization: undefined,
  names: ['127.0.0.1'],
  usage: 'server',
  now,
});

const listen = (server: ReturnType<typeof createPlainServer>): Promise<string> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve(`https://127.0.0.1:${(server.address() as { port: number }).port}`),
    );
  });

test('a server shows its certificates to whoever comes, and is told nothing', async () => {
  const server = createServer({
    cert: leaf.certificate + authority.certificate,
    key: leaf.key,
    requestCert: true,
    rejectUnauthorized: false,
  });
  let shownToServer: object | undefined;
  let received = 0;
  server.on('secureConnection', (socket) => {
    shownToServer = socket.getPeerCertificate();
    socket.on('data', (chunk) => {
      received += chunk.length;
    });
  });
  const url = await listen(server);
  try {
    const shown = await shownCertificates(url, systemClock);
    assert.deepEqual(
      shown.map((each) => hashOf(each)),
      [leaf.certificate, authority.certificate].map((each) => hashOf(each)),
    );
    assert.deepEqual([shownToServer ?? {}, received], [{}, 0]);
    const token = newJoinToken(authority.certificate);
    assert.equal(
      new X509Certificate(authorityAmong(shown, { server: url, token })).fingerprint256,
      new X509Certificate(authority.certificate).fingerprint256,
    );
  } finally {
    server.close();
  }
});

test('no answer, and an answer that is no TLS', async () => {
  const server = createPlainServer((socket) => {
    socket.on('error', () => {});
    socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  const url = await listen(server);
  await assert.rejects(shownCertificates(url, systemClock));
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(shownCertificates(url, systemClock), { code: 'ECONNREFUSED' });
});

test('a server that shows another authority', () => {
  const token = parseJoinToken(`abcdef.0123456789abcdef@sha256:${'0'.repeat(64)}`);
  const shown = [new X509Certificate(leaf.certificate).raw];
  assert.throws(() => authorityAmong(shown, { server: 'https://a', token }), {
    code: 'WRONG_CLUSTER',
    message: new RegExp(
      `the token says sha256:0{64}, the server shows sha256:${hashOf(leaf.certificate)}; nothing was sent`,
    ),
  });
  assert.throws(() => authorityAmong([], { server: 'https://a', token }), /the server shows no certificate;/);
});
