/** Kinds with two faces and one stored form: written in one, seen in the other. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../test-server.ts';
import { applyPatch, jsonPatch, make, merge, verdict } from './testing.ts';

describe('autoscalers', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  const v1 = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers';
  const v2 = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers';
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  const old = {
    metadata: { name: 'web' },
    spec: { scaleTargetRef, maxReplicas: 5, targetCPUUtilizationPercentage: 60 },
  };
  const cpu = (averageUtilization: number) => ({
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
  });
  const memory = {
    type: 'Resource',
    resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '100Mi' } },
  };
  const read = async (url: string) => (await server.call('GET', `${url}/web`)).body;

  test('made in v1, it is one metric in v2, at the same version', async () => {
    const made = await make(server, v1, old);
    assert.deepEqual(
      [made.apiVersion, made.spec],
      [
        'autoscaling/v1',
        { scaleTargetRef, minReplicas: 1, maxReplicas: 5, targetCPUUtilizationPercentage: 60 },
      ],
    );
    const shown = await read(v2);
    assert.deepEqual(
      [shown.apiVersion, shown.spec],
      ['autoscaling/v2', { scaleTargetRef, minReplicas: 1, maxReplicas: 5, metrics: [cpu(60)] }],
    );
    assert.equal(shown.metadata.resourceVersion, made.metadata.resourceVersion);
    assert.equal(shown.metadata.uid, made.metadata.uid);
  });

  test('made without a metric, it has upstream’s default in both', async () => {
    await make(server, v1, { metadata: { name: 'web' }, spec: { scaleTargetRef, maxReplicas: 5 } });
    assert.deepEqual((await read(v2)).spec.metrics, [cpu(80)]);
    assert.equal((await read(v1)).spec.targetCPUUtilizationPercentage, 80);
  });

  test('what v1 has no field for travels in annotations, and survives a change made there', async () => {
    await make(server, v2, {
      metadata: { name: 'web' },
      spec: { scaleTargetRef, maxReplicas: 5, metrics: [cpu(50), memory] },
    });
    const shown = await read(v1);
    assert.equal(shown.spec.targetCPUUtilizationPercentage, 50);
    assert.deepEqual(JSON.parse(shown.metadata.annotations['autoscaling.alpha.kubernetes.io/metrics']), [
      { type: 'Resource', resource: { name: 'memory', targetAverageValue: '100Mi' } },
    ]);
    await merge(server, `${v1}/web`, {
      metadata: { labels: { app: 'web' } },
      spec: { targetCPUUtilizationPercentage: 70 },
    });
    const after = await read(v2);
    assert.deepEqual(
      [after.spec.metrics, after.metadata.labels, after.metadata.annotations],
      [[cpu(70), memory], { app: 'web' }, undefined],
    );
  });

  test('patches of each kind see the object in the version they are sent to', async () => {
    await make(server, v1, old);
    const body = [
      { op: 'test', path: '/spec/metrics/0/resource/target/averageUtilization', value: 60 },
      { op: 'replace', path: '/spec/metrics/0/resource/target/averageUtilization', value: 61 },
    ];
    const patched = await server.call('PATCH', `${v2}/web`, { body, headers: jsonPatch });
    assert.deepEqual([patched.status, patched.body.apiVersion], [200, 'autoscaling/v2']);
    const again = await server.call('PATCH', `${v1}/web`, {
      body: [{ op: 'test', path: '/spec/targetCPUUtilizationPercentage', value: 61 }],
      headers: jsonPatch,
    });
    assert.equal(again.status, 200);
    // What is of the other version is not there.
    assert.equal((await server.call('PATCH', `${v1}/web`, { body, headers: jsonPatch })).status, 422);
  });

  test('a replace in one version, with the resourceVersion read in the other', async () => {
    await make(server, v1, old);
    const shown = await read(v2);
    shown.spec.maxReplicas = 9;
    assert.equal((await server.call('PUT', `${v2}/web`, { body: shown })).status, 200);
    assert.equal((await read(v1)).spec.maxReplicas, 9);
    const stale = await server.call('PUT', `${v2}/web`, { body: shown });
    assert.deepEqual([stale.status, stale.body.reason], [409, 'Conflict']);
  });

  test('the status, from one side to the other', async () => {
    await make(server, v1, old);
    await merge(server, `${v2}/web/status`, {
      status: {
        currentReplicas: 2,
        desiredReplicas: 3,
        currentMetrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', current: { averageUtilization: 42, averageValue: '420m' } },
          },
        ],
      },
    });
    const { status, spec } = await read(v1);
    assert.deepEqual(
      [
        status.currentReplicas,
        status.desiredReplicas,
        status.currentCPUUtilizationPercentage,
        spec.maxReplicas,
      ],
      [2, 3, 42, 5],
    );
  });

  test('lists and watches are of the version they were asked in', async () => {
    const watching = [await server.watch(`${v1}?watch=1`), await server.watch(`${v2}?watch=1`)];
    await make(server, v2, {
      metadata: { name: 'web' },
      spec: { scaleTargetRef, maxReplicas: 5, metrics: [cpu(60)] },
    });
    await merge(server, `${v1}/web`, { spec: { maxReplicas: 6 } });
    await server.call('DELETE', `${v1}/web`);
    for (const stream of watching) await stream.until(3);
    const [inV1, inV2] = watching.map((stream) =>
      stream.events.map(({ type, object }) => [type, object.apiVersion, object.spec.maxReplicas]),
    );
    const expected = (version: string) => [
      ['ADDED', version, 5],
      ['MODIFIED', version, 6],
      ['DELETED', version, 6],
    ];
    assert.deepEqual([inV1, inV2], [expected('autoscaling/v1'), expected('autoscaling/v2')]);
    await make(server, v1, old);
    for (const [url, version] of [
      [v1, 'autoscaling/v1'],
      [v2, 'autoscaling/v2'],
    ] as const) {
      const { body } = await server.call('GET', url);
      assert.deepEqual(
        [body.kind, body.apiVersion, body.items.length],
        ['HorizontalPodAutoscalerList', version, 1],
      );
      assert.deepEqual(Object.keys(body.items[0]), ['metadata', 'spec', 'status']);
    }
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const { body } = await server.call('GET', v1, { headers: { accept } });
    assert.equal(body.rows[0].cells[2], 'cpu: <unknown>/60%');
  });

  test('each owner’s fields are in the version he spoke', async () => {
    await make(server, `${v1}?fieldManager=one`, old);
    await merge(server, `${v1}/web?fieldManager=two`, { spec: { maxReplicas: 6 } });
    await merge(server, `${v2}/web?fieldManager=three`, { spec: { minReplicas: 2 } });
    const { managedFields } = (await read(v2)).metadata;
    assert.deepEqual(
      managedFields
        .map(({ manager, apiVersion }: Record<string, string>) => `${manager} ${apiVersion}`)
        .sort(),
      ['one autoscaling/v1', 'three autoscaling/v2', 'two autoscaling/v1'],
    );
  });

  test('applied in v1 and in v2 by one manager', async () => {
    const apply = (url: string, body: object) =>
      server.call('PATCH', `${url}/web?fieldManager=mine`, { body, headers: applyPatch });
    const first = await apply(v1, { apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', ...old });
    assert.deepEqual([first.status, first.body.apiVersion], [201, 'autoscaling/v1']);
    const second = await apply(v1, {
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      ...old,
      spec: { ...old.spec, targetCPUUtilizationPercentage: 75 },
    });
    assert.deepEqual([second.status, second.body.spec.targetCPUUtilizationPercentage], [200, 75]);
    assert.deepEqual((await read(v2)).spec.metrics, [cpu(75)]);
  });

  test('the rules are the same, in the words of each', async () => {
    const bad = { ...old, spec: { ...old.spec, maxReplicas: 0 } };
    for (const url of [v1, v2])
      assert.deepEqual(verdict(await server.call('POST', url, { body: bad })), [
        422,
        'Invalid',
        'HorizontalPodAutoscaler.autoscaling "web" is invalid: [spec.maxReplicas: Invalid value: 0: must be greater than 0, spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`]',
      ]);
  });
});

describe('events', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  const core = '/api/v1/namespaces/default/events';
  const events = '/apis/events.k8s.io/v1/namespaces/default/events';
  const involvedObject = { apiVersion: 'v1', kind: 'Pod', name: 'web', namespace: 'default' };

  test('an old one is seen through the new group, with what is deprecated named so', async () => {
    await make(server, core, {
      metadata: { name: 'web.1' },
      involvedObject,
      reason: 'Pulled',
      message: 'Image was there',
      type: 'Normal',
      source: { component: 'kubelet', host: 'n1' },
      count: 3,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:05Z',
    });
    const { body } = await server.call('GET', `${events}/web.1`);
    const { metadata, eventTime, reportingController, reportingInstance, ...rest } = body;
    assert.deepEqual(rest, {
      kind: 'Event',
      apiVersion: 'events.k8s.io/v1',
      regarding: involvedObject,
      reason: 'Pulled',
      note: 'Image was there',
      type: 'Normal',
      deprecatedSource: { component: 'kubelet', host: 'n1' },
      deprecatedCount: 3,
      deprecatedFirstTimestamp: '2026-01-01T00:00:00Z',
      deprecatedLastTimestamp: '2026-01-01T00:00:05Z',
    });
    assert.equal(metadata.name, 'web.1');
    assert.equal(eventTime ?? null, null);
    assert.deepEqual([reportingController ?? '', reportingInstance ?? ''], ['', '']);
  });

  test('a new one is seen in the core group, where kubectl describe looks', async () => {
    const stream = await server.watch(`${core}?watch=1`);
    await make(server, events, {
      metadata: { name: 'web.2' },
      regarding: involvedObject,
      reason: 'Scheduled',
      note: 'To n1',
      type: 'Normal',
      action: 'Binding',
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'example.com/scheduler',
      reportingInstance: 'scheduler-1',
    });
    await stream.until(1);
    const [{ type, object }] = stream.events;
    assert.deepEqual(
      [type, object.apiVersion, object.involvedObject, object.message, object.reportingComponent],
      ['ADDED', 'v1', involvedObject, 'To n1', 'example.com/scheduler'],
    );
    const namesOf = async (url: string, fields: string) => {
      const { body } = await server.call('GET', `${url}?fieldSelector=${encodeURIComponent(fields)}`);
      return body.items.map((item: { metadata: { name: string } }) => item.metadata.name);
    };
    const selector = 'involvedObject.name=web,involvedObject.kind=Pod,reason=Scheduled';
    assert.deepEqual(await namesOf(core, selector), ['web.2']);
    const byOwnNames = 'regarding.name=web,regarding.kind=Pod,reportingController=example.com/scheduler';
    assert.deepEqual(await namesOf(events, `${byOwnNames},reason=Scheduled`), ['web.2']);
    assert.deepEqual(await namesOf(events, 'regarding.name=other'), []);
  });

  test('the series counts on through the new group, and nothing else changes', async () => {
    const made = await make(server, events, {
      metadata: { name: 'web.3' },
      regarding: involvedObject,
      reason: 'BackOff',
      note: 'again',
      type: 'Warning',
      action: 'Restarting',
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'example.com/kubelet',
      reportingInstance: 'n1',
    });
    const series = { count: 2, lastObservedTime: '2026-01-01T00:00:09.000000Z' };
    const counted = await merge(server, `${events}/web.3`, { series });
    assert.deepEqual(counted.series, series);
    assert.deepEqual((await server.call('GET', `${core}/web.3`)).body.series, series);
    const other = await server.call('PUT', `${events}/web.3`, {
      body: { ...made, note: 'changed', metadata: { name: 'web.3' } },
    });
    assert.equal(other.status, 422);
    await server.call('DELETE', `${core}/web.3`);
    assert.equal((await server.call('GET', `${events}/web.3`)).status, 404);
  });
});
