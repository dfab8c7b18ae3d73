import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { TransportRequest, TransportResponse } from '../../client/transport.ts';
import { Client } from '../../client/typed-client.ts';
import { silentLogger } from '../../lib/log.ts';
import { createManualClock } from '../../lib/manual-clock.ts';
import { seededRandom } from '../../lib/random.ts';
import { PodFiles } from '../run/pod-files.ts';
import { testNow, testPod } from '../test-kit.ts';
import { NodeVolumes } from '../volumes/node-volumes.ts';
import { PodTokens } from './pod-tokens.ts';

const hour = 3_600_000;

/** A server that gives numbered tokens, and can be told to refuse. */
function world() {
  const clock = createManualClock(testNow);
  const asked: { url: string; spec: { expirationSeconds: number } }[] = [];
  const state = { refuses: false };
  const answer = (status: number, body: unknown): TransportResponse => ({
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(body)),
  });
  const transport = {
    async send({ url, body }: TransportRequest) {
      const { spec } = JSON.parse(Buffer.from(body ?? []).toString());
      asked.push({ url, spec });
      await Promise.resolve();
      if (state.refuses)
        return answer(403, {
          kind: 'Status',
          status: 'Failure',
          code: 403,
          message: 'not now',
          reason: 'Forbidden',
        });
      const expirationTimestamp = new Date(clock.now() + spec.expirationSeconds * 1000).toISOString();
      return answer(201, { spec, status: { token: `token-${asked.length}`, expirationTimestamp } });
    },
    close: async () => {},
  };
  const client = new Client({ transport, clock, userAgent: 'kubelet' });
  const tokens = new PodTokens({ client, clock, random: seededRandom(1), log: silentLogger });
  return { clock, asked, state, tokens };
}

const pod = testPod({ serviceAccountName: 'builder' });
const wish = { audience: 'vault', expirationSeconds: 3600 };

describe('tokens of pods', () => {
  test('a token is asked for once, bound to the pod, for its audience', async () => {
    const { asked, tokens } = world();
    const all = await Promise.all([tokens.token(pod, wish), tokens.token(pod, wish)]);
    all.push(await tokens.token(pod, wish));
    assert.deepEqual(all, ['token-1', 'token-1', 'token-1']);
    assert.deepEqual(asked, [
      {
        url: '/api/v1/namespaces/default/serviceaccounts/builder/token',
        spec: {
          audiences: ['vault'],
          expirationSeconds: 3600,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'uid-1' },
        },
      },
    ]);
  });

  test('another audience, another life, another pod: another token', async () => {
    const { tokens } = world();
    const other = testPod({ serviceAccountName: 'builder' }, { metadata: { name: 'q', uid: 'uid-2' } });
    const given = [
      await tokens.token(pod, wish),
      await tokens.token(pod, { ...wish, audience: undefined }),
      await tokens.token(pod, { ...wish, expirationSeconds: 7200 }),
      await tokens.token(other, wish),
    ];
    assert.deepEqual(given, ['token-1', 'token-2', 'token-3', 'token-4']);
  });

  for (const [what, seconds, kept, due] of [
    ['at four fifths of its life', 3600, 0.79 * hour, 0.02 * hour],
    ['after a day, however long it is good', 30 * 24 * 3600, 23.9 * hour, 0.2 * hour],
  ] as const)
    test(`it is renewed ${what}`, async () => {
      const { clock, tokens } = world();
      const asks = () => tokens.token(pod, { ...wish, expirationSeconds: seconds });
      await asks();
      clock.advance(kept);
      assert.equal(await asks(), 'token-1');
      clock.advance(due);
      assert.equal(await asks(), 'token-2');
    });

  test('while the server refuses, the old one is used as long as it is good', async () => {
    const { clock, state, tokens } = world();
    await tokens.token(pod, wish);
    state.refuses = true;
    clock.advance(0.9 * hour);
    assert.equal(await tokens.token(pod, wish), 'token-1');
    clock.advance(0.1 * hour);
    await assert.rejects(tokens.token(pod, wish), {
      message: 'token "builder"/"default" expired and refresh failed: not now',
    });
    state.refuses = false;
    assert.equal(await tokens.token(pod, wish), 'token-4');
  });

  test('a pod that is gone leaves none behind', async () => {
    const { tokens } = world();
    await tokens.token(pod, wish);
    tokens.forget('uid-1');
    assert.equal(await tokens.token(pod, wish), 'token-2');
  });
});

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-tokens-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('the volume that every pod has is whole, and its token changes in place', async (t) => {
  const { clock, tokens } = world();
  const authority = generateKeyPairSync('ed25519')
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();
  const files = new PodFiles(await folderFor(t));
  const volumes = new NodeVolumes({
    ...{ files, clock, token: tokens.token, forgetTokens: (uid) => tokens.forget(uid) },
    sources: {
      configMap: (_, name) =>
        name === 'kube-root-ca.crt' ? { metadata: { name }, data: { 'ca.crt': authority } } : undefined,
      secret: () => undefined,
      services: () => [],
    },
    memory: { mount: async () => {}, unmount: async () => {} },
    pinned: { mount: async () => {}, unmount: async () => {}, unmountBelow: async () => {} },
  });
  const withAccess = testPod({
    serviceAccountName: 'default',
    volumes: [
      {
        name: 'kube-api-access-x',
        projected: {
          defaultMode: 0o644,
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
            { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
            {
              downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] },
            },
          ],
        },
      },
    ],
  });
  const place = { hostIPs: [], podIPs: [], allocatable: {} };
  const read = async () => {
    const folder = (await volumes.prepare(withAccess, place)).get('kube-api-access-x') ?? '';
    return Promise.all(
      ['ca.crt', 'namespace', 'token'].map((name) => readFile(path.join(folder, name), 'utf8')),
    );
  };
  assert.deepEqual(await read(), [authority, 'default', 'token-1']);
  clock.advance(hour);
  assert.deepEqual(await read(), [authority, 'default', 'token-2']);
  await volumes.remove(withAccess);
  assert.deepEqual(await read(), [authority, 'default', 'token-3']);
});
