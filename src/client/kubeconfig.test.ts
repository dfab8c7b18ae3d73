import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseKubeconfig } from './kubeconfig.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

const good = `
apiVersion: v1
kind: Config
current-context: ada@here
clusters:
- name: there
  cluster: { server: 'https://10.0.0.1:6443' }
- name: here
  cluster:
    server: https://127.0.0.1:6443
    certificate-authority-data: ${base64('CA')}
contexts:
- name: ada@here
  context: { cluster: here, user: ada }
users:
- name: ada
  user:
    client-certificate-data: ${base64('CERT')}
    client-key: keys/ada.key
`;

describe('a kubeconfig', () => {
  test('gives where to dial, whom to trust and who we are', () => {
    assert.deepEqual(parseKubeconfig(good, { readFile: (path) => `content of ${path}` }), {
      server: 'https://127.0.0.1:6443',
      authority: 'CA',
      certificate: 'CERT',
      key: 'content of keys/ada.key',
    });
  });

  const faults: Record<string, { text: string; context?: string; message: string }> = {
    'not YAML': { text: '{', message: 'it is not YAML' },
    empty: { text: '', message: 'it has no current-context' },
    'a context that is not there': {
      text: good.replace('current-context: ada@here', 'current-context: x'),
      message: 'contexts has no entry named "x"',
    },
    'a plain address': {
      text: good.replace('https://127', 'http://127'),
      message: 'the server "http://127.0.0.1:6443" is not an https:// address',
    },
    'no authority': {
      text: good.replace('certificate-authority-data', 'other'),
      message: 'its cluster has no certificate-authority',
    },
    'another context that is not there': {
      text: good,
      context: 'bob@here',
      message: 'contexts has no entry named "bob@here"',
    },
    'files where none are read': {
      text: good,
      message: 'it refers to the file keys/ada.key, wanted is embedded data',
    },
  };
  for (const [name, { text, context, message }] of Object.entries(faults))
    test(`is refused: ${name}`, () =>
      assert.throws(
        () => parseKubeconfig(text, { context }),
        (error: Error) => error.message.startsWith(`the kubeconfig cannot be used: ${message}`),
      ));
});
