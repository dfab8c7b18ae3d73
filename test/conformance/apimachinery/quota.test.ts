/**
 * What a ResourceQuota counts while things come and go.
 * Source: test/e2e/apimachinery/resource_quota.go. Charging by itself: src/apiserver/hooks/quota.test.ts; counting:
 * src/controllers/resource-quota.test.ts.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { KindName } from '../../../src/client/kind-names.ts';
import { resourceQuota } from '../../../src/controllers/resource-quota.ts';
import { claimProtection } from '../../../src/controllers/storage-protection.ts';
import { startCluster, type TestCluster, template } from '../../controllers/cluster.ts';

const hard = {
  pods: '5',
  services: '10',
  'services.nodeports': '1',
  'services.loadbalancers': '1',
  replicationcontrollers: '10',
  resourcequotas: '1',
  configmaps: '10',
  secrets: '10',
  persistentvolumeclaims: '10',
  'requests.storage': '10Gi',
  'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '10',
  'gold.storageclass.storage.k8s.io/requests.storage': '10Gi',
  cpu: '1',
  memory: '500Mi',
  'requests.ephemeral-storage': '50Gi',
  'requests.example.com/dongle': '3',
  'count/replicasets.apps': '5',
};

/** The Service of the API server is there. */
const nothing = {
  ...Object.fromEntries(Object.keys(hard).map((name) => [name, '0'])),
  resourcequotas: '1',
  services: '1',
};

const labels = { app: 'web' };
const podOf = (resources: object, spec: object = {}) => ({
  spec: { containers: [{ name: 'c', image: 'x', resources }], ...spec },
});

