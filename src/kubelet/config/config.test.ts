import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Service } from '../../kinds/generated/types.ts';
import { testContainer, testPod } from '../test-kit.ts';
import { type ConfigSources, containerEnv } from './env.ts';
import { expand } from './expand.ts';
import { fieldValue, type PodPlace, resourceValue } from './field-ref.ts';
import { containerResources, cpuQuota, cpuShares, oomScore, podCgroup } from './resources.ts';
import { serviceEnv } from './service-env.ts';

const place: PodPlace = {
  hostIPs: ['172.30.0.2', 'fd00::2'],
  podIPs: ['10.244.0.5', 'fd00:1::5'],
  allocatable: { cpu: '4', memory: '8Gi' },
};

describe('expansion', () => {
  const values: Record<string, string> = { A: 'a', EMPTY: '', 'with space': 'w', NESTED: '$(A)' };
  const cases: Record<string, string> = {
    plain: 'plain',
    '$(A)': 'a',
    '$(A)$(A)-$(EMPTY).': 'aa-.',
    '$(NONE)': '$(NONE)',
    '$$(A)': '$(A)',
    '$$$(A)': '$a',
    '$$$$(A)': '$$(A)',
    $: '$',
    $$: '$',
    a$: 'a$',
    $A: '$A',
    '$(A': '$(A',
    '$(': '$(',
    '$()': '$()',
    '$(with space)': 'w',
    '$(NESTED)': '$(A)',
    '$($(A))': '$($(A))',
    'cost: $5 $(A)': 'cost: $5 a',
  };
  for (const [text, wanted] of Object.entries(cases))
    test(text, () =>
      assert.equal(
        expand(text, (name) => (Object.hasOwn(values, name) ? values[name] : undefined)),
        wanted,
      ),
    );

  test('text without dollars stays as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const plain = text.replaceAll('$', '');
        assert.equal(
          expand(plain, () => 'x'),
          plain,
        );
      }),
    );
  });
});

const service = (name: string, spec: Service['spec'], namespace = 'default'): Service => ({
  metadata: { name, namespace },
  spec,
});

const kubernetes = service('kubernetes', { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443 }] });

describe('Services in the environment', () => {
  const services = [
    kubernetes,
    service('redis-primary', {
      clusterIP: '10.96.0.11',
      ports: [{ port: 6379 }, { name: 'mon-itor', port: 53, protocol: 'UDP' }],
    }),
    service('headless', { clusterIP: 'None', ports: [{ port: 1 }] }),
    service('external', { type: 'ExternalName', externalName: 'x' }),
    service('other', { clusterIP: '10.96.0.12', ports: [{ port: 1 }] }, 'elsewhere'),
    service('six', { clusterIP: 'fd00::6', ports: [{ port: 80 }] }),
  ];
  const linesFor = (namespace: string, enableServiceLinks: boolean) =>
    serviceEnv(services, { namespace, enableServiceLinks }).map(({ key, value }) => `${key}=${value}`);
  const kubernetesLines = [
    'KUBERNETES_SERVICE_HOST=10.96.0.1',
    'KUBERNETES_SERVICE_PORT=443',
    'KUBERNETES_SERVICE_PORT_HTTPS=443',
    'KUBERNETES_PORT=tcp://10.96.0.1:443',
    'KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443',
    'KUBERNETES_PORT_443_TCP_PROTO=tcp',
    'KUBERNETES_PORT_443_TCP_PORT=443',
    'KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1',
  ];

  test('of the namespace, with every port', () => {
    assert.deepEqual(linesFor('default', true), [
      ...kubernetesLines,
      'REDIS_PRIMARY_SERVICE_HOST=10.96.0.11',
      'REDIS_PRIMARY_SERVICE_PORT=6379',
      'REDIS_PRIMARY_SERVICE_PORT_MON_ITOR=53',
      'REDIS_PRIMARY_PORT=tcp://10.96.0.11:6379',
      'REDIS_PRIMARY_PORT_6379_TCP=tcp://10.96.0.11:6379',
      'REDIS_PRIMARY_PORT_6379_TCP_PROTO=tcp',
      'REDIS_PRIMARY_PORT_6379_TCP_PORT=6379',
      'REDIS_PRIMARY_PORT_6379_TCP_ADDR=10.96.0.11',
      'REDIS_PRIMARY_PORT_53_UDP=udp://10.96.0.11:53',
      'REDIS_PRIMARY_PORT_53_UDP_PROTO=udp',
      'REDIS_PRIMARY_PORT_53_UDP_PORT=53',
      'REDIS_PRIMARY_PORT_53_UDP_ADDR=10.96.0.11',
      'SIX_SERVICE_HOST=fd00::6',
      'SIX_SERVICE_PORT=80',
      'SIX_PORT=tcp://[fd00::6]:80',
      'SIX_PORT_80_TCP=tcp://[fd00::6]:80',
      'SIX_PORT_80_TCP_PROTO=tcp',
      'SIX_PORT_80_TCP_PORT=80',
      'SIX_PORT_80_TCP_ADDR=fd00::6',
    ]);
  });

  test('only the API server where links are not wanted, or from elsewhere', () => {
    assert.deepEqual(linesFor('default', false), kubernetesLines);
    assert.deepEqual(linesFor('empty', true), kubernetesLines);
    assert.deepEqual(linesFor('elsewhere', true).slice(0, 8), kubernetesLines);
    assert.equal(linesFor('elsewhere', true)[8], 'OTHER_SERVICE_HOST=10.96.0.12');
  });
});

