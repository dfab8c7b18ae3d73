import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { make, pods, verdict } from '../rest/testing.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

const accounts = '/api/v1/namespaces/default/serviceaccounts';
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

/** Names that are drawn become `kube-api-access-*`. */
const shown = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value ?? null).replaceAll(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-*'));

describe('admission of ServiceAccount', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ serviceAccounts: { issuer: 'https://issuer', privateKey } });
  });
  after(() => server.close());

  const podOf = (spec: object = {}, metadata: object = { generateName: 'web-' }) => ({
    metadata,
    spec: { containers: [{ name: 'web', image: 'nginx:1.27' }], ...spec },
  });
  const refusal = async (body: object) => verdict(await server.call('POST', pods, { body }));

  test('a pod has to wait for its account', async () => {
    assert.deepEqual(await refusal(podOf()), [
      403,
      'Forbidden',
      'pods "web-" is forbidden: error looking up service account default/default: serviceaccount "default" not found',
    ]);
    assert.match(
      String((await refusal(podOf({}, { name: 'web-x7k2p', generateName: 'web-' })))[2]),
      /^pods "web-" is forbidden: error looking up/,
    );
    await make(server, accounts, { metadata: { name: 'default' } });
    assert.deepEqual(await refusal(podOf({ serviceAccountName: 'robot' }, { name: 'web' })), [
      403,
      'Forbidden',
      'pods "web" is forbidden: error looking up service account default/robot: serviceaccount "robot" not found',
    ]);
  });

  test('every container finds the token', async () => {
    const init = { name: 'init', image: 'nginx:1.27' };
    const own = {
      name: 'own',
      image: 'nginx:1.27',
      volumeMounts: [{ name: 'mine', mountPath }],
    };
    const { spec } = await make(
      server,
      pods,
      podOf({
        initContainers: [init],
        containers: [
          { name: 'web', image: 'nginx:1.27', volumeMounts: [{ name: 'mine', mountPath: '/x' }] },
          own,
        ],
        volumes: [{ name: 'mine', emptyDir: {} }],
      }),
    );
    const mount = { mountPath, name: 'kube-api-access-*', readOnly: true };
    const mounts = [...spec.initContainers, ...spec.containers].map((each) => shown(each.volumeMounts));
    assert.deepEqual(mounts, [
      [mount],
      [{ name: 'mine', mountPath: '/x' }, mount],
      [{ name: 'mine', mountPath }],
    ]);
    assert.deepEqual(shown(spec.volumes), [
      { name: 'mine', emptyDir: {} },
      {
        name: 'kube-api-access-*',
        projected: {
          defaultMode: 420,
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
            { configMap: { items: [{ key: 'ca.crt', path: 'ca.crt' }], name: 'kube-root-ca.crt' } },
            {
              downwardAPI: {
                items: [
                  { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' }, path: 'namespace' },
                ],
              },
            },
          ],
        },
      },
    ]);
  });

  test('unless the pod or its account says no; the pod has the last word', async () => {
    await make(server, accounts, { metadata: { name: 'quiet' }, automountServiceAccountToken: false });
    const volumesOf = async (spec: object) =>
      (await make(server, pods, podOf(spec))).spec.volumes?.length ?? 0;
    assert.deepEqual(
      [
        await volumesOf({ automountServiceAccountToken: false }),
        await volumesOf({ serviceAccountName: 'quiet' }),
        await volumesOf({ serviceAccountName: 'quiet', automountServiceAccountToken: true }),
      ],
      [0, 0, 1],
    );
  });

  test('a pod that is made again from what another had keeps its volume', async () => {
    const first = await make(server, pods, podOf());
    const again = await make(
      server,
      pods,
      podOf({ containers: first.spec.containers, volumes: first.spec.volumes }),
    );
    assert.deepEqual(again.spec.volumes, first.spec.volumes);
    assert.deepEqual(again.spec.containers[0].volumeMounts, first.spec.containers[0].volumeMounts);
  });

  test('secrets for images come from the account, when the pod has none', async () => {
    await make(server, accounts, {
      metadata: { name: 'puller' },
      imagePullSecrets: [{ name: 'registry' }],
    });
    const secretsOf = async (spec: object) =>
      (await make(server, pods, podOf({ serviceAccountName: 'puller', ...spec }))).spec.imagePullSecrets;
    assert.deepEqual(await secretsOf({}), [{ name: 'registry' }]);
    assert.deepEqual(await secretsOf({ imagePullSecrets: [{ name: 'own' }] }), [{ name: 'own' }]);
  });

  test('a mirror pod is taken as it is, and has no account', async () => {
    const metadata = { name: 'static', annotations: { 'kubernetes.io/config.mirror': 'hash' } };
    const mirror = await make(server, pods, podOf({ nodeName: 'node-1' }, metadata));
    assert.deepEqual([mirror.spec.serviceAccountName, mirror.spec.volumes], [undefined, undefined]);
    assert.deepEqual(
      await refusal(podOf({ serviceAccountName: 'default' }, { ...metadata, name: 'other' })),
      [403, 'Forbidden', 'pods "other" is forbidden: a mirror pod may not reference service accounts'],
    );
  });
});

test('it can be switched off, by its name', async () => {
  const serviceAccounts = { issuer: 'https://issuer', privateKey };
  const server = await startTestServer({ serviceAccounts, disabledAdmission: ['ServiceAccount'] });
  const { spec } = await make(server, pods, {
    metadata: { name: 'web' },
    spec: { containers: [{ name: 'web', image: 'nginx:1.27' }] },
  });
  assert.deepEqual([spec.serviceAccountName, spec.volumes], [undefined, undefined]);
  await server.close();
  await assert.rejects(startTestServer({ disabledAdmission: ['ServiceAccounts'] }), {
    code: 'UNKNOWN_ADMISSION_PLUGIN',
    message: /^--disable-admission-plugins names ServiceAccounts; there are .*ServiceAccount, /,
  });
});
