import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ResourceQuota } from '../../kinds/generated/types.ts';
import { createMemoryStore } from '../../store/memory.ts';
import { configMaps, make, merge, pod, pods, verdict } from '../rest/testing.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

const quotas = '/api/v1/namespaces/default/resourcequotas';
const services = '/api/v1/namespaces/default/services';
const claims = '/api/v1/namespaces/default/persistentvolumeclaims';

type Spec = NonNullable<ResourceQuota['spec']>;

/** A quota as its controller has left it: nothing used. */
async function makeQuota(server: TestServer, name: string, spec: Spec): Promise<void> {
  await make(server, quotas, { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name }, spec });
  const used = Object.fromEntries(Object.keys(spec.hard ?? {}).map((each) => [each, '0']));
  await merge(server, `${quotas}/${name}/status`, { status: { hard: spec.hard, used } });
}

const usedOf = async (server: TestServer, name: string) =>
  (await server.call('GET', `${quotas}/${name}`)).body.status.used;

async function withServer(run: (server: TestServer) => Promise<void>): Promise<void> {
  const server = await startTestServer();
  try {
    await run(server);
  } finally {
    await server.close();
  }
}

const withResources = (requests: object, limits: object = {}) => ({
  containers: [{ name: 'c', image: 'nginx', resources: { requests, limits } }],
});

describe('what is refused, in upstream words', () => {
  const refusals: {
    name: string;
    spec: Spec;
    present?: object[];
    url?: string;
    object: object;
    message: string;
  }[] = [
    {
      name: 'one pod too many',
      spec: { hard: { pods: '2' } },
      present: [pod('a'), pod('b')],
      object: pod('x'),
      message: 'pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
    },
    {
      name: 'only what is exceeded is told',
      spec: { hard: { pods: '5', 'requests.cpu': '1', 'requests.memory': '1Gi' } },
      present: [pod('a', withResources({ cpu: '600m', memory: '64Mi' }))],
      object: pod('x', withResources({ cpu: '500m', memory: '2Gi' })),
      message:
        'pods "x" is forbidden: exceeded quota: q, requested: requests.cpu=500m,requests.memory=2Gi, used: requests.cpu=600m,requests.memory=64Mi, limited: requests.cpu=1,requests.memory=1Gi',
    },
    {
      name: 'a container that does not say what it needs',
      spec: { hard: { 'limits.cpu': '1', 'requests.memory': '1Gi' } },
      object: pod('x', {
        containers: [
          { name: 'c1', image: 'nginx' },
          { name: 'c2', image: 'nginx', resources: { limits: { cpu: '1' } } },
        ],
      }),
      message:
        'pods "x" is forbidden: failed quota: q: must specify limits.cpu for: c1; requests.memory for: c1,c2',
    },
    {
      name: 'node ports',
      spec: { hard: { 'services.nodeports': '1' } },
      url: services,
      object: {
        metadata: { name: 'x' },
        spec: {
          type: 'NodePort',
          ports: [
            { name: 'a', port: 80 },
            { name: 'b', port: 81 },
          ],
        },
      },
      message:
        'services "x" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1',
    },
    {
      name: 'storage of a class',
      spec: { hard: { 'gold.storageclass.storage.k8s.io/requests.storage': '1Gi' } },
      url: claims,
      object: {
        metadata: { name: 'x' },
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: 'gold',
          resources: { requests: { storage: '2Gi' } },
        },
      },
      message:
        'persistentvolumeclaims "x" is forbidden: exceeded quota: q, requested: gold.storageclass.storage.k8s.io/requests.storage=2Gi, used: gold.storageclass.storage.k8s.io/requests.storage=0, limited: gold.storageclass.storage.k8s.io/requests.storage=1Gi',
    },
    {
      name: 'a count of any kind',
      spec: { hard: { 'count/deployments.apps': '0' } },
      url: '/apis/apps/v1/namespaces/default/deployments',
      object: {
        metadata: { name: 'x' },
        spec: {
          selector: { matchLabels: { app: 'x' } },
          template: { metadata: { labels: { app: 'x' } }, spec: withResources({}) },
        },
      },
      message:
        'deployments.apps "x" is forbidden: exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=0, limited: count/deployments.apps=0',
    },
    {
      name: 'a legacy name',
      spec: { hard: { configmaps: '0', secrets: '5' } },
      url: configMaps,
      object: { metadata: { name: 'x' } },
      message:
        'configmaps "x" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=0, limited: configmaps=0',
    },
    {
      name: 'quotas count quotas',
      spec: { hard: { resourcequotas: '0' } },
      url: quotas,
      object: { metadata: { name: 'x' } },
      message:
        'resourcequotas "x" is forbidden: exceeded quota: q, requested: resourcequotas=1, used: resourcequotas=0, limited: resourcequotas=0',
    },
  ];
  for (const { name, spec, present = [], url = pods, object, message } of refusals)
    test(name, () =>
      withServer(async (server) => {
        await makeQuota(server, 'q', spec);
        for (const each of present) await make(server, url, each);
        const before = await usedOf(server, 'q');
        const dryRun = await server.call('POST', `${url}?dryRun=All`, { body: object });
        assert.deepEqual(verdict(dryRun), [403, 'Forbidden', message]);
        assert.deepEqual(verdict(await server.call('POST', url, { body: object })), verdict(dryRun));
        assert.deepEqual(await usedOf(server, 'q'), before);
      }),
    );
});

