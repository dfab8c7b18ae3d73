/**
 * Kinds of storage as objects alone: each is made, read, changed in every way and deleted, alone and by label; statuses are
 * read and written apart. Sources: test/e2e/storage/{storageclass,csi_inline,csi_node,csistoragecapacity,volume_attachment,
 * volume_attributes_class,persistent_volumes}.go.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { mergePatch, strategicPatch } from '../../../src/apiserver/rest/testing.ts';
import { startTestServer, type TestServer } from '../../../src/apiserver/test-server.ts';
import { claimBinder, volumeBinder } from '../../../src/controllers/persistent-volume-binder.ts';
import { claimProtection, volumeProtection } from '../../../src/controllers/storage-protection.ts';
import { startTestWorld } from '../../client/world.ts';

interface StoredKind {
  readonly url: string;
  /** All but the metadata. */
  readonly body: object;
}

const group = '/apis/storage.k8s.io/v1';
const kinds: Readonly<Record<string, StoredKind>> = {
  StorageClass: {
    url: `${group}/storageclasses`,
    body: { provisioner: 'e2e-fake-provisioner', reclaimPolicy: 'Retain', volumeBindingMode: 'Immediate' },
  },
  CSIDriver: {
    url: `${group}/csidrivers`,
    body: { spec: { attachRequired: false, volumeLifecycleModes: ['Ephemeral'], fsGroupPolicy: 'File' } },
  },
  CSINode: {
    url: `${group}/csinodes`,
    body: { spec: { drivers: [{ name: 'e2e.example.com', nodeID: 'e2e', topologyKeys: ['zone'] }] } },
  },
  CSIStorageCapacity: {
    url: `${group}/namespaces/default/csistoragecapacities`,
    body: { storageClassName: 'fast', capacity: '5Gi', nodeTopology: { matchLabels: { zone: 'a' } } },
  },
  VolumeAttachment: {
    url: `${group}/volumeattachments`,
    body: {
      spec: { attacher: 'e2e-test.storage.k8s.io', nodeName: 'n1', source: { persistentVolumeName: 'pv' } },
      status: { attached: true },
    },
  },
  VolumeAttributesClass: {
    url: `${group}/volumeattributesclasses`,
    body: { driverName: 'e2e-fake-csi-driver', parameters: { iops: '300' } },
  },
};

async function startServer(t: TestContext): Promise<TestServer> {
  const server = await startTestServer();
  t.after(() => server.close());
  return server;
}

const names = (list: { items: { metadata: { name: string } }[] }): string[] =>
  list.items.map(({ metadata }) => metadata.name);

describe('a life', () => {
  for (const [kind, { url, body }] of Object.entries(kinds))
    test(kind, async (t) => {
      const server = await startServer(t);
      const create = async (name: string, labels: object) => {
        // A uid is the server's to give, whatever is sent.
        const metadata = { name, labels, uid: name };
        const answer = await server.call('POST', url, {
          body: { apiVersion: 'storage.k8s.io/v1', kind, metadata, ...body },
        });
        assert.equal(answer.status, 201, answer.text);
        return answer.body;
      };
      const listed = async (selector: string) =>
        names((await server.call('GET', `${url}?labelSelector=${selector}`)).body);
      const made = await create('first', {});
      assert.match(made.metadata.uid, /^[0-9a-f]{8}-/);
      const watch = await server.watch(
        `${url}?watch=1&resourceVersion=${made.metadata.resourceVersion}&labelSelector=first`,
      );
      assert.deepEqual((await server.call('GET', `${url}/first`)).body, made);

      const labels = { metadata: { labels: { first: 'patched' } } };
      const patched = await server.call('PATCH', `${url}/first`, { body: labels, headers: mergePatch });
      assert.deepEqual(patched.body.metadata.labels, { first: 'patched' });
      assert.deepEqual(await listed('first=patched'), ['first']);
      patched.body.metadata.labels = { first: 'updated' };
      const updated = await server.call('PUT', `${url}/first`, { body: patched.body });
      assert.deepEqual([updated.status, updated.body.metadata.labels], [200, { first: 'updated' }]);
      const stale = await server.call('PUT', `${url}/first`, { body: { ...patched.body } });
      assert.deepEqual([stale.status, stale.body.reason], [409, 'Conflict']);
      assert.deepEqual(await listed('first=patched'), []);

      assert.equal((await server.call('DELETE', `${url}/first`)).status, 200);
      assert.equal((await server.call('GET', `${url}/first`)).body.reason, 'NotFound');
      await watch.until(3);
      assert.deepEqual(
        watch.events.map(({ type, object }) => [type, object.metadata.labels?.first]),
        [
          ['ADDED', 'patched'],
          ['MODIFIED', 'updated'],
          ['DELETED', 'updated'],
        ],
      );
      watch.stop();

      for (const name of ['second', 'third']) await create(name, { e2e: 'updated' });
      await create('other', {});
      assert.equal((await server.call('DELETE', `${url}?labelSelector=e2e%3Dupdated`)).status, 200);
      assert.deepEqual(names((await server.call('GET', url)).body), ['other']);
    });

  test('capacities of all namespaces at once', async (t) => {
    const server = await startServer(t);
    const { url, body } = kinds.CSIStorageCapacity as StoredKind;
    await server.call('POST', url, { body: { metadata: { name: 'one' }, ...body } });
    assert.deepEqual(names((await server.call('GET', `${group}/csistoragecapacities`)).body), ['one']);
  });
});

