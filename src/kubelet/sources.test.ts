import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestWorld } from '../../test/client/world.ts';
import type { Pod } from '../kinds/generated/types.ts';
import { silentLogger } from '../lib/log.ts';
import { seededRandom } from '../lib/random.ts';
import { configReferences, NodeSources } from './sources.ts';

const pod = (name: string, configMap: string, secret?: string): Pod => ({
  metadata: { name, namespace: 'default', uid: `uid-${name}` },
  spec: {
    containers: [{ name: 'c', envFrom: [{ configMapRef: { name: configMap } }] }],
    ...(secret === undefined ? {} : { volumes: [{ name: 'v', secret: { secretName: secret } }] }),
  },
});

test('what a pod names, once each', () => {
  const container = {
    envFrom: [{ configMapRef: { name: 'from' } }, { secretRef: { name: 'from' } }],
    env: [
      { name: 'A', valueFrom: { configMapKeyRef: { name: 'key', key: 'k' } } },
      { name: 'B', valueFrom: { secretKeyRef: { name: 'key', key: 'k' } } },
      { name: 'C', value: 'plain' },
    ],
  };
  const everything: Pod = {
    metadata: {},
    spec: {
      initContainers: [{ name: 'i', ...container }],
      containers: [{ name: 'c', ...container }],
      imagePullSecrets: [{ name: 'pull' }],
      volumes: [
        { name: 'a', configMap: { name: 'mounted' } },
        { name: 'b', secret: { secretName: 'mounted' } },
        {
          name: 'c',
          projected: { sources: [{ configMap: { name: 'part' } }, { secret: { name: 'part' } }] },
        },
        { name: 'd', emptyDir: {} },
      ],
    },
  };
  assert.deepEqual(
    configReferences(everything)
      .map(({ kind, name }) => `${kind} ${name}`)
      .sort(),
    [
      ...['from', 'key', 'mounted', 'part'].map((name) => `ConfigMap ${name}`),
      ...['from', 'key', 'mounted', 'part', 'pull'].map((name) => `Secret ${name}`),
    ],
  );
});

test('only what pods of this node name is followed, for as long as one of them is there', async (t) => {
  const world = await startTestWorld();
  t.after(() => world.close());
  const { client, informers, clock } = world;
  const stopping = new AbortController();
  t.after(() => stopping.abort());
  const sources = new NodeSources({
    ...{ client, informers, clock, random: seededRandom(1), log: silentLogger },
    signal: stopping.signal,
  });
  const metadata = { name: 'x', namespace: 'default' };
  await client.of('ConfigMap').create({ metadata, data: { k: 'v' } });
  await client.of('Secret').create({ metadata, data: { k: 'dg==' } });
  await client.of('Service').create({ metadata, spec: { ports: [{ port: 80 }] } });
  await world.settle();
  assert.equal(sources.configMap('default', 'x'), undefined);
  assert.ok(sources.services().some(({ metadata }) => metadata.name === 'x'));

  await Promise.all([sources.follow(pod('one', 'x', 'x')), sources.follow(pod('two', 'x')), world.settle()]);
  assert.deepEqual(sources.configMap('default', 'x')?.data, { k: 'v' });
  assert.deepEqual(sources.secret('default', 'x')?.data, { k: 'dg==' });
  await client.of('ConfigMap').patch(metadata, { type: 'merge', patch: { data: { k: 'w' } } });
  await world.settle();
  assert.deepEqual(sources.configMap('default', 'x')?.data, { k: 'w' });

  sources.forget('uid-one');
  assert.equal(sources.secret('default', 'x'), undefined);
  assert.deepEqual(sources.configMap('default', 'x')?.data, { k: 'w' });
  sources.forget('uid-two');
  assert.equal(sources.configMap('default', 'x'), undefined);
});
