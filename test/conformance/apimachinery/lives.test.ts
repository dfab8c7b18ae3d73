/**
 * The lives of small objects: made, found everywhere by label, patched, replaced, watched, and deleted together.
 * Source: test/e2e/instrumentation/{core_events,events}.go, test/e2e/common/node/{configmap,secrets,lease,podtemplates}.go,
 * test/e2e/scheduling/limit_range.go, test/e2e/apimachinery/{resource_quota,namespace,generated_clientset}.go.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { make, merge, mergePatch, strategicPatch, verdict } from '../../../src/apiserver/rest/testing.ts';
import { startTestServer, type TestServer } from '../../../src/apiserver/test-server.ts';

interface Life {
  /** Before `namespaces/...`. */
  readonly at: string;
  readonly plural: string;
  readonly object: object;
  /** A strategic merge patch, and what it must have made of the object. */
  readonly patch: object;
  readonly patched: object;
  /** Merged into the object before it is put back. */
  readonly put?: object;
}

const time = (second: string) => `2017-09-19T13:49:${second}.000000Z`;

const lives: Record<string, Life> = {
  ConfigMap: {
    at: '/api/v1',
    plural: 'configmaps',
    object: { data: { valueName: 'value' } },
    patch: { data: { valueName: 'value1' } },
    patched: { data: { valueName: 'value1' } },
  },
  Secret: {
    at: '/api/v1',
    plural: 'secrets',
    object: { data: { key: 'dmFsdWU=' }, type: 'Opaque' },
    patch: { data: { key: 'dmFsdWUx' } },
    patched: { data: { key: 'dmFsdWUx' }, type: 'Opaque' },
  },
  PodTemplate: {
    at: '/api/v1',
    plural: 'podtemplates',
    object: { template: { spec: { containers: [{ name: 'nginx', image: 'nginx' }] } } },
    patch: { metadata: { labels: { podtemplate: 'patched' } } },
    patched: { metadata: { labels: { life: 'Life', podtemplate: 'patched' } } },
  },
  LimitRange: {
    at: '/api/v1',
    plural: 'limitranges',
    object: { spec: { limits: [{ type: 'Container', min: { cpu: '50m' }, max: { cpu: '500m' } }] } },
    patch: { spec: { limits: [{ type: 'Container', min: { cpu: '40m' } }] } },
    patched: {
      spec: { limits: [{ type: 'Container', min: { cpu: '40m' }, defaultRequest: { cpu: '40m' } }] },
    },
  },
  ResourceQuota: {
    at: '/api/v1',
    plural: 'resourcequotas',
    object: { spec: { hard: { cpu: '1', memory: '500Mi' } } },
    patch: { spec: { hard: { memory: '750Mi' } } },
    patched: { spec: { hard: { cpu: '1', memory: '750Mi' } } },
  },
  Lease: {
    at: '/apis/coordination.k8s.io/v1',
    plural: 'leases',
    object: {
      spec: {
        holderIdentity: 'holder',
        leaseDurationSeconds: 30,
        acquireTime: time('00'),
        renewTime: time('05'),
        leaseTransitions: 0,
      },
    },
    patch: { spec: { holderIdentity: 'holder3', leaseDurationSeconds: 60, leaseTransitions: 2 } },
    patched: {
      spec: {
        holderIdentity: 'holder3',
        leaseDurationSeconds: 60,
        acquireTime: time('00'),
        renewTime: time('05'),
        leaseTransitions: 2,
      },
    },
  },
  'core Event': {
    at: '/api/v1',
    plural: 'events',
    object: {
      message: 'This is a test event',
      reason: 'Test',
      type: 'Normal',
      count: 1,
      involvedObject: { namespace: 'default' },
    },
    patch: { message: 'patched' },
    patched: { message: 'patched', reason: 'Test', count: 1 },
    put: { series: { count: 100, lastObservedTime: time('40') } },
  },
  Event: {
    at: '/apis/events.k8s.io/v1',
    plural: 'events',
    object: {
      regarding: { namespace: 'default' },
      eventTime: time('16'),
      note: 'This is event',
      reason: 'Test',
      type: 'Normal',
      reportingController: 'test-controller',
      reportingInstance: 'test-node',
      action: 'Do',
    },
    patch: { series: { count: 2, lastObservedTime: time('20') } },
    patched: { note: 'This is event', series: { count: 2, lastObservedTime: time('20') } },
    put: { series: { count: 100, lastObservedTime: time('40') } },
  },
};