test('a quota whose status is not known lets nothing through, one that has none yet everything', () =>
  withServer(async (server) => {
    await make(server, quotas, { metadata: { name: 'q' }, spec: { hard: { pods: '1' } } });
    await make(server, pods, pod('a'));
    await merge(server, `${quotas}/q/status`, { status: { hard: { pods: '5' } } });
    assert.deepEqual(verdict(await server.call('POST', pods, { body: pod('b') })), [
      403,
      'Forbidden',
      'pods "b" is forbidden: status unknown for quota: q, resources: pods',
    ]);
  }));

test('everything is charged by its names in every quota that counts it', () =>
  withServer(async (server) => {
    await makeQuota(server, 'all', {
      hard: {
        'count/pods': '9',
        pods: '9',
        cpu: '9',
        'requests.cpu': '9',
        'limits.memory': '9Gi',
        'hugepages-2Mi': '9Mi',
        'requests.example.com/gpu': '9',
        'requests.ephemeral-storage': '9Gi',
      },
    });
    await makeQuota(server, 'some', { hard: { pods: '9', services: '9' } });
    await make(
      server,
      pods,
      pod(
        'a',
        withResources(
          { cpu: '250m', 'ephemeral-storage': '1Gi' },
          { cpu: '1', memory: '512Mi', 'hugepages-2Mi': '4Mi', 'example.com/gpu': '2' },
        ),
      ),
    );
    await make(server, pods, pod('b', withResources({ cpu: '1', memory: '1Gi' }, { memory: '2Gi' })));
    assert.deepEqual(await usedOf(server, 'all'), {
      'count/pods': '2',
      pods: '2',
      cpu: '1250m',
      'requests.cpu': '1250m',
      'limits.memory': '2560Mi',
      'hugepages-2Mi': '4Mi',
      'requests.example.com/gpu': '2',
      'requests.ephemeral-storage': '1Gi',
    });
    assert.deepEqual(await usedOf(server, 'some'), { pods: '2', services: '0' });
  }));

test('scopes choose the pods', () =>
  withServer(async (server) => {
    await merge(server, '/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical', {});
    const hard = { pods: '9' };
    await makeQuota(server, 'best-effort', { hard, scopes: ['BestEffort'] });
    await makeQuota(server, 'not-best-effort', { hard, scopes: ['NotBestEffort'] });
    await makeQuota(server, 'terminating', { hard, scopes: ['Terminating'] });
    await makeQuota(server, 'not-terminating', { hard, scopes: ['NotTerminating'] });
    await makeQuota(server, 'critical', {
      hard,
      scopeSelector: {
        matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-node-critical'] }],
      },
    });
    await makeQuota(server, 'across', { hard, scopes: ['CrossNamespacePodAffinity'] });
    const term = { topologyKey: 'zone', namespaces: ['other'], labelSelector: {} };
    await make(server, pods, pod('plain'));
    await make(server, pods, pod('sized', withResources({ cpu: '1' })));
    await make(server, pods, pod('brief', { activeDeadlineSeconds: 5 }));
    await make(server, pods, pod('critical', { priorityClassName: 'system-node-critical' }));
    await make(
      server,
      pods,
      pod('across', {
        affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
      }),
    );
    const names = ['best-effort', 'not-best-effort', 'terminating', 'not-terminating', 'critical', 'across'];
    const used = await Promise.all(names.map(async (name) => (await usedOf(server, name)).pods));
    assert.deepEqual(used, ['4', '1', '1', '4', '1', '1']);
  }));

