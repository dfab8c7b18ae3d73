import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../../test-server.ts';
import { make, merge, pod, pods, verdict } from '../testing.ts';

const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
const violation = "Cannot evict pod as it would violate the pod's disruption budget.";
const ready = [{ type: 'Ready', status: 'True' }];

describe('eviction', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  const evict = (name: string, more: object = {}, query = '') =>
    server.call('POST', `${pods}/${name}/eviction${query}`, {
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name }, ...more },
    });

  /** A pod on a node, in this phase. */
  async function running(name: string, status: object = { phase: 'Running', conditions: ready }) {
    await make(server, pods, pod(name, { nodeName: 'n1' }, { labels: { app: 'web' } }));
    return merge(server, `${pods}/${name}/status`, { status });
  }

  async function budget(name: string, status: object, spec: object = {}) {
    await make(server, budgets, {
      metadata: { name },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } }, ...spec },
    });
    return merge(server, `${budgets}/${name}/status`, {
      status: { observedGeneration: 1, expectedPods: 2, ...status },
    });
  }

  const read = async (url: string) => (await server.call('GET', url)).body;
  const isGoing = async (name: string) =>
    (await read(`${pods}/${name}`)).metadata.deletionTimestamp !== undefined;

  test('without a budget it is a delete with the grace period asked for', async () => {
    await running('web');
    const { status, body } = await evict('web', { deleteOptions: { gracePeriodSeconds: 7 } });
    assert.deepEqual(
      [status, body],
      [201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }],
    );
    assert.equal((await read(`${pods}/web`)).metadata.deletionGracePeriodSeconds, 7);
  });

  test('says on the pod that it is evicted, also when it must be as it was', async () => {
    await running('web');
    const { resourceVersion } = (await read(`${pods}/web`)).metadata;
    const { status } = await evict('web', { deleteOptions: { preconditions: { resourceVersion } } });
    const pod = await read(`${pods}/web`);
    assert.deepEqual([status, pod.metadata.deletionTimestamp !== undefined], [201, true]);
    assert.deepEqual(pod.status.conditions, [
      ...ready.map((condition) => ({ ...condition, lastProbeTime: null, lastTransitionTime: null })),
      {
        type: 'DisruptionTarget',
        status: 'True',
        observedGeneration: 1,
        lastProbeTime: null,
        lastTransitionTime: '2026-01-01T00:00:00Z',
        reason: 'EvictionByEvictionAPI',
        message: 'Eviction API: evicting',
      },
    ]);
  });

  test('takes one disruption and tells the budget’s controller which pod goes', async () => {
    await running('web');
    await budget('all', { disruptionsAllowed: 2, desiredHealthy: 1, currentHealthy: 2 });
    assert.equal((await evict('web')).status, 201);
    assert.equal(await isGoing('web'), true);
    const { status } = await read(`${budgets}/all`);
    assert.deepEqual(
      [status.disruptionsAllowed, status.disruptedPods, status.conditions],
      [1, { web: '2026-01-01T00:00:00Z' }, undefined],
    );
  });

  test('with the last one the condition says that none is left', async () => {
    await running('web');
    await budget('all', { disruptionsAllowed: 1, desiredHealthy: 1, currentHealthy: 2 });
    await evict('web');
    const { status } = await read(`${budgets}/all`);
    assert.deepEqual(status.conditions, [
      {
        type: 'DisruptionAllowed',
        status: 'False',
        observedGeneration: 1,
        lastTransitionTime: '2026-01-01T00:00:00Z',
        reason: 'InsufficientPods',
        message: '',
      },
    ]);
  });

  test('a budget that has none left refuses, and says what it needs', async () => {
    await running('web');
    await budget('all', { disruptionsAllowed: 0, desiredHealthy: 1, currentHealthy: 1 });
    const { status, body, headers } = await evict('web');
    assert.deepEqual(body, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: violation,
      reason: 'TooManyRequests',
      details: {
        causes: [
          {
            reason: 'DisruptionBudget',
            message: 'The disruption budget all needs 1 healthy pods and has 1 currently',
          },
        ],
      },
      code: 429,
    });
    assert.deepEqual([status, headers['retry-after']], [429, undefined]);
    assert.equal(await isGoing('web'), false);
  });

  test('a budget whose controller is behind asks to come back in ten seconds', async () => {
    await running('web');
    await budget('all', { observedGeneration: 0, disruptionsAllowed: 5 });
    const { status, body, headers } = await evict('web');
    assert.deepEqual(
      [status, body.message, body.details.causes[0].message, headers['retry-after']],
      [429, violation, 'The disruption budget all is still being processed by the server.', '10'],
    );
  });

  test('two budgets over one pod are not supported', async () => {
    await running('web');
    await budget('one', { disruptionsAllowed: 5 });
    await budget('two', { disruptionsAllowed: 5 });
    assert.deepEqual(verdict(await evict('web')), [
      500,
      undefined,
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    ]);
    assert.equal(await isGoing('web'), false);
  });

  test('a budget over other pods has no say', async () => {
    await running('web');
    await budget('others', { disruptionsAllowed: 0 }, { selector: { matchLabels: { app: 'db' } } });
    assert.equal((await evict('web')).status, 201);
  });

  for (const phase of ['Pending', 'Succeeded', 'Failed'])
    test(`a pod that is ${phase} goes without asking`, async () => {
      await running('web', { phase });
      await budget('all', { disruptionsAllowed: 0 });
      assert.equal((await evict('web')).status, 201);
    });

  test('a pod that becomes ready while it is evicted is asked for', async () => {
    await running('web', { phase: 'Pending' });
    await budget('all', { disruptionsAllowed: 0, desiredHealthy: 1, currentHealthy: 1 });
    const [, evicted] = await Promise.all([
      merge(server, `${pods}/web/status`, { status: { phase: 'Running', conditions: ready } }),
      evict('web'),
    ]);
    assert.deepEqual(verdict(evicted), [429, 'TooManyRequests', violation]);
    assert.equal(await isGoing('web'), false);
  });

  describe('a pod that is not ready', () => {
    const unready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] };
    const cases: [name: string, policy: string | undefined, status: object, expected: number][] = [
      [
        'goes while the application has all it wants',
        undefined,
        { desiredHealthy: 1, currentHealthy: 1 },
        201,
      ],
      ['stays while it has not', undefined, { desiredHealthy: 2, currentHealthy: 1 }, 429],
      ['stays while nothing is wanted', undefined, { desiredHealthy: 0, currentHealthy: 0 }, 429],
      ['goes always with AlwaysAllow', 'AlwaysAllow', { desiredHealthy: 2, currentHealthy: 1 }, 201],
      [
        'stays with IfHealthyBudget while it has not',
        'IfHealthyBudget',
        { desiredHealthy: 2, currentHealthy: 1 },
        429,
      ],
    ];
    for (const [name, unhealthyPodEvictionPolicy, status, expected] of cases)
      test(name, async () => {
        await running('web', unready);
        const before = await budget(
          'all',
          { disruptionsAllowed: 0, ...status },
          unhealthyPodEvictionPolicy === undefined ? {} : { unhealthyPodEvictionPolicy },
        );
        assert.equal((await evict('web')).status, expected);
        assert.equal(await isGoing('web'), expected === 201);
        // It was never counted as healthy, so it takes nothing.
        assert.deepEqual((await read(`${budgets}/all`)).status, before.status);
      });

    test('AlwaysAllow does not let a ready one go', async () => {
      await running('web');
      await budget('all', { disruptionsAllowed: 0 }, { unhealthyPodEvictionPolicy: 'AlwaysAllow' });
      assert.equal((await evict('web')).status, 429);
    });
  });

  test('a dry run, by query or in the body, takes nothing', async () => {
    await running('web');
    const before = await budget('all', { disruptionsAllowed: 1, desiredHealthy: 1, currentHealthy: 2 });
    assert.equal((await evict('web', {}, '?dryRun=All')).status, 201);
    assert.equal((await evict('web', { deleteOptions: { dryRun: ['All'] } })).status, 201);
    assert.equal(await isGoing('web'), false);
    assert.deepEqual((await read(`${budgets}/all`)).status, before.status);
  });

  test('two at once, of a budget that allows one', async () => {
    await running('a');
    await running('b');
    await budget('all', { disruptionsAllowed: 1, desiredHealthy: 1, currentHealthy: 2 });
    const answers = await Promise.all([evict('a'), evict('b')]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 429]);
  });

  const refusals: [name: string, url: string, body: object, expected: unknown[]][] = [
    [
      'another name',
      `${pods}/web/eviction`,
      { metadata: { name: 'other' } },
      [400, 'BadRequest', 'name in URL does not match name in Eviction object'],
    ],
    [
      'no name',
      `${pods}/web/eviction`,
      { metadata: {} },
      [400, 'BadRequest', 'name in URL does not match name in Eviction object'],
    ],
    [
      'a pod that is not there',
      `${pods}/none/eviction`,
      { metadata: { name: 'none' } },
      [404, 'NotFound', 'pods "none" not found'],
    ],
  ];
  for (const [name, url, body, expected] of refusals)
    test(`refuses ${name}`, async () => {
      await running('web');
      assert.deepEqual(verdict(await server.call('POST', url, { body })), expected);
    });

  test('refuses when the pod is not the one that was meant', async () => {
    await running('web');
    const { status, body } = await evict('web', { deleteOptions: { preconditions: { uid: 'before' } } });
    const { uid } = (await read(`${pods}/web`)).metadata;
    assert.deepEqual(
      [status, body.reason, body.message],
      [
        409,
        'Conflict',
        `Operation cannot be fulfilled on Pod "web": the UID in the precondition (before) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
      ],
    );
    assert.equal(await isGoing('web'), false);
  });
});
