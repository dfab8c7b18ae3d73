import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { issueAuthority, issueLeaf, type KeyPair } from './issue.ts';

const now = Date.UTC(2026, 10, 21);
const server = {
  commonName: 'kube-apiserver',
  organization: undefined,
  names: ['kubernetes.default.svc', '10.96.0.1', 'fd00::1'],
  usage: 'server' as const,
  now,
};

test('a chain that node:crypto accepts, with everything it should say', async () => {
  const authority = await issueAuthority(now);
  const root = new X509Certificate(authority.certificate);
  const leaf = new X509Certificate((await issueLeaf(authority, server)).certificate);
  assert.ok(root.verify(root.publicKey) && leaf.verify(root.publicKey) && leaf.checkIssued(root));
  assert.deepEqual([root.ca, leaf.ca], [true, false]);
  assert.equal(
    leaf.subjectAltName,
    'DNS:kubernetes.default.svc, IP Address:10.96.0.1, IP Address:FD00:0:0:0:0:0:0:1',
  );
  assert.deepEqual(
    [leaf.validFromDate, leaf.validToDate],
    [new Date(now - 300_000), new Date(now + 365 * 86_400_000)],
  );
  assert.equal(root.validToDate.getTime(), now + 3650 * 86_400_000);
  assert.notEqual(root.serialNumber, leaf.serialNumber);
  assert.equal(leaf.serialNumber.length, 32);
});

test('a subject may have any characters', async () => {
  const authority = await issueAuthority(now);
  const pair = await issueLeaf(authority, {
    ...server,
    commonName: 'система: ада=1,+',
    organization: 'a\nb',
    names: [],
    usage: 'client',
  });
  const { CN, O } = new X509Certificate(pair.certificate).toLegacyObject().subject;
  assert.deepEqual([CN, O], ['система: ада=1,+', 'a\nb']);
});

function openssl(directory: string, args: string): string {
  return execFileSync('openssl', args.split(' '), { cwd: directory, encoding: 'utf8', stdio: 'pipe' });
}

const hasOpenssl = (() => {
  try {
    return execFileSync('openssl', ['version']).length > 0;
  } catch {
    return false;
  }
})();

test('openssl accepts the chain, strictly', { skip: hasOpenssl ? false : 'no openssl here' }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'wherry-issue-'));
  try {
    const authority = await issueAuthority(Date.now());
    const pairs: Record<string, KeyPair> = {
      authority,
      server: await issueLeaf(authority, { ...server, now: Date.now() }),
      client: await issueLeaf(authority, { ...server, names: [], usage: 'client', now: Date.now() }),
    };
    for (const [name, { certificate }] of Object.entries(pairs))
      writeFileSync(join(directory, `${name}.pem`), certificate);
    const verify = (name: string) =>
      openssl(directory, `verify -x509_strict -purpose ssl${name} -CAfile authority.pem ${name}.pem`).trim();
    assert.deepEqual(['server', 'client'].map(verify), ['server.pem: OK', 'client.pem: OK']);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('an authority that openssl has made, with an RSA key, signs too', {
  skip: hasOpenssl ? false : 'no openssl here',
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'wherry-issue-'));
  try {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    writeFileSync(join(directory, 'root.key'), key);
    const certificate = openssl(directory, 'req -x509 -new -key root.key -subj /O=House/CN=root -days 1');
    writeFileSync(join(directory, 'root.pem'), certificate);
    const leaf = await issueLeaf({ certificate, key }, { ...server, now: Date.now() });
    writeFileSync(join(directory, 'leaf.pem'), leaf.certificate);
    assert.equal(openssl(directory, 'verify -CAfile root.pem leaf.pem').trim(), 'leaf.pem: OK');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