test('an attachment has its status to itself', async (t) => {
  const server = await startServer(t);
  const { url, body } = kinds.VolumeAttachment as StoredKind;
  await server.call('POST', url, { body: { metadata: { name: 'va' }, ...body } });
  const status = `${url}/va/status`;
  assert.deepEqual((await server.call('GET', status)).body.status, { attached: false });
  const patch = { body: { status: { attached: true } }, headers: mergePatch };
  // Not by way of the object.
  assert.equal((await server.call('PATCH', `${url}/va`, patch)).body.status.attached, false);
  const patched = (await server.call('PATCH', status, patch)).body;
  assert.equal(patched.status.attached, true);
  const updated = await server.call('PUT', status, { body: { ...patched, status: { attached: false } } });
  assert.deepEqual([updated.status, updated.body.status], [200, { attached: false }]);
});

const volumes = '/api/v1/persistentvolumes';
const claims = '/api/v1/namespaces/default/persistentvolumeclaims';
const volume = (name: string, labels = {}) => ({
  metadata: { name, labels },
  spec: {
    capacity: { storage: '2Gi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName: 'e2e',
    hostPath: { path: `/tmp/${name}` },
  },
});
const claim = (name: string, labels = {}) => ({
  metadata: { name, labels },
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    storageClassName: 'e2e',
  },
});

async function startStorage(t: TestContext) {
  const world = await startTestWorld({
    controllers: [claimBinder, volumeBinder, claimProtection, volumeProtection],
  });
  t.after(() => world.close());
  const call = async (method: string, url: string, options = {}) => {
    const answer = await world.server.call(method, url, options);
    assert.ok(answer.status < 300, `${method} ${url}: ${answer.text}`);
    await world.settle();
    return answer.body;
  };
  const phase = async (url: string) => (await call('GET', url)).status.phase;
  return { call, phase, server: world.server };
}

test('a volume and its claim: bound, labelled, and deleted one by one and by label', async (t) => {
  const { call, phase, server } = await startStorage(t);
  await call('POST', volumes, { body: volume('pv', { e2e: 'first' }) });
  await call('POST', claims, { body: claim('pvc', { e2e: 'first' }) });
  assert.deepEqual([await phase(`${volumes}/pv`), await phase(`${claims}/pvc`)], ['Bound', 'Bound']);
  for (const url of [volumes, claims])
    assert.equal((await call('GET', `${url}?labelSelector=e2e%3Dfirst`)).items.length, 1);
  const patch = { body: { metadata: { labels: { patched: 'yes' } } }, headers: strategicPatch };
  assert.equal((await call('PATCH', `${volumes}/pv`, patch)).metadata.labels.patched, 'yes');
  assert.equal((await call('PATCH', `${claims}/pvc`, patch)).metadata.labels.patched, 'yes');
  const before = await call('GET', `${claims}/pvc`);
  before.metadata.labels.updated = 'yes';
  assert.equal((await call('PUT', `${claims}/pvc`, { body: before })).metadata.labels.updated, 'yes');

  await call('DELETE', `${claims}/pvc`);
  assert.equal((await server.call('GET', `${claims}/pvc`)).status, 404);
  assert.equal(await phase(`${volumes}/pv`), 'Released');
  await call('DELETE', `${volumes}/pv`);
  assert.equal((await server.call('GET', `${volumes}/pv`)).status, 404);

  await call('POST', volumes, { body: volume('again', { e2e: 'second' }) });
  await call('POST', claims, { body: claim('again', { e2e: 'second' }) });
  for (const url of [claims, volumes]) {
    await call('DELETE', `${url}?labelSelector=e2e%3Dsecond`);
    assert.deepEqual((await call('GET', url)).items, []);
  }
});

