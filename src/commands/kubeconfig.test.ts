import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TransportError } from '../client/transport.ts';
import { explainSilence, readKubeconfig } from './kubeconfig.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wherry-kubeconfig-'));
});
after(() => rm(folder, { recursive: true }));

const config = (authority: string): string => `current-context: x
contexts: [{name: x, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1", certificate-authority: ${authority}}}]
users: [{name: u, user: {}}]
`;

test('certificates stand beside it', async () => {
  await writeFile(join(folder, 'ca.crt'), 'PEM');
  await writeFile(join(folder, 'good'), config('ca.crt'));
  assert.equal(readKubeconfig(join(folder, 'good'), { advice: 'name another' }).target.authority, 'PEM');
});

const broken: Record<string, { content?: string; says: string }> = {
  gone: { says: 'cannot be read (ENOENT)' },
  empty: { content: '', says: 'cannot be used: it has no current-context' },
  'without-authority': {
    content: config('nowhere.crt'),
    says: 'cannot be used: it refers to nowhere.crt, which cannot be read (ENOENT)',
  },
  'no-yaml': {
    content: 'a: [',
    says: 'cannot be used: it is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 5',
  },
};
for (const [name, { content, says }] of Object.entries(broken))
  test(`one that cannot be used is named, with why and what to do: ${name}`, async () => {
    const file = join(folder, name);
    if (content !== undefined) await writeFile(file, content);
    assert.throws(() => readKubeconfig(file, { advice: 'name another' }), {
      message: `the kubeconfig ${file} ${says}; name another`,
    });
  });

test('a server that does not answer is named, with the innermost reason', () => {
  const target = { server: 'https://127.0.0.1:1', authority: '' };
  const refused = new Error('connect ECONNREFUSED 127.0.0.1:1');
  const silent = new TransportError('GET /x got no answer', new Error('canceled', { cause: refused }));
  assert.equal(
    (explainSilence(silent, target, 'is it running?') as Error).message,
    'the server https://127.0.0.1:1 does not answer (connect ECONNREFUSED 127.0.0.1:1); is it running?',
  );
  assert.equal(explainSilence(refused, target, ''), refused);
});
