import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Clock } from '../lib/clock.ts';
import { systemClock } from '../lib/system.ts';
import { ensureCertificates, serverNames } from './certificates.ts';

const directories: string[] = [];
after(() => Promise.all(directories.map((directory) => rm(directory, { recursive: true }))));

async function freshDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wherry-pki-'));
  directories.push(directory);
  return join(directory, 'pki');
}

const names = serverNames({ hostName: 'box', serviceAddresses: ['10.96.0.1'] });

function at(milliseconds: number): Clock {
  return { ...systemClock, now: () => milliseconds };
}

test('makes an authority, a server, an administrator and a signing key', async () => {
  const directory = await freshDirectory();
  const made = await ensureCertificates({ directory, serverNames: names, clock: systemClock });
  assert.deepEqual(made.made, ['ca', 'apiserver', 'admin', 'apiserver-kubelet-client', 'sa']);
  const authority = new X509Certificate(made.authority);
  const server = new X509Certificate(made.server.certificate);
  const administrator = new X509Certificate(made.administrator.certificate);
  assert.equal(authority.ca, true);
  assert.equal(authority.subject, 'CN=kubernetes');
  assert.ok(server.verify(authority.publicKey) && server.checkIssued(authority));
  assert.ok(administrator.verify(authority.publicKey) && administrator.checkIssued(authority));
  assert.equal(administrator.subject, 'O=system:masters\nCN=kubernetes-admin');
  const kubeletClient = new X509Certificate(made.kubeletClient.certificate);
  assert.equal(kubeletClient.subject, 'O=system:masters\nCN=kube-apiserver-kubelet-client');
  assert.ok(kubeletClient.checkIssued(authority) && kubeletClient.verify(authority.publicKey));
  assert.deepEqual(kubeletClient.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  assert.deepEqual(administrator.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  assert.deepEqual(server.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  assert.equal(
    server.subjectAltName,
    'DNS:kubernetes, DNS:kubernetes.default, DNS:kubernetes.default.svc, DNS:kubernetes.default.svc.cluster.local, ' +
      'DNS:localhost, DNS:box, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:10.96.0.1',
  );
  assert.match(made.serviceAccount.publicKey, /^-----BEGIN PUBLIC KEY-----/);
  const files = await readdir(directory);
  assert.deepEqual(files.sort(), [
    'admin.crt',
    'admin.key',
    'apiserver-kubelet-client.crt',
    'apiserver-kubelet-client.key',
    'apiserver.crt',
    'apiserver.key',
    'ca.crt',
    'ca.key',
    'sa.key',
    'sa.pub',
  ]);
  for (const file of files) assert.equal((await stat(join(directory, file))).mode & 0o777, 0o600, file);
});

test('a restart takes everything as it is', async () => {
  const directory = await freshDirectory();
  const options = { directory, serverNames: names, clock: systemClock };
  const { made: _, ...first } = await ensureCertificates(options);
  const { made, ...second } = await ensureCertificates(options);
  assert.deepEqual(made, []);
  assert.deepEqual(second, first);
});

const day = 24 * 3600 * 1000;
const start = Date.UTC(2026, 10, 1);
const renewals: Record<
  string,
  { change: (directory: string) => Promise<unknown>; now?: number; names?: string[]; made: string[] }
> = {
  'a new name is wanted': {
    change: async () => {},
    names: [...names, 'api.example.org'],
    made: ['apiserver'],
  },
  'a new address is wanted': { change: async () => {}, names: [...names, '192.0.2.7'], made: ['apiserver'] },
  'a name less is wanted': { change: async () => {}, names: names.slice(1), made: [] },
  'eleven months later': {
    change: async () => {},
    now: start + 340 * day,
    made: ['apiserver', 'admin', 'apiserver-kubelet-client'],
  },
  'one month later': { change: async () => {}, now: start + 30 * day, made: [] },
  'ten years later': {
    change: async () => {},
    now: start + 3650 * day,
    made: ['ca', 'apiserver', 'admin', 'apiserver-kubelet-client'],
  },
  'a leaf is cut off': {
    change: (directory) => writeFile(join(directory, 'admin.crt'), '-----BEGIN CERT'),
    made: ['admin'],
  },
  'a key is lost': { change: (directory) => unlink(join(directory, 'apiserver.key')), made: ['apiserver'] },
  'the first start was cut off after the authority’s key': {
    change: (directory) => unlink(join(directory, 'ca.crt')),
    made: ['ca', 'apiserver', 'admin', 'apiserver-kubelet-client'],
  },
};
for (const [name, { change, now, names: wanted, made }] of Object.entries(renewals)) {
  test(`what is not good any more is made again: ${name}`, async () => {
    const directory = await freshDirectory();
    await ensureCertificates({ directory, serverNames: names, clock: at(start) });
    await change(directory);
    const again = await ensureCertificates({
      directory,
      serverNames: wanted ?? names,
      clock: at(now ?? start),
    });
    assert.deepEqual(again.made, made);
  });
}

const broken: Record<string, { change: (directory: string) => Promise<unknown>; message: RegExp }> = {
  'the authority’s key is lost': {
    change: (directory) => unlink(join(directory, 'ca.key')),
    message: /ca\.crt is there but ca\.key is not/,
  },
  'the authority’s certificate is rubbish': {
    change: (directory) => writeFile(join(directory, 'ca.crt'), 'rubbish'),
    message: /ca\.crt is not a certificate/,
  },
  'the authority’s key is another’s': {
    change: async (directory) => {
      const other = await freshDirectory();
      await ensureCertificates({ directory: other, serverNames: names, clock: at(start) });
      await writeFile(
        join(directory, 'ca.key'),
        await import('node:fs/promises').then((fs) => fs.readFile(join(other, 'ca.key'))),
      );
    },
    message: /ca\.key is not the key of ca\.crt/,
  },
  'the signing key is rubbish': {
    change: (directory) => writeFile(join(directory, 'sa.key'), 'rubbish'),
    message: /sa\.key: it is not a private key/,
  },
};
for (const [name, { change, message }] of Object.entries(broken)) {
  test(`keys that cannot be made again are not replaced: ${name}`, async () => {
    const directory = await freshDirectory();
    await ensureCertificates({ directory, serverNames: names, clock: at(start) });
    await change(directory);
    await assert.rejects(ensureCertificates({ directory, serverNames: names, clock: at(start) }), {
      code: 'PKI_BROKEN',
      message,
    });
  });
}

test('a file left over from a crash does not keep its mode', async () => {
  const directory = await freshDirectory();
  await ensureCertificates({ directory, serverNames: names, clock: systemClock });
  await unlink(join(directory, 'admin.key'));
  await writeFile(join(directory, 'admin.key.new'), 'half');
  await chmod(join(directory, 'admin.key.new'), 0o644);
  await ensureCertificates({ directory, serverNames: names, clock: systemClock });
  assert.equal((await stat(join(directory, 'admin.key'))).mode & 0o777, 0o600);
});
