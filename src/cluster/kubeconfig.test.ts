import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { kubeconfigText, serverUrl, writeKubeconfig } from './kubeconfig.ts';

const config = {
  name: 'wherry',
  server: 'https://127.0.0.1:6443',
  authority: 'authority\n',
  user: { name: 'kubernetes-admin', certificate: 'certificate\n', key: 'key\n' },
};

test('the kubeconfig embeds everything', () => {
  assert.deepEqual(parse(kubeconfigText(config)), {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'kubernetes-admin@wherry',
    clusters: [
      {
        name: 'wherry',
        cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority-data': 'YXV0aG9yaXR5Cg==' },
      },
    ],
    contexts: [{ name: 'kubernetes-admin@wherry', context: { cluster: 'wherry', user: 'kubernetes-admin' } }],
    users: [
      {
        name: 'kubernetes-admin',
        user: { 'client-certificate-data': 'Y2VydGlmaWNhdGUK', 'client-key-data': 'a2V5Cg==' },
      },
    ],
  });
});

test('what users have set in it stays when it is written again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'wherry-kubeconfig-'));
  try {
    const path = join(directory, 'kubeconfig');
    await writeKubeconfig(path, config);
    const file = parse(await readFile(path, 'utf8'));
    file.contexts[0].context.namespace = 'dev';
    file.contexts.push({ name: 'other', context: { cluster: 'other', user: 'ada' } });
    file.clusters.push({ name: 'other', cluster: { server: 'https://192.0.2.1:6443' } });
    file['current-context'] = 'other';
    await writeFile(path, JSON.stringify(file));
    await writeKubeconfig(path, { ...config, server: 'https://127.0.0.1:6444' });
    file.clusters[0].cluster.server = 'https://127.0.0.1:6444';
    assert.deepEqual(parse(await readFile(path, 'utf8')), file);
    const written = await stat(path);
    await writeKubeconfig(path, { ...config, server: 'https://127.0.0.1:6444' });
    assert.equal((await stat(path)).ino, written.ino);
  } finally {
    await rm(directory, { recursive: true });
  }
});

for (const [what, text] of [
  ['nothing', ''],
  ['no YAML', '{'],
  ['something else', 'kind: Pod'],
])
  test(`a file with ${what} in it is written anew`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'wherry-kubeconfig-'));
    try {
      const path = join(directory, 'kubeconfig');
      await writeFile(path, text!);
      await writeKubeconfig(path, config);
      assert.equal(await readFile(path, 'utf8'), kubeconfigText(config));
    } finally {
      await rm(directory, { recursive: true });
    }
  });

test('it is written for its owner only, and not again when nothing changed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'wherry-kubeconfig-'));
  try {
    const path = join(directory, 'kubeconfig');
    await writeKubeconfig(path, config);
    const first = await stat(path);
    assert.equal(first.mode & 0o777, 0o600);
    await writeKubeconfig(path, config);
    assert.equal((await stat(path)).ino, first.ino);
    await writeKubeconfig(path, { ...config, server: 'https://127.0.0.1:6444' });
    assert.notEqual((await stat(path)).ino, first.ino);
  } finally {
    await rm(directory, { recursive: true });
  }
});

const urls: [string, number, string][] = [
  ['127.0.0.1', 6443, 'https://127.0.0.1:6443'],
  ['0.0.0.0', 6443, 'https://127.0.0.1:6443'],
  ['::', 443, 'https://[::1]:443'],
  ['fd00::7', 1, 'https://[fd00::7]:1'],
  ['localhost', 6443, 'https://localhost:6443'],
];
for (const [address, port, url] of urls)
  test(`a client dials ${url} when the server listens on ${address}`, () => {
    assert.equal(serverUrl(address, port), url);
  });
