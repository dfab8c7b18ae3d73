import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestWorld, type TestWorld } from '../../../test/client/world.ts';
import { issueAuthority } from '../issue.ts';
import { hashOf, parseJoinToken } from './join-token.ts';
import { ensureJoinToken, newJoinToken, tokenSecret } from './server-token.ts';

const { certificate: authority } = await issueAuthority(Date.UTC(2026, 0, 1));

describe('the token for nodes', () => {
  let world: TestWorld;
  let directory: string;
  beforeEach(async () => {
    world = await startTestWorld();
    directory = await mkdtemp(join(tmpdir(), 'wherry-token-'));
  });
  afterEach(async () => {
    await world.close();
    await rm(directory, { recursive: true });
  });
  const ensure = (of = authority) => ensureJoinToken({ directory, authority: of, client: world.client });
  const path = () => join(directory, 'join-token');
  const secrets = () => world.client.of('Secret');

  test('stands in a file of its own, for its owner only, and works', async () => {
    const text = await ensure();
    assert.equal(await readFile(path(), 'utf8'), `${text}\n`);
    assert.equal((await stat(path())).mode & 0o777, 0o600);
    const { id, secret, authorityHash } = parseJoinToken(text);
    assert.equal(authorityHash, hashOf(authority));
    const headers = { authorization: `Bearer ${id}.${secret}` };
    const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
    assert.equal((await world.server.call('GET', requests, { user: undefined, headers })).status, 200);
  });

  test('stays through restarts; its Secret comes back', async () => {
    const text = await ensure();
    const { id } = parseJoinToken(text);
    await secrets().delete({ namespace: 'kube-system', name: `bootstrap-token-${id}` });
    assert.equal(await ensure(), text);
    const { type } = await secrets().get({ namespace: 'kube-system', name: `bootstrap-token-${id}` });
    assert.equal(type, 'bootstrap.kubernetes.io/token');
    assert.equal(await ensure(), text);
  });

  test('is another one for another authority', async () => {
    const text = await ensure();
    const { certificate } = await issueAuthority(Date.UTC(2026, 0, 1));
    const other = await ensure(certificate);
    assert.notEqual(other, text);
    assert.equal(parseJoinToken(other).authorityHash, hashOf(certificate));
  });

  test('is not made over what somebody has written', async () => {
    await writeFile(path(), 'my notes');
    await assert.rejects(ensure(), {
      code: 'BAD_JOIN_TOKEN',
      message: /remove the file to have a new one made/,
    });
    assert.equal(await readFile(path(), 'utf8'), 'my notes');
  });
});

test('two tokens are never the same; one may expire', () => {
  const [one, two] = [newJoinToken(authority), newJoinToken(authority)];
  assert.notEqual(one.secret, two.secret);
  const { stringData } = tokenSecret(one, { description: 'for ada', expiration: '2026-01-02T00:00:00Z' });
  assert.deepEqual([stringData?.description, stringData?.expiration], ['for ada', '2026-01-02T00:00:00Z']);
});
