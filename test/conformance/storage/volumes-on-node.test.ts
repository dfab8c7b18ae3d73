/** What pods see of their volumes, on a real node. Sources: in object-cases.ts and folder-cases.ts. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertText, noNodeBecause, until } from '../../node/test-node.ts';
import { folderCases } from './folder-cases.ts';
import { StorageNode } from './node.ts';
import { objectCases } from './object-cases.ts';

const namespace = 'default';

const nameOf = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/-$/, '');

describe('volumes on a real node', { skip: noNodeBecause(), concurrency: 4 }, () => {
  let storage: StorageNode;

  before(async () => {
    storage = await StorageNode.start();
    const { client } = storage.cluster;
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    await client.of('ConfigMap').create({
      metadata: { namespace, name: 'config' },
      data: { 'data-1': 'value-1', 'data-2': 'value-2' },
    });
    await client.of('ConfigMap').create({
      metadata: { namespace, name: 'binary' },
      data: { 'data-1': 'value-1' },
      binaryData: { 'dump.bin': Buffer.from([0xde, 0xca, 0xfe, 0xba, 0xd0, 0xfe, 0xff]).toString('base64') },
    });
    await client
      .of('Secret')
      .create({ metadata: { namespace, name: 'secret' }, data: { 'data-1': base64('secret-1') } });
  });
  after(() => storage?.cluster.close());

  for (const [title, { output, ...described }] of Object.entries({ ...objectCases, ...folderCases }))
    test(title, async () => {
      await storage.assertOutput(nameOf(title), described, output);
    });

  const variable = (value: string) => ({
    volumes: { v: { emptyDir: {} } },
    metadata: { annotations: { sub: value } },
    container: {
      env: [{ name: 'SUB', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['sub']" } } }],
      volumeMounts: [
        { name: 'v', mountPath: '/part', subPathExpr: '$(SUB)' },
        { name: 'v', mountPath: '/all' },
      ],
    },
    script: 'touch /part/made; ls /all; sleep 3600',
  });
  const refusedParts: readonly [title: string, value: string, message: string][] = [
    ['leads back', '..', "unable to provision SubPath `..`: must not contain '..'"],
    ['begins at the root', '/tmp', 'error SubPath `/tmp` must not be an absolute path'],
    ['is nothing', '', 'missing value for SUB'],
  ];
  for (const [title, value, message] of refusedParts)
    test(`a part whose name ${title} waits, and begins once it is another`, async () => {
      const name = `part-${nameOf(title)}`;
      await storage.create(name, variable(value));
      assert.equal(await storage.whenWaitingWith(name, 'CreateContainerConfigError'), message);
      await until('it is told', async () =>
        (await storage.eventsOf(name, 'Failed')).includes(`Warning: Error: ${message}`),
      );
      await storage.cluster.client
        .of('Pod')
        .patch(
          { namespace, name },
          { type: 'merge', patch: { metadata: { annotations: { sub: 'mypath' } } } },
        );
      await storage.whenRunning(name);
      await until('it has written', async () => (await storage.log(name)) === 'mypath\n');
    });

  test('a part that leads out of its volume by a link', async () => {
    const link = {
      name: 'first',
      image: 'busybox:1.27',
      command: ['ln', '-s', '/bin', '/all/out'],
      volumeMounts: [{ name: 'v', mountPath: '/all' }],
    };
    const volumeMounts = [{ name: 'v', mountPath: '/part', subPath: 'out' }];
    await storage.create('part-link', {
      ...{ volumes: { v: { emptyDir: {} } }, script: 'true' },
      ...{ spec: { initContainers: [link] }, container: { volumeMounts } },
    });
    assert.equal(
      await storage.whenWaitingWith('part-link', 'CreateContainerConfigError'),
      'failed to prepare subPath for volumeMount "v" of container "main"',
    );
  });

  test('what is not there is waited for', async () => {
    await storage.create('waits', {
      volumes: {
        c: { configMap: { name: 'late', items: [{ key: 'k', path: 'k' }] } },
        s: { secret: { secretName: 'late' } },
      },
      script: 'cat /v/c/k /v/s/k',
    });
    const failed = async () => (await storage.eventsOf('waits', 'FailedMount')).join('\n');
    await until('the ConfigMap is missed', async () =>
      (await failed()).includes('MountVolume.SetUp failed for volume "c" : configmap "late" not found'),
    );
    const { client } = storage.cluster;
    await client.of('ConfigMap').create({ metadata: { namespace, name: 'late' }, data: { other: 'x' } });
    await until('its key is missed', async () =>
      (await failed()).includes(
        'MountVolume.SetUp failed for volume "c" : references non-existent config key: k',
      ),
    );
    await client
      .of('ConfigMap')
      .patch({ namespace, name: 'late' }, { type: 'merge', patch: { data: { k: 'one ' } } });
    await client.of('Secret').create({ metadata: { namespace, name: 'late' }, stringData: { k: 'two' } });
    await until('it has ended', async () => (await storage.pod('waits')).status?.phase === 'Succeeded');
    await assertText(() => storage.log('waits'), 'one two');
  });

  test('what a container makes of its folder stays, whatever is looked at meanwhile', async () => {
    await storage.create('own', {
      volumes: {
        v: { emptyDir: {} },
        m: { emptyDir: { medium: 'Memory' } },
        l: { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      },
      metadata: { labels: { turn: 'first' } },
      script: 'chmod 700 /v/v /v/m; sleep 3600',
    });
    await storage.whenRunning('own');
    await until(
      'it is private',
      async () => (await storage.exec('own', 'stat -c %a /v/v /v/m')) === '700\n700\n',
    );
    await storage.cluster.client
      .of('Pod')
      .patch(
        { namespace, name: 'own' },
        { type: 'merge', patch: { metadata: { labels: { turn: 'second' } } } },
      );
    await until('the node has looked', async () =>
      (await storage.exec('own', 'cat /v/l/labels')).includes('second'),
    );
    assert.equal(await storage.exec('own', 'stat -c %a /v/v /v/m'), '700\n700\n');
  });

  test('updates reach pods that run, and take along what is gone; a part stays as it was', async () => {
    const { client } = storage.cluster;
    const make = (name: string) =>
      client.of('ConfigMap').create({ metadata: { namespace, name }, data: { 'data-1': 'value-1' } });
    await make('updated');
    await make('deleted');
    await client
      .of('Secret')
      .create({ metadata: { namespace, name: 'updated' }, stringData: { 'data-1': 'value-1' } });
    const optional = true;
    await storage.create('follows', {
      volumes: {
        updated: { configMap: { name: 'updated', optional } },
        deleted: { configMap: { name: 'deleted', optional } },
        created: { configMap: { name: 'created', optional } },
        secret: { secret: { secretName: 'updated', optional } },
        projected: {
          projected: {
            sources: [
              { configMap: { name: 'created', optional, items: [{ key: 'data-1', path: 'created' }] } },
              { secret: { name: 'updated' } },
              { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
            ],
          },
        },
        downward: {
          downwardAPI: { items: [{ path: 'notes', fieldRef: { fieldPath: 'metadata.annotations' } }] },
        },
      },
      metadata: { labels: { key: 'first' }, annotations: { builder: 'bar' } },
      container: {
        volumeMounts: [
          ...['updated', 'deleted', 'created', 'secret', 'projected', 'downward'].map((name) => ({
            name,
            mountPath: `/v/${name}`,
          })),
          { name: 'updated', mountPath: '/part', subPath: 'data-1' },
        ],
      },
      script: 'sleep 3600',
    });
    await storage.whenRunning('follows');
    const seen = async () =>
      (await storage.exec('follows', 'cd /v; grep "" */[a-z]* /part; true')).trim().split('\n');
    assert.deepEqual(await seen(), [
      'deleted/data-1:value-1',
      'downward/notes:builder="bar"',
      'projected/data-1:value-1',
      'projected/labels:key="first"',
      'secret/data-1:value-1',
      'updated/data-1:value-1',
      '/part:value-1',
    ]);
    const where = { namespace, name: 'updated' };
    await client
      .of('ConfigMap')
      .patch(where, { type: 'merge', patch: { data: { 'data-1': null, 'data-3': 'value-3' } } });
    await client.of('ConfigMap').delete({ namespace, name: 'deleted' });
    await make('created');
    await client.of('Secret').patch(where, { type: 'merge', patch: { stringData: { 'data-1': 'value-2' } } });
    await client.of('Pod').patch(
      { namespace, name: 'follows' },
      {
        type: 'merge',
        patch: { metadata: { labels: { key: 'second' }, annotations: { builder: 'foo' } } },
      },
    );
    const expected = [
      'created/data-1:value-1',
      'downward/notes:builder="foo"',
      'projected/created:value-1',
      'projected/data-1:value-2',
      'projected/labels:key="second"',
      'secret/data-1:value-2',
      'updated/data-3:value-3',
      '/part:value-1',
    ];
    await until('all of it is there', async () => (await seen()).join() === expected.join());
  });
});
