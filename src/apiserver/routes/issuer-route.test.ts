import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { startTestServer } from '../test-server.ts';

const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

test('verifiers find the key, and nothing that signs', async () => {
  const server = await startTestServer({ serviceAccounts: { issuer: 'https://issuer', privateKey } });
  const found = await server.call('GET', '/.well-known/openid-configuration');
  assert.deepEqual(
    [found.status, found.headers, found.body.issuer, found.body.jwks_uri],
    [
      200,
      { 'content-type': 'application/json', 'cache-control': 'public, max-age=3600' },
      'https://issuer',
      'https://172.30.0.1:6443/openid/v1/jwks',
    ],
  );
  const keys = await server.call('GET', '/openid/v1/jwks');
  // As clients ask that were made from the API's description.
  for (const [path, { text }] of [
    ['/.well-known/openid-configuration/', found],
    ['/openid/v1/jwks/', keys],
  ] as const)
    assert.equal((await server.call('GET', path)).text, text);
  assert.equal(keys.headers['content-type'], 'application/jwk-set+json');
  assert.deepEqual(Object.keys(keys.body.keys[0]).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  // Strangers and people are refused; accounts may look (system:service-account-issuer-discovery).
  const ask = async (groups: string[]) =>
    (await server.call('GET', '/openid/v1/jwks', { user: { name: 'x', groups } })).status;
  assert.deepEqual(
    [
      await ask(['system:unauthenticated']),
      await ask(['system:authenticated']),
      await ask(['system:authenticated', 'system:serviceaccounts']),
    ],
    [403, 403, 200],
  );
  assert.equal((await server.call('POST', '/openid/v1/jwks')).status, 404);
  await server.close();
});