describe('the environment of a container', () => {
  const sources: ConfigSources = {
    configMap: (namespace, name) =>
      namespace === 'default' && name === 'cm' ? { metadata: { name }, data: { K: 'v', L: 'l' } } : undefined,
    secret: (namespace, name) =>
      namespace === 'default' && name === 's' ? { metadata: { name }, data: { P: 'cMOkc3M=' } } : undefined,
    services: () => [kubernetes],
  };
  const envOf = (more: Parameters<typeof testContainer>[1]) => {
    const container = testContainer('web', more);
    const pod = testPod(
      { containers: [container], enableServiceLinks: true },
      { metadata: { labels: { app: 'web' } } },
    );
    return containerEnv({ pod, container, place, sources })
      .filter(({ key }) => !/^KUBERNETES_(PORT|SERVICE_PORT)/.test(key))
      .map(({ key, value }) => `${key}=${value}`);
  };
  const host = 'KUBERNETES_SERVICE_HOST=10.96.0.1';

  test('is declared in order, from what was declared before, and Services come last', () => {
    const env = [
      { name: 'B', value: '$(A)' },
      { name: 'A', value: 'a' },
      { name: 'C', value: '$(A)-$(KUBERNETES_SERVICE_HOST)-$$(A)' },
      { name: 'E' },
      { name: 'A', value: 'again' },
    ];
    assert.deepEqual(envOf({ env }), ['B=$(A)', 'A=again', 'C=a-10.96.0.1-$(A)', 'E=', host]);
  });

  test('comes from the pod, its resources, ConfigMaps and Secrets', () => {
    const env = [
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
      { name: 'K', valueFrom: { configMapKeyRef: { name: 'cm', key: 'K' } } },
      { name: 'P', valueFrom: { secretKeyRef: { name: 's', key: 'P' } } },
      { name: 'O', valueFrom: { secretKeyRef: { name: 'none', key: 'P', optional: true } } },
      { name: 'Q', valueFrom: { configMapKeyRef: { name: 'cm', key: 'none', optional: true } } },
    ];
    assert.deepEqual(envOf({ env }), ['IP=10.244.0.5', 'APP=web', 'CPU=4', 'K=v', 'P=päss', host]);
  });

  test('takes whole ConfigMaps and Secrets, which single variables override', () => {
    const envFrom = [
      { configMapRef: { name: 'cm' } },
      { prefix: 'S_', secretRef: { name: 's' } },
      { configMapRef: { name: 'none', optional: true } },
    ];
    const env = [{ name: 'L', value: 'mine, not $(K)' }];
    assert.deepEqual(envOf({ envFrom, env }), ['K=v', 'L=mine, not v', 'S_P=päss', host]);
  });

  const refused: Record<string, Parameters<typeof testContainer>[1]> = {
    'configmap "none" not found': { envFrom: [{ configMapRef: { name: 'none' } }] },
    'secret "none" not found': {
      env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'none', key: 'k' } } }],
    },
    "couldn't find key k in ConfigMap default/cm": {
      env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'cm', key: 'k' } } }],
    },
    "couldn't find key k in Secret default/s": {
      env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
    },
  };
  for (const [message, container] of Object.entries(refused))
    test(message, () => assert.throws(() => envOf(container), { code: 'CONTAINER_CONFIG', message }));
});