describe('resource quotas', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await startCluster({ controllers: [resourceQuota(), claimProtection] });
  });
  afterEach(() => cluster.close());

  const used = async (name = 'q') => {
    await cluster.settle();
    return (await cluster.get('ResourceQuota', name)).status?.used;
  };
  const remove = (kind: KindName, name: string) =>
    cluster.client
      .of(kind)
      .delete({ namespace: 'default', name }, { gracePeriodSeconds: 0, propagationPolicy: 'Background' });
  const refused = async (kind: KindName, object: object, message: RegExp) =>
    assert.rejects(cluster.create(kind, object), message);

  const lives: Record<string, [kind: KindName, object: object, uses: Record<string, string>]> = {
    'a Secret': ['Secret', { data: { data: 'dmFsdWU=' } }, { secrets: '1' }],
    'a ConfigMap': ['ConfigMap', { data: { a: 'b' } }, { configmaps: '1' }],
    'a Service': ['Service', { spec: { ports: [{ port: 80 }] } }, { services: '2' }],
    'a Service with a node port': [
      'Service',
      { spec: { type: 'NodePort', ports: [{ port: 80 }] } },
      { services: '2', 'services.nodeports': '1' },
    ],
    'a ReplicationController': [
      'ReplicationController',
      { spec: { replicas: 0, selector: labels, template: template(labels) } },
      { replicationcontrollers: '1' },
    ],
    'a ReplicaSet': [
      'ReplicaSet',
      { spec: { replicas: 0, selector: { matchLabels: labels }, template: template(labels) } },
      { 'count/replicasets.apps': '1' },
    ],
    'a claim': [
      'PersistentVolumeClaim',
      { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
      { persistentvolumeclaims: '1', 'requests.storage': '1Gi' },
    ],
    'a claim of a class': [
      'PersistentVolumeClaim',
      {
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: 'gold',
          resources: { requests: { storage: '1Gi' } },
        },
      },
      {
        persistentvolumeclaims: '1',
        'requests.storage': '1Gi',
        'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
        'gold.storageclass.storage.k8s.io/requests.storage': '1Gi',
      },
    ],
    'a pod with an extended resource': [
      'Pod',
      podOf({
        requests: { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', 'example.com/dongle': '2' },
        limits: { 'example.com/dongle': '2' },
      }),
      {
        pods: '1',
        cpu: '500m',
        memory: '252Mi',
        'requests.ephemeral-storage': '30Gi',
        'requests.example.com/dongle': '2',
      },
    ],
  };
  test('each thing is counted by its names while it lives', async () => {
    await cluster.create('ResourceQuota', { metadata: { name: 'q' }, spec: { hard } });
    assert.deepEqual(await used(), nothing);
    for (const [what, [kind, object, uses]] of Object.entries(lives)) {
      await cluster.create(kind, { metadata: { name: 'alive' }, ...object });
      assert.deepEqual(await used(), { ...nothing, ...uses }, what);
      await remove(kind, 'alive');
      assert.deepEqual(await used(), nothing, `${what} is gone`);
    }
  });

  test('a pod beyond the rest is refused, and what it would need cannot be changed either', async () => {
    await cluster.create('ResourceQuota', { metadata: { name: 'q' }, spec: { hard } });
    await used();
    const requests = (cpu: string, memory: string, dongles: string) =>
      podOf({
        requests: { cpu, memory, 'ephemeral-storage': '10Gi', 'example.com/dongle': dongles },
        limits: { 'example.com/dongle': dongles },
      });
    await cluster.create('Pod', { metadata: { name: 'first' }, ...requests('500m', '252Mi', '2') });
    await refused(
      'Pod',
      { metadata: { name: 'second' }, ...requests('600m', '100Mi', '1') },
      /pods "second" is forbidden: exceeded quota: q, requested: cpu=600m, used: cpu=500m, limited: cpu=1$/,
    );
    await refused(
      'Pod',
      { metadata: { name: 'third' }, ...requests('500m', '100Mi', '2') },
      /exceeded quota: q, requested: requests.example.com\/dongle=2, used: requests.example.com\/dongle=2, limited: requests.example.com\/dongle=3$/,
    );
    await refused(
      'Pod',
      { metadata: { name: 'vague' }, ...podOf({}) },
      /pods "vague" is forbidden: failed quota: q: must specify cpu for: c; memory for: c$/,
    );
    await refused(
      'Service',
      {
        metadata: { name: 'a' },
        spec: {
          type: 'LoadBalancer',
          ports: [
            { name: 'a', port: 80 },
            { name: 'b', port: 81 },
          ],
        },
      },
      /services "a" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1$/,
    );
    assert.equal((await used())?.pods, '1');
  });

  /** Two quotas that share the pods out: which of them counts the pod. */
  const scopes: Record<string, [first: object, second: object, pods: [object, 'first' | 'second'][]]> = {
    'Terminating and NotTerminating': [
      { scopes: ['Terminating'] },
      { scopes: ['NotTerminating'] },
      [
        [podOf({}), 'second'],
        [podOf({}, { activeDeadlineSeconds: 3600 }), 'first'],
      ],
    ],
    'BestEffort and NotBestEffort': [
      { scopes: ['BestEffort'] },
      { scopes: ['NotBestEffort'] },
      [
        [podOf({}), 'first'],
        [podOf({ requests: { cpu: '500m' } }), 'second'],
      ],
    ],
    'by selector': [
      { scopeSelector: { matchExpressions: [{ scopeName: 'Terminating', operator: 'Exists' }] } },
      { scopeSelector: { matchExpressions: [{ scopeName: 'NotTerminating', operator: 'Exists' }] } },
      [
        [podOf({}), 'second'],
        [podOf({}, { activeDeadlineSeconds: 3600 }), 'first'],
      ],
    ],
    'by priority class': [
      {
        scopeSelector: {
          matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }],
        },
      },
      {
        scopeSelector: {
          matchExpressions: [{ scopeName: 'PriorityClass', operator: 'NotIn', values: ['high'] }],
        },
      },
      [
        [podOf({}, { priorityClassName: 'high' }), 'first'],
        [podOf({}, { priorityClassName: 'low' }), 'second'],
      ],
    ],
    'by affinity across namespaces': [
      {
        scopeSelector: { matchExpressions: [{ scopeName: 'CrossNamespacePodAffinity', operator: 'Exists' }] },
      },
      { scopes: ['NotTerminating'] },
      [
        [
          podOf(
            {},
            {
              activeDeadlineSeconds: 3600,
              affinity: {
                podAntiAffinity: {
                  requiredDuringSchedulingIgnoredDuringExecution: [
                    { labelSelector: {}, topologyKey: 'region', namespaces: ['other'] },
                  ],
                },
              },
            },
          ),
          'first',
        ],
      ],
    ],
  };
  for (const [name, [first, second, pods]] of Object.entries(scopes))
    test(`scopes: ${name}`, async () => {
      for (const [at, value] of Object.entries({ high: 1000, low: 10 }))
        await cluster.client.of('PriorityClass').create({ metadata: { name: at }, value } as never);
      for (const [at, scope] of Object.entries({ first, second }))
        await cluster.create('ResourceQuota', {
          metadata: { name: at },
          spec: { hard: { pods: '1' }, ...scope },
        });
      for (const [pod, counting] of pods) {
        await cluster.create('Pod', { metadata: { name: 'p' }, ...pod });
        const counts = { first: '0', second: '0', [counting]: '1' };
        assert.deepEqual(
          { first: (await used('first'))?.pods, second: (await used('second'))?.pods },
          counts,
        );
        await refused('Pod', { metadata: { name: 'more' }, ...pod }, /exceeded quota/);
        await remove('Pod', 'p');
        assert.deepEqual([(await used('first'))?.pods, (await used('second'))?.pods], ['0', '0']);
      }
    });

  test('a quota is changed and deleted', async () => {
    const spec = (cpu: string, memory: string) => ({ spec: { hard: { cpu, memory } } });
    await cluster.create('ResourceQuota', { metadata: { name: 'q' }, ...spec('1', '500Mi') });
    await used();
    await cluster.patch('ResourceQuota', 'q', spec('2', '1Gi'));
    await used();
    const { status } = await cluster.get('ResourceQuota', 'q');
    assert.deepEqual(status, { hard: { cpu: '2', memory: '1Gi' }, used: { cpu: '0', memory: '0' } });
    await remove('ResourceQuota', 'q');
    await assert.rejects(cluster.get('ResourceQuota', 'q'), /not found/);
  });

  test('a status that somebody else has written is put right', async () => {
    const at = { namespace: 'default', name: 'q' };
    await cluster.create('ResourceQuota', { metadata: { name: 'q' }, spec: { hard: { cpu: '500m' } } });
    await used();
    const status = { hard: { cpu: '750m', memory: '1Gi' } };
    await cluster.client
      .of('ResourceQuota')
      .patch(at, { type: 'merge', patch: { status }, subresource: 'status' });
    await used();
    assert.deepEqual((await cluster.get('ResourceQuota', 'q')).status, {
      hard: { cpu: '500m' },
      used: { cpu: '0' },
    });
  });
});