describe('lives', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const names = (body: { items: { metadata: { name: string } }[] }) =>
    body.items.map(({ metadata }) => metadata.name);

  for (const [name, { at, plural, object, patch, patched, put = {} }] of Object.entries(lives))
    test(name, async () => {
      const url = `${at}/namespaces/default/${plural}`;
      const everywhere = `${at}/${plural}`;
      const selector = 'labelSelector=life%3DLife';
      const stream = await server.watch(`${url}?watch=true&${selector}`);
      for (const each of ['first', 'second', 'third'])
        await make(server, url, { metadata: { name: each, labels: { life: 'Life' } }, ...object });
      assert.deepEqual(names((await server.call('GET', `${everywhere}?${selector}`)).body), [
        'first',
        'second',
        'third',
      ]);

      const changed = await server.call('PATCH', `${url}/first`, { body: patch, headers: strategicPatch });
      assert.equal(changed.status, 200, changed.text);
      assert.partialDeepStrictEqual(changed.body, patched);
      const read = (await server.call('GET', `${url}/first`)).body;
      assert.deepEqual(read, changed.body);
      const annotations = { replaced: 'yes' };
      const replaced = await server.call('PUT', `${url}/first`, {
        body: { ...read, ...put, metadata: { ...read.metadata, annotations } },
      });
      assert.equal(replaced.status, 200, replaced.text);
      assert.partialDeepStrictEqual(replaced.body, { metadata: { annotations }, ...put });

      const gone = await server.call('DELETE', `${url}/first`);
      assert.equal(gone.status, 200, gone.text);
      assert.equal((await server.call('GET', `${url}/first`)).status, 404);
      const dry = await server.call('DELETE', `${url}?${selector}&dryRun=All`);
      assert.equal(dry.body.items.length, 2);
      const deleted = await server.call('DELETE', `${url}?${selector}`);
      assert.deepEqual(names(deleted.body).sort(), ['second', 'third']);
      assert.deepEqual(names((await server.call('GET', `${everywhere}?${selector}`)).body), []);

      await stream.until(8);
      assert.deepEqual(
        stream.events.map(({ type, object: told }) => `${type} ${told.metadata.name}`).sort(),
        [
          'ADDED first',
          'ADDED second',
          'ADDED third',
          'DELETED first',
          'DELETED second',
          'DELETED third',
          'MODIFIED first',
          'MODIFIED first',
        ],
      );
      stream.stop();
    });

  test('an Event is one in both of its groups', async () => {
    const { object } = lives.Event as Life;
    const url = 'namespaces/default/events/shared';
    await make(server, '/apis/events.k8s.io/v1/namespaces/default/events', {
      metadata: { name: 'shared' },
      ...object,
    });
    const core = (await server.call('GET', `/api/v1/${url}`)).body;
    assert.partialDeepStrictEqual(core, {
      message: 'This is event',
      involvedObject: { namespace: 'default' },
      reportingComponent: 'test-controller',
      reportingInstance: 'test-node',
    });
    const field = 'fieldSelector=reportingController%3Dtest-controller';
    const found = await server.call('GET', `/apis/events.k8s.io/v1/events?${field}`);
    assert.deepEqual(names(found.body), ['shared']);
  });

  const key =
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
  for (const [kind, plural] of [
    ['ConfigMap', 'configmaps'],
    ['Secret', 'secrets'],
  ])
    test(`a ${kind} with an empty key is refused, one that is immutable is not changed`, async () => {
      const url = `/api/v1/namespaces/default/${plural}`;
      const empty = await server.call('POST', url, {
        body: { metadata: { name: 'empty' }, data: { '': 'YQ==' } },
      });
      assert.deepEqual(verdict(empty), [
        422,
        'Invalid',
        `${kind} "empty" is invalid: data[]: Invalid value: "": ${key}`,
      ]);
      await make(server, url, { metadata: { name: 'fixed' }, data: { a: 'YQ==' } });
      await merge(server, `${url}/fixed`, { data: { a: 'Yg==' } });
      await merge(server, `${url}/fixed`, { data: { a: 'Yw==' }, immutable: true });
      const immutable = 'Forbidden: field is immutable when `immutable` is set';
      for (const [body, fields] of [
        [{ immutable: false }, ['immutable']],
        [{ immutable: null, data: { a: 'ZA==' } }, ['immutable', 'data']],
        [{ data: { b: 'ZA==' } }, ['data']],
      ] as const) {
        const { status, body: refused } = await server.call('PATCH', `${url}/fixed`, {
          body,
          headers: mergePatch,
        });
        assert.deepEqual(
          [
            status,
            refused.details.causes.map(({ field, message }: Record<string, string>) => [field, message]),
          ],
          [422, fields.map((field) => [field, immutable])],
        );
      }
      await merge(server, `${url}/fixed`, { metadata: { labels: { may: 'change' } } });
      assert.equal((await server.call('DELETE', `${url}/fixed`)).status, 200);
    });

  test('what a LimitRange gives a pod, and what it lets in', async () => {
    await make(server, '/api/v1/namespaces', { metadata: { name: 'limited' } });
    const at = '/api/v1/namespaces/limited';
    const of = (cpu: string, memory: string, storage: string) => ({
      cpu,
      memory,
      'ephemeral-storage': storage,
    });
    await make(server, `${at}/limitranges`, {
      metadata: { name: 'l' },
      spec: {
        limits: [
          {
            type: 'Container',
            min: of('50m', '100Mi', '100Gi'),
            max: of('500m', '500Mi', '500Gi'),
            default: of('500m', '500Mi', '500Gi'),
            defaultRequest: of('100m', '200Mi', '200Gi'),
          },
        ],
      },
    });
    const pod = (name: string, resources: object) => ({
      metadata: { name },
      spec: { containers: [{ name: 'c', image: 'x', resources }] },
    });
    const resourcesOf = async (name: string, resources: object) =>
      (await make(server, `${at}/pods`, pod(name, resources))).spec.containers[0].resources;
    assert.deepEqual(await resourcesOf('none', {}), {
      limits: of('500m', '500Mi', '500Gi'),
      requests: of('100m', '200Mi', '200Gi'),
    });
    assert.deepEqual(
      await resourcesOf('some', {
        requests: { cpu: '300m', memory: '150Mi' },
        limits: { cpu: '300m', 'ephemeral-storage': '300Gi' },
      }),
      { limits: of('300m', '500Mi', '300Gi'), requests: of('300m', '150Mi', '300Gi') },
    );
    const less = await server.call('POST', `${at}/pods`, {
      body: pod('less', { requests: of('10m', '50Mi', '50Gi') }),
    });
    assert.deepEqual(verdict(less), [
      403,
      'Forbidden',
      'pods "less" is forbidden: [minimum cpu usage per Container is 50m, but request is 10m, minimum ephemeral-storage usage per Container is 100Gi, but request is 50Gi, minimum memory usage per Container is 100Mi, but request is 50Mi]',
    ]);
    const more = await server.call('POST', `${at}/pods`, {
      body: pod('more', { limits: of('600m', '600Mi', '600Gi') }),
    });
    assert.deepEqual(verdict(more), [
      403,
      'Forbidden',
      'pods "more" is forbidden: [maximum cpu usage per Container is 500m, but limit is 600m, maximum ephemeral-storage usage per Container is 500Gi, but limit is 600Gi, maximum memory usage per Container is 500Mi, but limit is 600Mi]',
    ]);
  });

  test('a Namespace: status and finalizers by their own ways', async () => {
    const url = '/api/v1/namespaces/own';
    await make(server, '/api/v1/namespaces', { metadata: { name: 'own' } });
    const labelled = await merge(server, url, { metadata: { labels: { testLabel: 'testValue' } } });
    assert.equal(labelled.metadata.labels.testLabel, 'testValue');
    const condition = { type: 'StatusPatch', status: 'True', reason: 'E2E', message: 'Patched' };
    const patched = await merge(server, `${url}/status`, {
      metadata: { annotations: { patched: 'own' } },
      status: { conditions: [condition] },
    });
    assert.partialDeepStrictEqual(patched, {
      metadata: { annotations: { patched: 'own' } },
      status: { conditions: [condition], phase: 'Active' },
    });
    patched.status.conditions.push({ ...condition, type: 'StatusUpdate' });
    const updated = await server.call('PUT', `${url}/status`, { body: patched });
    assert.equal(updated.body.status.conditions.length, 2);
    const object = updated.body;
    object.spec.finalizers.push('e2e.example.com/finalizer');
    const unchanged = await server.call('PUT', url, { body: object });
    assert.equal(unchanged.status, 200, unchanged.text);
    assert.deepEqual(unchanged.body.spec.finalizers, ['kubernetes']);
    object.metadata = unchanged.body.metadata;
    const finalized = await server.call('PUT', `${url}/finalize`, { body: object });
    assert.deepEqual(finalized.body.spec.finalizers, ['kubernetes', 'e2e.example.com/finalizer']);
    finalized.body.spec.finalizers.pop();
    const back = await server.call('PUT', `${url}/finalize`, { body: finalized.body });
    assert.deepEqual(back.body.spec.finalizers, ['kubernetes']);
  });

  test('a pod and a CronJob, chosen by label, are told of as they come and go', async () => {
    const objects: Record<string, object> = {
      '/api/v1/namespaces/default/pods': { containers: [{ name: 'c', image: 'x' }] },
      '/apis/batch/v1/namespaces/default/cronjobs': {
        schedule: '*/1 * * * ?',
        jobTemplate: {
          spec: {
            template: { spec: { containers: [{ name: 'c', image: 'x' }], restartPolicy: 'OnFailure' } },
          },
        },
      },
    };
    for (const [url, spec] of Object.entries(objects)) {
      const query = 'labelSelector=time%3Dnow';
      const empty = (await server.call('GET', `${url}?${query}`)).body;
      assert.deepEqual(empty.items, []);
      const { resourceVersion } = empty.metadata;
      const stream = await server.watch(`${url}?watch=true&${query}&resourceVersion=${resourceVersion}`);
      await make(server, url, { metadata: { name: 'told', labels: { time: 'now' } }, spec });
      assert.deepEqual(names((await server.call('GET', `${url}?${query}`)).body), ['told']);
      await server.call('DELETE', `${url}/told`, { body: { gracePeriodSeconds: 0 } });
      await stream.until(2);
      assert.deepEqual(
        stream.events.map(({ type }) => type),
        ['ADDED', 'DELETED'],
      );
      stream.stop();
    }
  });
});