test('statuses of a volume and its claim are read and written apart, and binding leaves them alone', async (t) => {
  const { call } = await startStorage(t);
  await call('POST', volumes, { body: volume('pv') });
  await call('POST', claims, { body: claim('pvc') });
  assert.equal((await call('GET', `${claims}/pvc/status`)).status.phase, 'Bound');
  const condition = (type: string) => ({
    type,
    status: 'True',
    reason: 'E2E',
    message: 'Set by an e2e test',
  });
  const patched = await call('PATCH', `${claims}/pvc/status`, {
    body: { status: { conditions: [condition('StatusPatched')] } },
    headers: mergePatch,
  });
  assert.deepEqual(
    patched.status.conditions.map(({ type }: { type: string }) => type),
    ['StatusPatched'],
  );
  patched.status.conditions.push(condition('StatusUpdated'));
  await call('PUT', `${claims}/pvc/status`, { body: await fresh(call, `${claims}/pvc`, patched) });
  const seen = (await call('GET', `${claims}/pvc`)).status;
  assert.deepEqual(
    [seen.phase, seen.conditions.map(({ type, reason }: Record<string, string>) => `${type} ${reason}`)],
    ['Bound', ['StatusPatched E2E', 'StatusUpdated E2E']],
  );

  assert.equal((await call('GET', `${volumes}/pv/status`)).status.phase, 'Bound');
  const told = await call('PATCH', `${volumes}/pv/status`, {
    body: { status: { message: 'StatusPatched', reason: 'E2E patchStatus' } },
    headers: mergePatch,
  });
  assert.deepEqual(
    [told.status.message, told.status.reason, told.status.phase],
    ['StatusPatched', 'E2E patchStatus', 'Bound'],
  );
  const current = await call('GET', `${volumes}/pv`);
  Object.assign(current.status, { message: 'StatusUpdated', reason: 'E2E updateStatus' });
  await call('PUT', `${volumes}/pv/status`, { body: current });
  const after = (await call('GET', `${volumes}/pv`)).status;
  assert.deepEqual(
    [after.message, after.reason, after.phase],
    ['StatusUpdated', 'E2E updateStatus', 'Bound'],
  );
});

/** With the newest resourceVersion, and the status of another reading. */
async function fresh(
  call: (method: string, url: string) => Promise<{ metadata: { resourceVersion: string } }>,
  url: string,
  wanted: { status: object },
): Promise<object> {
  return { ...(await call('GET', url)), status: wanted.status };
}

test('a pod may name a CSI volume of its own', async (t) => {
  const server = await startServer(t);
  const answer = await server.call('POST', '/api/v1/namespaces/default/pods', {
    body: {
      metadata: { name: 'inline' },
      spec: {
        containers: [{ name: 'main', image: 'busybox' }],
        volumes: [
          { name: 'v', csi: { driver: 'e2e.example.com', readOnly: true, volumeAttributes: { a: 'b' } } },
        ],
      },
    },
  });
  assert.deepEqual(answer.body.spec?.volumes?.[0], {
    name: 'v',
    csi: { driver: 'e2e.example.com', readOnly: true, volumeAttributes: { a: 'b' } },
  });
});

describe('what is immutable', () => {
  const cases = {
    configmaps: { kind: 'ConfigMap', data: { one: 'value-1' }, other: { one: 'value-2' } },
    secrets: { kind: 'Secret', data: { one: 'dmFsdWUtMQ==' }, other: { one: 'dmFsdWUtMg==' } },
  };
  for (const [plural, { kind, data, other }] of Object.entries(cases))
    test(kind, async (t) => {
      const server = await startServer(t);
      const url = `/api/v1/namespaces/default/${plural}`;
      await server.call('POST', url, { body: { metadata: { name: 'fixed' }, data } });
      const patch = (body: object) => server.call('PATCH', `${url}/fixed`, { body, headers: mergePatch });
      const refused = (field: string, why: string) => [
        422,
        `${kind} "fixed" is invalid: ${field}: Forbidden: ${why}`,
      ];
      const verdict = async (body: object) => {
        const answer = await patch(body);
        return [answer.status, answer.body.message];
      };
      assert.equal((await patch({ data: other })).status, 200);
      assert.equal((await patch({ data, immutable: true })).status, 200);
      const why = 'field is immutable when `immutable` is set';
      assert.deepEqual(await verdict({ data: other }), refused('data', why));
      assert.deepEqual(await verdict({ immutable: false }), refused('immutable', why));
      assert.deepEqual(await verdict({ immutable: null }), refused('immutable', why));
      assert.equal((await patch({ metadata: { labels: { still: 'free' } } })).status, 200);
      assert.equal((await server.call('DELETE', `${url}/fixed`)).status, 200);
    });
});