test('fields of the pod', () => {
  const pod = testPod(
    { serviceAccountName: 'sa' },
    { metadata: { labels: { b: 'two "words"\n', a: '1' }, annotations: { constructor: 'x' } } },
  );
  const fields = {
    'metadata.name': 'p',
    'metadata.namespace': 'default',
    'metadata.uid': 'uid-1',
    'metadata.labels': 'a="1"\nb="two \\"words\\"\\n"',
    'metadata.annotations': 'constructor="x"',
    "metadata.annotations['constructor']": 'x',
    "metadata.labels['toString']": '',
    'spec.nodeName': 'node-1',
    'spec.serviceAccountName': 'sa',
    'status.hostIP': '172.30.0.2',
    'status.hostIPs': '172.30.0.2,fd00::2',
    'status.podIP': '10.244.0.5',
    'status.podIPs': '10.244.0.5,fd00:1::5',
  };
  assert.deepEqual(
    Object.fromEntries(Object.keys(fields).map((path) => [path, fieldValue(pod, path, place)])),
    fields,
  );
  assert.throws(() => fieldValue(pod, 'spec.restartPolicy', place), /unsupported fieldPath/);
});

test('resources, in units of the divisor, rounded up', () => {
  const container = testContainer('web', {
    resources: { requests: { cpu: '250m', memory: '64Mi' }, limits: { memory: '100M' } },
  });
  const pod = testPod({ containers: [container] });
  const of = (resource: string, divisor?: string, containerName?: string) =>
    resourceValue(pod, { selector: { resource, divisor, containerName }, container, place });
  assert.deepEqual(
    [
      of('requests.cpu'),
      of('requests.cpu', '1m'),
      of('requests.memory', '1Mi'),
      of('limits.memory'),
      of('limits.memory', '1Ki', 'web'),
      of('limits.cpu', '1m'),
      of('requests.ephemeral-storage'),
    ],
    ['1', '250', '64', '100000000', '97657', '4000', '0'],
  );
  assert.throws(() => of('limits.cpu', '1', 'none'), /container none not found/);
});

describe('what the kernel is told', () => {
  const gibi = 2 ** 30;
  const pods = {
    guaranteed: testPod({
      containers: [
        testContainer('web', {
          resources: { requests: { cpu: '500m', memory: '1Gi' }, limits: { cpu: '500m', memory: '1Gi' } },
        }),
      ],
    }),
    burstable: testPod({
      containers: [
        testContainer('web', { resources: { requests: { memory: '2Gi' }, limits: { cpu: '1500m' } } }),
      ],
    }),
    bestEffort: testPod({}),
  };

  test('shares, quota, memory and who is killed first', () => {
    const of = (pod: ReturnType<typeof testPod>) => {
      const [container] = pod.spec?.containers ?? [];
      return containerResources(pod, container ?? testContainer('web'), 8 * gibi);
    };
    assert.deepEqual(of(pods.guaranteed), {
      cpuShares: 512,
      cpuQuota: 50_000,
      cpuPeriod: 100_000,
      memoryLimitInBytes: gibi,
      oomScoreAdj: -997,
      hugepageLimits: [],
    });
    assert.deepEqual(of(pods.burstable), {
      cpuShares: 1536,
      cpuQuota: 150_000,
      cpuPeriod: 100_000,
      memoryLimitInBytes: 0,
      oomScoreAdj: 750,
      hugepageLimits: [],
    });
    assert.deepEqual(of(pods.bestEffort), {
      cpuShares: 2,
      memoryLimitInBytes: 0,
      oomScoreAdj: 1000,
      hugepageLimits: [],
    });
  });

  test('bounds', () => {
    assert.deepEqual([cpuShares(0), cpuShares(1), cpuShares(1000), cpuShares(1e9)], [2, 2, 1024, 262_144]);
    assert.deepEqual([cpuQuota(0), cpuQuota(1), cpuQuota(1000)], [0, 1000, 100_000]);
    const burst = (memory: string) => {
      const container = testContainer('web', { resources: { requests: { memory } } });
      return oomScore(testPod({ containers: [container] }), container, 8 * gibi);
    };
    assert.deepEqual([burst('1'), burst('8Gi'), burst('4Gi')], [999, 3, 500]);
    const critical = testPod({ priorityClassName: 'system-node-critical' });
    assert.equal(oomScore(critical, testContainer('web'), gibi), -997);
  });

  test('huge pages', () => {
    const container = testContainer('web', { resources: { limits: { 'hugepages-2Mi': '4Mi' } } });
    assert.deepEqual(
      containerResources(testPod({ containers: [container] }), container, gibi).hugepageLimits,
      [{ pageSize: '2MB', limit: 4 * 2 ** 20 }],
    );
  });

  test('cgroups by quality of service', () => {
    assert.deepEqual(
      Object.values(pods).map((pod) => podCgroup(pod, '/n1')),
      ['/n1/kubepods/poduid-1', '/n1/kubepods/burstable/poduid-1', '/n1/kubepods/besteffort/poduid-1'],
    );
  });
});