test('an update is charged for what it adds, and refused when that is too much', () =>
  withServer(async (server) => {
    await makeQuota(server, 'q', {
      hard: { 'services.nodeports': '2', 'services.loadbalancers': '0', services: '1' },
    });
    const port = (name: string, number: number) => ({ name, port: number });
    await make(server, services, { metadata: { name: 'web' }, spec: { ports: [port('a', 80)] } });
    await merge(server, `${services}/web`, { spec: { type: 'NodePort' } });
    assert.deepEqual(await usedOf(server, 'q'), {
      'services.nodeports': '1',
      'services.loadbalancers': '0',
      services: '1',
    });
    const ports = [port('a', 80), port('b', 81), port('c', 82)];
    const refused = await server.call('PATCH', `${services}/web`, {
      body: { spec: { ports } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    assert.deepEqual(verdict(refused), [
      403,
      'Forbidden',
      'services "web" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=1, limited: services.nodeports=2',
    ]);
    await merge(server, `${services}/web`, { spec: { ports: ports.slice(0, 2) } });
    assert.equal((await usedOf(server, 'q'))['services.nodeports'], '2');
    // What an update gives back is for the controller to count.
    await merge(server, `${services}/web`, { spec: { type: 'ClusterIP' } });
    assert.equal((await usedOf(server, 'q'))['services.nodeports'], '2');
  }));

test('what is not written is not charged', () =>
  withServer(async (server) => {
    await makeQuota(server, 'q', { hard: { pods: '5', configmaps: '5' } });
    await make(server, pods, pod('a'));
    const again = await server.call('POST', pods, { body: pod('a') });
    assert.equal(again.status, 409);
    const invalid = await server.call('POST', pods, { body: pod('b', { containers: [] }) });
    assert.equal(invalid.status, 422);
    await server.call('POST', `${configMaps}?dryRun=All`, { body: { metadata: { name: 'x' } } });
    assert.deepEqual(await usedOf(server, 'q'), { pods: '1', configmaps: '0' });
  }));

test('quotas of another namespace do not count', () =>
  withServer(async (server) => {
    await makeQuota(server, 'q', { hard: { pods: '0' } });
    await make(server, '/api/v1/namespaces', { metadata: { name: 'other' } });
    await make(server, '/api/v1/namespaces/other/pods', pod('a'));
  }));

test('many writers at two servers: exactly what the quota holds gets in, and the rest is told so', async () => {
  const store = createMemoryStore();
  const servers = [await startTestServer({ store, seed: 1 }), await startTestServer({ store, seed: 2 })];
  try {
    await makeQuota(servers[0] as TestServer, 'q', { hard: { pods: '37', 'requests.cpu': '100' } });
    const answers = await Promise.all(
      Array.from({ length: 120 }, (_, index) =>
        (servers[index % 2] as TestServer).call('POST', pods, {
          body: pod(`p-${index}`, withResources({ cpu: '1' })),
        }),
      ),
    );
    const codes = answers.map(({ status }) => status);
    assert.equal(codes.filter((code) => code === 201).length, 37);
    assert.equal(codes.filter((code) => code === 403).length, 83);
    assert.deepEqual(await usedOf(servers[1] as TestServer, 'q'), { pods: '37', 'requests.cpu': '37' });
  } finally {
    for (const { server } of servers) await server.close();
    await store.close();
  }
});

test('over any mix of writers and sizes no quota is exceeded, and used is the sum of what there is', async () => {
  const step = fc.record({ cpu: fc.integer({ min: 1, max: 9 }), server: fc.nat(1), limited: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const store = createMemoryStore();
      const servers = [await startTestServer({ store, seed: 1 }), await startTestServer({ store, seed: 2 })];
      const [first] = servers as [TestServer];
      try {
        await makeQuota(first, 'cpu', { hard: { 'requests.cpu': '30' } });
        await makeQuota(first, 'pods', { hard: { pods: '12' } });
        const answers = await Promise.all(
          steps.map(({ cpu, server, limited }, index) =>
            (servers[server] as TestServer).call('POST', pods, {
              body: pod(`p-${index}`, withResources({ cpu: String(cpu) }, limited ? { cpu: '9' } : {})),
            }),
          ),
        );
        const taken = steps.filter((_, index) => answers[index]?.status === 201);
        const sum = taken.reduce((total, { cpu }) => total + cpu, 0);
        assert.ok(answers.every(({ status }) => status === 201 || status === 403));
        assert.ok(sum <= 30 && taken.length <= 12, `${sum} CPUs, ${taken.length} pods`);
        assert.equal((await usedOf(first, 'cpu'))['requests.cpu'], String(sum));
        assert.equal((await usedOf(first, 'pods')).pods, String(taken.length));
      } finally {
        for (const { server } of servers) await server.close();
        await store.close();
      }
    }),
    { numRuns: 25, interruptAfterTimeLimit: 8_000 },
  );
});

test('a quota can be changed and deleted while many are charged to it', () =>
  withServer(async (server) => {
    await makeQuota(server, 'q', { hard: { pods: '200' } });
    const create = (name: string) => server.call('POST', pods, { body: pod(name) });
    const first = Array.from({ length: 60 }, (_, index) => create(`first-${index}`));
    const patched = server.call('PATCH', `${quotas}/q`, {
      body: { spec: { hard: { pods: '300' } } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    const second = Array.from({ length: 60 }, (_, index) => create(`second-${index}`));
    assert.equal((await patched).status, 200);
    const deleted = server.call('DELETE', `${quotas}/q`);
    const statuses = (await Promise.all([...first, ...second])).map(({ status }) => status);
    assert.deepEqual(new Set(statuses), new Set([201]));
    assert.equal((await deleted).status, 200);
  }));
