import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { jsonPatch, make, merge, mergePatch, pod, pods } from '../rest/testing.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const serviceAccounts = {
  issuer: 'https://issuer',
  privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
};
const user = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
const nodes = '/api/v1/nodes';
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const inDefault = '/api/v1/namespaces/default';

describe('what node n1 writes', () => {
  let server: TestServer;
  let node: { metadata: { uid: string } };
  beforeEach(async () => {
    server = await startTestServer({ serviceAccounts });
    node = await make(server, nodes, {
      metadata: { name: 'n1', labels: { 'node-role.kubernetes.io/worker': '' } },
    });
    await make(server, nodes, { metadata: { name: 'n2' } });
    await make(server, `${inDefault}/serviceaccounts`, { metadata: { name: 'default' } });
    await make(server, pods, pod('own', { nodeName: 'n1' }));
    await make(server, pods, pod('other', { nodeName: 'n2' }));
  });
  afterEach(() => server.close());

  const send = async (method: string, url: string, body?: unknown, headers = {}) => {
    const answer = await server.call(method, url, { user, body, headers });
    return answer.status < 300 ? 'done' : `${answer.status} ${answer.body.message}`;
  };
  const patch = (url: string, body: unknown) => send('PATCH', url, body, mergePatch);

  test('its own object: labels of its own, status, but no taints, owners or labels of others', async () => {
    const own = `${nodes}/n1`;
    assert.equal(
      await patch(own, { metadata: { labels: { 'example.com/x': 'y' }, annotations: { a: 'b' } } }),
      'done',
    );
    assert.equal(await patch(`${own}/status`, { status: { capacity: { cpu: '4' } } }), 'done');
    const refused = async (body: object, why: string) => {
      for (const url of [own, `${own}/status`])
        assert.equal(await patch(url, body), `403 nodes "n1" is forbidden: ${why}`);
    };
    await refused({ spec: { taints: [] } }, 'node "n1" is not allowed to modify taints');
    await refused(
      { metadata: { labels: { 'node-role.kubernetes.io/worker': null } } },
      'is not allowed to modify labels: node-role.kubernetes.io/worker',
    );
    await refused(
      { metadata: { labels: { 'node-restriction.kubernetes.io/pci': 'yes', 'k8s.io/x': 'y' } } },
      'is not allowed to modify labels: k8s.io/x, node-restriction.kubernetes.io/pci',
    );
    assert.equal(
      await send('DELETE', own),
      '403 nodes "n1" is forbidden: User "system:node:n1" cannot delete resource "nodes" in API group "" at the cluster scope',
    );
  });

  test('CVE-2025-5187: not its own ownerReferences, in whatever way', async () => {
    const ownerReferences = [{ apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', name: 'n1', uid: 'gone' }];
    const why = '403 nodes "n1" is forbidden: node "n1" is not allowed to modify ownerReferences';
    const own = `${nodes}/n1`;
    assert.equal(await patch(own, { metadata: { ownerReferences } }), why);
    assert.equal(await patch(`${own}/status`, { metadata: { ownerReferences } }), why);
    const replace = [{ op: 'add', path: '/metadata/ownerReferences', value: ownerReferences }];
    assert.equal(await send('PATCH', own, replace, jsonPatch), why);
    const { body: present } = await server.call('GET', own);
    assert.equal(
      await send('PUT', own, { ...present, metadata: { ...present.metadata, ownerReferences } }),
      why,
    );
    const { body: after } = await server.call('GET', own);
    assert.equal(after.metadata.ownerReferences, undefined);
    // Those that an administrator has set stay as they are.
    await merge(server, own, { metadata: { ownerReferences } });
    assert.equal(await patch(own, { metadata: { ownerReferences: null } }), why);
    assert.equal(await patch(own, { metadata: { annotations: { a: 'b' } } }), 'done');
  });

  test('a registration: its own name, no labels of others, no owners', async () => {
    await server.call('DELETE', `${nodes}/n1`);
    const register = (metadata: object, spec: object = {}) => send('POST', nodes, { metadata, spec });
    assert.equal(
      await register({ name: 'n3' }),
      '403 nodes "n3" is forbidden: node "n1" is not allowed to modify node "n3"',
    );
    assert.equal(
      await register({ name: 'n1', labels: { 'node-restriction.kubernetes.io/a': 'b' } }),
      '403 nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: node-restriction.kubernetes.io/a',
    );
    assert.equal(
      await register({
        name: 'n1',
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n2', uid: 'x' }],
      }),
      '403 nodes "n1" is forbidden: node "n1" is not allowed to set ownerReferences',
    );
    const taints = [{ key: 'example.com/slow', effect: 'NoSchedule' }];
    assert.equal(await register({ name: 'n1', labels: { 'kubernetes.io/os': 'linux' } }, { taints }), 'done');
  });

  test('nothing of another node', async () => {
    const why = '403 nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"';
    assert.equal(await patch(`${nodes}/n2`, { metadata: { annotations: { a: 'b' } } }), why);
    assert.equal(await patch(`${nodes}/n2/status`, { status: {} }), why);
  });

  test('the status of its own pods, and not their labels', async () => {
    assert.equal(await patch(`${pods}/own/status`, { status: { phase: 'Running' } }), 'done');
    assert.equal(
      await patch(`${pods}/own/status`, { metadata: { labels: { app: 'web' } } }),
      '403 pods "own" is forbidden: node "n1" cannot update labels through pod status',
    );
    assert.equal(
      await patch(`${pods}/own/status`, {
        status: { resourceClaimStatuses: [{ name: 'a', resourceClaimName: 'b' }] },
      }),
      '403 pods "own" is forbidden: node "n1" cannot update resource claim statues',
    );
    assert.equal(
      await patch(`${pods}/other/status`, { status: { phase: 'Failed' } }),
      '403 pods "other" is forbidden: node "n1" can only update pod status for pods with spec.nodeName set to itself',
    );
  });

  test('the end and the eviction of its own pods', async () => {
    const evict = (name: string) =>
      send('POST', `${pods}/${name}/eviction`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name },
      });
    assert.equal(
      await send('DELETE', `${pods}/other?gracePeriodSeconds=0`),
      '403 pods "other" is forbidden: node "n1" can only delete pods with spec.nodeName set to itself',
    );
    assert.equal(
      await evict('other'),
      '403 pods "other" is forbidden: node n1 can only evict pods with spec.nodeName set to itself',
    );
    assert.equal(await evict('own'), 'done');
    assert.equal(await send('DELETE', `${pods}/own?gracePeriodSeconds=0`), 'done');
  });

  describe('a pod of its own making', () => {
    const owner = (changes: object = {}) => [
      { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: node.metadata.uid, controller: true, ...changes },
    ];
    const mirror = (spec: object = {}, metadata: object = {}) =>
      pod(
        'static',
        { nodeName: 'n1', ...spec },
        {
          annotations: { 'kubernetes.io/config.mirror': 'hash' },
          ownerReferences: owner(),
          ...metadata,
        },
      );
    const volume = (source: object) => ({ volumes: [{ name: 'v', ...source }] });
    const env = { containers: [{ name: 'c', image: 'nginx', envFrom: [{ secretRef: { name: 'a' } }] }] };
    /** Made in the test, since the node's uid is known only there. */
    const cases: [name: string, body: () => object, why: string | undefined][] = [
      ['mirrors a static pod', () => mirror(), undefined],
      [
        'is nothing else',
        () => mirror({}, { annotations: {} }),
        'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
      ],
      [
        'runs there',
        () => mirror({ nodeName: 'n2' }),
        'node "n1" can only create pods with spec.nodeName set to itself',
      ],
      [
        'has an owner',
        () => mirror({}, { ownerReferences: [] }),
        'node "n1" can only create pods with an owner reference set to itself',
      ],
      [
        'has one owner',
        () => mirror({}, { ownerReferences: [...owner(), { ...owner()[0], controller: false, uid: 'x' }] }),
        'node "n1" can only create pods with a single owner reference set to itself',
      ],
      [
        'has the node as its owner',
        () => mirror({}, { ownerReferences: owner({ name: 'n2' }) }),
        'node "n1" can only create pods with an owner reference set to itself',
      ],
      [
        'is controlled by it',
        () => mirror({}, { ownerReferences: owner({ controller: false }) }),
        'node "n1" can only create pods with a controller owner reference set to itself',
      ],
      [
        'does not block its end',
        () => mirror({}, { ownerReferences: owner({ blockOwnerDeletion: true }) }),
        'node "n1" must not set blockOwnerDeletion on an owner reference',
      ],
      [
        'reads no secret',
        () => mirror(volume({ secret: { secretName: 'a' } })),
        'node "n1" can not create pods that reference secrets',
      ],
      [
        'reads none by its environment',
        () => mirror(env),
        'node "n1" can not create pods that reference secrets',
      ],
      [
        'reads no configmap',
        () => mirror(volume({ configMap: { name: 'a' } })),
        'node "n1" can not create pods that reference configmaps',
      ],
      [
        'has no claim',
        () => mirror(volume({ persistentVolumeClaim: { claimName: 'a' } })),
        'node "n1" can not create pods that reference persistentvolumeclaims',
      ],
    ];
    for (const [name, body, why] of cases)
      test(name, async () =>
        assert.equal(
          await send('POST', pods, body()),
          why === undefined ? 'done' : `403 pods "static" is forbidden: ${why}`,
        ),
      );

    test('its owner is the node of today', async () => {
      const old = owner({ uid: 'old' });
      assert.equal(
        await send('POST', pods, mirror({}, { ownerReferences: old })),
        `403 pods "static" is forbidden: node n1 UID mismatch: expected old got ${node.metadata.uid}`,
      );
    });
  });

  test('its own lease', async () => {
    const lease = (name: string) => ({ metadata: { name }, spec: { holderIdentity: name } });
    assert.equal(await send('POST', leases, lease('n1')), 'done');
    assert.equal(await patch(`${leases}/n1`, { spec: { leaseDurationSeconds: 40 } }), 'done');
    assert.equal(
      await send('POST', leases, lease('n2')),
      '403 leases.coordination.k8s.io "n2" is forbidden: can only access node lease with the same name as the requesting node',
    );
  });

  describe('a token', () => {
    const url = `${inDefault}/serviceaccounts/default/token`;
    const ask = async (name: string, more: object = {}, ref: object = {}) => {
      const { body: bound } = await server.call('GET', `${pods}/${name}`);
      return send('POST', url, {
        spec: {
          ...more,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid: bound.metadata?.uid ?? 'x', ...ref },
        },
      });
    };
    const refused = (why: string) => `403 serviceaccounts "default" is forbidden: ${why}`;
    test('for its own pods, and those they name themselves', async () => {
      assert.equal(await ask('own'), 'done');
      assert.equal(
        await ask('own', { audiences: ['vault'] }),
        refused(
          'audience "vault" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience',
        ),
      );
      assert.equal(
        await ask('own', { audiences: ['a', 'b'] }),
        refused('node may only request 0 or 1 audiences'),
      );
    });
    test('not for a pod elsewhere', async () =>
      assert.equal(
        await ask('other'),
        refused('node requested token bound to a pod scheduled on a different node'),
      ));
    test('not for one that was', async () =>
      assert.equal(
        await ask('own', {}, { uid: 'before' }),
        refused(
          'the UID in the bound object reference (before) does not match the UID in record. The object might have been deleted and then recreated',
        ),
      ));
    test('not without a pod', async () => {
      assert.equal(await send('POST', url, { spec: {} }), refused('node requested token not bound to a pod'));
      assert.equal(
        await ask('own', {}, { uid: '' }),
        refused('node requested token with a pod binding without a uid'),
      );
      assert.equal(
        await ask('own', {}, { kind: 'Node', name: 'n1' }),
        refused('node requested token not bound to a pod'),
      );
    });
  });
});

test('others are not restricted', async () => {
  const server = await startTestServer();
  try {
    await make(server, nodes, { metadata: { name: 'n1' } });
    const taints = [{ key: 'a', effect: 'NoSchedule' }];
    assert.deepEqual((await merge(server, `${nodes}/n1`, { spec: { taints } })).spec.taints, taints);
  } finally {
    await server.close();
  }
});
