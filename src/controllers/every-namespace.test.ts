/** What every namespace has, and that it goes with it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startTestWorld } from '../../test/client/world.ts';
import { namespace } from './namespace.ts';
import { rootCaPublisher } from './root-ca-publisher.ts';
import { serviceAccount } from './service-account.ts';

const start = () => startTestWorld({ controllers: [namespace, serviceAccount, rootCaPublisher('PEM')] });

const everywhere = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

describe('the controllers of namespaces', () => {
  test('give every namespace its service account and the authority, and do so again when they are taken', async () => {
    const world = await start();
    const { client } = world;
    const namespacesOf = async (kind: 'ServiceAccount' | 'ConfigMap') =>
      (await client.of(kind).list()).items
        .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
        .sort();
    await client.of('Namespace').create({ metadata: { name: 'team' } });
    await world.settle();
    const accounts = [...everywhere, 'team'].map((name) => `${name}/default`);
    const maps = [...everywhere, 'team'].map((name) => `${name}/kube-root-ca.crt`);
    assert.deepEqual(await namespacesOf('ServiceAccount'), accounts);
    assert.deepEqual(await namespacesOf('ConfigMap'), maps);
    await client.of('ServiceAccount').delete({ namespace: 'team', name: 'default' });
    await client.of('ConfigMap').delete({ namespace: 'team', name: 'kube-root-ca.crt' });
    await world.settle();
    assert.deepEqual(await namespacesOf('ServiceAccount'), accounts);
    assert.deepEqual(await namespacesOf('ConfigMap'), maps);
    await client.of('Namespace').delete({ name: 'team' });
    await world.settle();
    assert.deepEqual(await namespacesOf('ServiceAccount'), accounts.slice(0, 4));
    assert.equal((await client.of('Namespace').list()).items.length, 4);
    await world.close();
  });

  test('put the authority back when somebody changed it, and keep what others annotated', async () => {
    const world = await start();
    const { client } = world;
    const at = { namespace: 'default', name: 'kube-root-ca.crt' };
    const maps = client.of('ConfigMap');
    await maps.patch(at, {
      type: 'merge',
      patch: { metadata: { annotations: { mine: 'yes' } }, data: { 'ca.crt': 'FORGED', more: 'x' } },
    });
    await world.settle();
    const { data, metadata } = await maps.get(at);
    assert.deepEqual(data, { 'ca.crt': 'PEM' });
    assert.deepEqual(Object.keys(metadata.annotations ?? {}), ['kubernetes.io/description', 'mine']);
    await world.close();
  });

  test('write nothing when nothing happens', async () => {
    const world = await start();
    const { cache } = world.server.server.backend;
    const revision = cache.revision;
    await world.advance(600_000);
    assert.equal(cache.revision, revision);
    assert.deepEqual(
      world.controllers.map(({ name, counts }) => [name, counts.failures]),
      [
        ['namespace', 0],
        ['serviceaccount', 0],
        ['root-ca-certificate-publisher', 0],
      ],
    );
    await world.close();
  });
});
