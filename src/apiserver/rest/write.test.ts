import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Answer, startTestServer, type TestServer } from '../test-server.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const pods = '/api/v1/namespaces/default/pods';
const merge = { 'content-type': 'application/merge-patch+json' };
const strategic = { 'content-type': 'application/strategic-merge-patch+json' };
const jsonPatch = { 'content-type': 'application/json-patch+json' };

const deployment = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
  },
});

const pod = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'nginx' }], ...more },
});

const verdict = ({ status, body }: Answer) => [status, body.reason, body.message];

describe('writes', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const make = (name: string, more: object = {}) =>
    server.call('POST', configMaps, { body: { metadata: { name }, ...more } });

  describe('create', () => {
    test('fills in what the server decides', async () => {
      const { status, body } = await make('filled', { data: { a: '1' } });
      assert.equal(status, 201);
      assert.match(body.metadata.uid, /^[0-9a-f-]{36}$/);
      assert.equal(body.metadata.creationTimestamp, '2026-01-01T00:00:00Z');
      assert.match(body.metadata.resourceVersion, /^\d+$/);
      assert.equal(body.metadata.namespace, 'default');
    });

    test('ignores what a client may not decide', async () => {
      const { body } = await server.call('POST', configMaps, {
        body: {
          metadata: {
            name: 'sly',
            uid: 'mine',
            creationTimestamp: '2000-01-01T00:00:00Z',
            deletionTimestamp: '2000-01-01T00:00:00Z',
            generation: 7,
          },
        },
      });
      assert.notEqual(body.metadata.uid, 'mine');
      assert.equal(body.metadata.deletionTimestamp, undefined);
      assert.equal(body.metadata.creationTimestamp, '2026-01-01T00:00:00Z');
    });

    test('draws a name from generateName', async () => {
      const { status, body } = await server.call('POST', configMaps, {
        body: { metadata: { generateName: 'made-' } },
      });
      assert.equal(status, 201);
      assert.match(body.metadata.name, /^made-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
      assert.equal(body.metadata.generateName, 'made-');
    });

    test('a status sent along is dropped', async () => {
      const { body } = await server.call('POST', deployments, {
        body: { ...deployment('fresh'), status: { replicas: 7 } },
      });
      assert.deepEqual(body.status, {});
      assert.equal(body.metadata.generation, 1);
    });

    const refusals: [name: string, url: string, body: unknown, expected: unknown[]][] = [
      [
        'a name that is there',
        configMaps,
        { metadata: { name: 'filled' } },
        [409, 'AlreadyExists', 'configmaps "filled" already exists'],
      ],
      [
        'a namespace that is not',
        '/api/v1/namespaces/nowhere/configmaps',
        { metadata: { name: 'x' } },
        [404, 'NotFound', 'namespaces "nowhere" not found'],
      ],
      [
        'another namespace in the body',
        configMaps,
        { metadata: { name: 'x', namespace: 'other' } },
        [
          400,
          'BadRequest',
          'the namespace of the provided object does not match the namespace sent on the request',
        ],
      ],
      [
        'another version in the body',
        configMaps,
        { apiVersion: 'v2', metadata: { name: 'x' } },
        [400, 'BadRequest', 'the API version in the data (v2) does not match the expected API version (v1)'],
      ],
      [
        'a resourceVersion',
        configMaps,
        { metadata: { name: 'x', resourceVersion: '1' } },
        [400, 'BadRequest', 'resourceVersion should not be set on objects to be created'],
      ],
      [
        'no name',
        configMaps,
        { metadata: {} },
        [
          422,
          'Invalid',
          'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
        ],
      ],
      [
        'an unknown field when strict',
        `${configMaps}?fieldValidation=Strict`,
        { metadata: { name: 'x' }, foo: 1 },
        [
          400,
          'BadRequest',
          'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "foo"',
        ],
      ],
      [
        'a wrong type',
        deployments,
        { ...deployment('x'), spec: { replicas: 'two' } },
        [
          400,
          'BadRequest',
          'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
        ],
      ],
      [
        'a dry run that does not exist',
        `${configMaps}?dryRun=Some`,
        { metadata: { name: 'x' } },
        [
          422,
          'Invalid',
          'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: "Some": supported values: "All"',
        ],
      ],
    ];
    for (const [name, url, body, expected] of refusals)
      test(`refuses ${name}`, async () =>
        assert.deepEqual(verdict(await server.call('POST', url, { body })), expected));

    test('warns of unknown and repeated fields unless told otherwise', async () => {
      const raw = '{"metadata":{"name":"warned"},"foo":1,"data":{"a":"1","a":"2"}}';
      const warned = await server.call('POST', configMaps, { body: raw });
      assert.deepEqual(warned.headers.warning, [
        '299 - "unknown field \\"foo\\""',
        '299 - "duplicate field \\"data.a\\""',
      ]);
      const quiet = await server.call('POST', `${configMaps}?fieldValidation=Ignore`, {
        body: raw.replace('warned', 'quiet'),
      });
      assert.equal(quiet.headers.warning, undefined);
    });

    test('a key that JavaScript knows is plain data', async () => {
      const raw = '{"metadata":{"name":"proto"},"data":{"__proto__":"a","constructor":"b"}}';
      await server.call('POST', configMaps, { body: raw });
      const { text } = await server.call('GET', `${configMaps}/proto`);
      assert.match(text, /"__proto__":"a","constructor":"b"/);
    });

    test('a dry run answers as if, and changes nothing', async () => {
      const { status, body } = await server.call('POST', `${configMaps}?dryRun=All`, {
        body: { metadata: { name: 'dry' } },
      });
      assert.deepEqual([status, body.metadata.name, body.metadata.resourceVersion], [201, 'dry', undefined]);
      assert.equal((await server.call('GET', `${configMaps}/dry`)).status, 404);
    });
  });

  describe('update', () => {
    test('with the version it was read at; a second time it is a conflict', async () => {
      const { body } = await make('versioned');
      const first = await server.call('PUT', `${configMaps}/versioned`, {
        body: { ...body, data: { n: '1' } },
      });
      assert.equal(first.status, 200);
      assert.deepEqual(verdict(await server.call('PUT', `${configMaps}/versioned`, { body })), [
        409,
        'Conflict',
        'Operation cannot be fulfilled on configmaps "versioned": the object has been modified; please apply your changes to the latest version and try again',
      ]);
    });

    test('that changes nothing writes nothing', async () => {
      const { body } = await make('same', { data: { a: '1' } });
      const again = await server.call('PUT', `${configMaps}/same`, { body });
      assert.equal(again.body.metadata.resourceVersion, body.metadata.resourceVersion);
    });

    test('generation counts changes of spec alone', async () => {
      const { body } = await server.call('POST', deployments, { body: deployment('counted') });
      const labelled = await server.call('PATCH', `${deployments}/counted`, {
        body: { metadata: { labels: { a: 'b' } } },
        headers: merge,
      });
      assert.equal(labelled.body.metadata.generation, 1);
      const status = await server.call('PATCH', `${deployments}/counted/status`, {
        body: { status: { replicas: 1 } },
        headers: merge,
      });
      assert.deepEqual([status.body.metadata.generation, status.body.status.replicas], [1, 1]);
      const scaled = await server.call('PATCH', `${deployments}/counted`, {
        body: { spec: { replicas: 3 }, status: { replicas: 9 } },
        headers: merge,
      });
      assert.deepEqual([scaled.body.metadata.generation, scaled.body.status.replicas], [2, 1]);
      assert.equal(scaled.body.metadata.uid, body.metadata.uid);
    });

    test('of the status leaves the spec', async () => {
      const { body } = await server.call('GET', `${deployments}/counted`);
      body.spec.replicas = 99;
      body.status.readyReplicas = 1;
      const { body: after } = await server.call('PUT', `${deployments}/counted/status`, { body });
      assert.deepEqual([after.spec.replicas, after.status.readyReplicas], [3, 1]);
    });

    const refusals: [name: string, url: string, body: unknown, expected: unknown[]][] = [
      [
        'what is not there',
        `${configMaps}/none`,
        { metadata: { name: 'none' } },
        [404, 'NotFound', 'configmaps "none" not found'],
      ],
      [
        'another name',
        `${configMaps}/same`,
        { metadata: { name: 'other' } },
        [400, 'BadRequest', 'the name of the object (other) does not match the name on the URL (same)'],
      ],
      [
        'another uid',
        `${configMaps}/same`,
        { metadata: { name: 'same', uid: 'x' } },
        [409, 'Conflict', undefined],
      ],
    ];
    for (const [name, url, body, expected] of refusals)
      test(`refuses ${name}`, async () => {
        const [status, reason, message] = verdict(await server.call('PUT', url, { body }));
        assert.deepEqual([status, reason], expected.slice(0, 2));
        if (expected[2] !== undefined) assert.equal(message, expected[2]);
      });
  });

  describe('patch', () => {
    test('strategic merge knows the merge keys', async () => {
      await server.call('POST', deployments, { body: deployment('merged') });
      const containers = [{ name: 'side', image: 'busybox' }];
      const { body } = await server.call('PATCH', `${deployments}/merged`, {
        body: { spec: { template: { spec: { containers } } } },
        headers: strategic,
      });
      assert.deepEqual(
        body.spec.template.spec.containers.map((each: { name: string }) => each.name),
        ['side', 'c'],
      );
    });

    test('JSON patch', async () => {
      await make('patched', { data: { a: '1' } });
      const body = [
        { op: 'test', path: '/data/a', value: '1' },
        { op: 'replace', path: '/data/a', value: '2' },
      ];
      assert.deepEqual(
        (await server.call('PATCH', `${configMaps}/patched`, { body, headers: jsonPatch })).body.data,
        { a: '2' },
      );
      const again = await server.call('PATCH', `${configMaps}/patched`, { body, headers: jsonPatch });
      assert.deepEqual(verdict(again), [
        422,
        'Invalid',
        'the server rejected our request due to an error in our request',
      ]);
    });

    test('a result of the wrong type is told as upstream tells it', async () => {
      await server.call('POST', deployments, { body: deployment('typed') });
      const body = { spec: { replicas: 'many' } };
      const merged = await server.call('PATCH', `${deployments}/typed`, { body, headers: merge });
      assert.deepEqual([merged.status, merged.body.reason], [422, 'Invalid']);
      assert.match(
        merged.body.message,
        /^ "" is invalid: patch: Invalid value: "{.*\\"replicas\\":\\"many\\".*}": json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32$/,
      );
      const strategically = await server.call('PATCH', `${deployments}/typed`, { body, headers: strategic });
      assert.deepEqual(verdict(strategically), [
        422,
        'Invalid',
        ' "" is invalid: patch: Invalid value: "map[spec:map[replicas:many]]": unrecognized type: int32',
      ]);
    });

    test('a type that is none is 415', async () => {
      const { status, body } = await server.call('PATCH', `${configMaps}/patched`, {
        body: {},
        headers: { 'content-type': 'application/json' },
      });
      assert.deepEqual([status, body.reason], [415, 'UnsupportedMediaType']);
    });

    test('a version in the patch makes it conditional', async () => {
      const body = { metadata: { resourceVersion: '1' }, data: { x: 'y' } };
      assert.equal(
        (await server.call('PATCH', `${configMaps}/patched`, { body, headers: merge })).status,
        409,
      );
    });

    test('many at once all arrive', async () => {
      await make('contended');
      const keys = Array.from({ length: 30 }, (_, index) => `k${index}`);
      const answers = await Promise.all(
        keys.map((key) =>
          server.call('PATCH', `${configMaps}/contended`, { body: { data: { [key]: 'v' } }, headers: merge }),
        ),
      );
      // One that loses eight times in a row is told so; each that was acknowledged must be there.
      const { body } = await server.call('GET', `${configMaps}/contended`);
      const acknowledged = keys.filter((_, index) => answers[index]?.status === 200);
      for (const key of acknowledged) assert.equal(body.data[key], 'v');
      assert.ok(acknowledged.length > 0);
      for (const answer of answers) assert.ok(answer.status === 200 || answer.status === 409);
    });
  });

  describe('delete', () => {
    test('answers with a Status that names what went', async () => {
      const { body: made } = await make('gone');
      const { status, body } = await server.call('DELETE', `${configMaps}/gone`);
      assert.deepEqual(
        [status, body],
        [
          200,
          {
            kind: 'Status',
            apiVersion: 'v1',
            metadata: {},
            status: 'Success',
            details: { name: 'gone', kind: 'configmaps', uid: made.metadata.uid },
          },
        ],
      );
      assert.equal((await server.call('GET', `${configMaps}/gone`)).status, 404);
    });

    test('waits for finalizers, and goes with the last', async () => {
      await server.call('POST', configMaps, {
        body: { metadata: { name: 'held', finalizers: ['example.com/hold'] } },
      });
      const { body } = await server.call('DELETE', `${configMaps}/held`);
      assert.deepEqual(
        [body.metadata.deletionTimestamp, body.metadata.deletionGracePeriodSeconds],
        ['2026-01-01T00:00:00Z', 0],
      );
      const more = await server.call('PATCH', `${configMaps}/held`, {
        body: { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } },
        headers: merge,
      });
      assert.equal(more.status, 422);
      await server.call('PATCH', `${configMaps}/held`, {
        body: { metadata: { finalizers: null } },
        headers: merge,
      });
      assert.equal((await server.call('GET', `${configMaps}/held`)).status, 404);
    });

    for (const [policy, finalizer] of [
      ['Foreground', 'foregroundDeletion'],
      ['Orphan', 'orphan'],
    ] as const)
      test(`${policy} is recorded for the garbage collector`, async () => {
        const name = `with-${policy.toLowerCase()}`;
        await server.call('POST', deployments, { body: deployment(name) });
        const { body } = await server.call('DELETE', `${deployments}/${name}`, {
          body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: policy },
        });
        assert.deepEqual(body.metadata.finalizers, [finalizer]);
        assert.notEqual(body.metadata.deletionTimestamp, undefined);
      });

    test('preconditions', async () => {
      const { body } = await make('precious');
      const wrong = await server.call('DELETE', `${configMaps}/precious`, {
        body: { preconditions: { uid: 'other' } },
      });
      assert.deepEqual(verdict(wrong).slice(0, 2), [409, 'Conflict']);
      const right = await server.call('DELETE', `${configMaps}/precious`, {
        body: { preconditions: { uid: body.metadata.uid, resourceVersion: body.metadata.resourceVersion } },
      });
      assert.equal(right.status, 200);
    });

    test('a pod on a node is given its time, a second delete may shorten it', async () => {
      await server.call('POST', pods, { body: pod('graceful', { nodeName: 'n1' }) });
      const { body } = await server.call('DELETE', `${pods}/graceful`);
      assert.deepEqual(
        [body.metadata.deletionTimestamp, body.metadata.deletionGracePeriodSeconds],
        ['2026-01-01T00:00:30Z', 30],
      );
      const sooner = await server.call('DELETE', `${pods}/graceful?gracePeriodSeconds=5`);
      assert.equal(sooner.body.metadata.deletionGracePeriodSeconds, 5);
      await server.call('DELETE', `${pods}/graceful?gracePeriodSeconds=0`);
      assert.equal((await server.call('GET', `${pods}/graceful`)).status, 404);
    });

    test('a pod on no node goes at once', async () => {
      await server.call('POST', pods, { body: pod('nowhere') });
      assert.equal((await server.call('DELETE', `${pods}/nowhere`)).body.kind, 'Pod');
      assert.equal((await server.call('GET', `${pods}/nowhere`)).status, 404);
    });

    test('a collection, by selector', async () => {
      for (const name of ['x1', 'x2'])
        await server.call('POST', configMaps, { body: { metadata: { name, labels: { batch: 'x' } } } });
      const { body } = await server.call('DELETE', `${configMaps}?labelSelector=batch%3Dx`);
      assert.equal(body.items.length, 2);
      assert.equal((await server.call('GET', `${configMaps}/x1`)).status, 404);
      assert.equal((await server.call('GET', `${configMaps}/same`)).status, 200);
    });

    test('a dry run deletes nothing', async () => {
      assert.equal((await server.call('DELETE', `${configMaps}/same?dryRun=All`)).status, 200);
      assert.equal((await server.call('GET', `${configMaps}/same`)).status, 200);
    });
  });

  describe('namespaces', () => {
    test('take nothing new while they go, and go when finalized', async () => {
      await server.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'brief' } } });
      const { body } = await server.call('DELETE', '/api/v1/namespaces/brief');
      assert.equal(body.status.phase, 'Terminating');
      const late = await server.call('POST', '/api/v1/namespaces/brief/configmaps', {
        body: { metadata: { name: 'late' } },
      });
      assert.deepEqual(verdict(late), [
        403,
        'Forbidden',
        'configmaps "late" is forbidden: unable to create new content in namespace brief because it is being terminated',
      ]);
      const done = await server.call('PUT', '/api/v1/namespaces/brief/finalize', {
        body: { ...body, spec: { finalizers: [] } },
      });
      assert.equal(done.status, 200);
      assert.equal((await server.call('GET', '/api/v1/namespaces/brief')).status, 404);
    });

    test('some may not go', async () => {
      assert.deepEqual(verdict(await server.call('DELETE', '/api/v1/namespaces/default')), [
        403,
        'Forbidden',
        'namespaces "default" is forbidden: this namespace may not be deleted',
      ]);
    });
  });

  describe('subresources', () => {
    test('scale', async () => {
      await server.call('POST', deployments, { body: deployment('scaled') });
      const { body } = await server.call('GET', `${deployments}/scaled/scale`);
      assert.deepEqual(
        [body.kind, body.spec, body.status],
        ['Scale', { replicas: 1 }, { replicas: 0, selector: 'app=scaled' }],
      );
      const put = await server.call('PUT', `${deployments}/scaled/scale`, {
        body: { ...body, spec: { replicas: 4 } },
      });
      assert.equal(put.body.spec.replicas, 4);
      const stale = await server.call('PUT', `${deployments}/scaled/scale`, {
        body: { ...body, spec: { replicas: 5 } },
      });
      assert.equal(stale.status, 409);
      const patched = await server.call('PATCH', `${deployments}/scaled/scale`, {
        body: { spec: { replicas: 2 } },
        headers: merge,
      });
      assert.equal(patched.body.spec.replicas, 2);
      assert.equal((await server.call('GET', `${deployments}/scaled`)).body.spec.replicas, 2);
      const below = await server.call('PATCH', `${deployments}/scaled/scale`, {
        body: { spec: { replicas: -1 } },
        headers: merge,
      });
      assert.deepEqual([below.status, below.body.reason], [422, 'Invalid']);
    });

    test('binding', async () => {
      await server.call('POST', pods, { body: pod('bound') });
      const binding = { metadata: { name: 'bound' }, target: { kind: 'Node', name: 'n1' } };
      assert.equal((await server.call('POST', `${pods}/bound/binding`, { body: binding })).status, 201);
      const { body } = await server.call('GET', `${pods}/bound`);
      assert.equal(body.spec.nodeName, 'n1');
      assert.equal(body.status.conditions[0].type, 'PodScheduled');
      assert.deepEqual(verdict(await server.call('POST', `${pods}/bound/binding`, { body: binding })), [
        409,
        'Conflict',
        'Operation cannot be fulfilled on pods/binding "bound": pod bound is already assigned to node "n1"',
      ]);
    });

    test('eviction asks the budget', async () => {
      const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
      await server.call('POST', budgets, {
        body: {
          metadata: { name: 'all' },
          spec: { minAvailable: 1, selector: { matchLabels: { app: 'kept' } } },
        },
      });
      const running = {
        ...pod('kept', { nodeName: 'n1' }),
        metadata: { name: 'kept', labels: { app: 'kept' } },
      };
      await server.call('POST', pods, { body: running });
      await server.call('PATCH', `${pods}/kept/status`, {
        body: { status: { phase: 'Running' } },
        headers: merge,
      });
      const status = {
        observedGeneration: 1,
        disruptionsAllowed: 0,
        desiredHealthy: 1,
        currentHealthy: 1,
        expectedPods: 1,
      };
      await server.call('PATCH', `${budgets}/all/status`, { body: { status }, headers: merge });
      const eviction = { body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'kept' } } };
      const refused = await server.call('POST', `${pods}/kept/eviction`, eviction);
      assert.deepEqual(verdict(refused), [
        429,
        'TooManyRequests',
        "Cannot evict pod as it would violate the pod's disruption budget.",
      ]);
      assert.equal(
        refused.body.details.causes[0].message,
        'The disruption budget all needs 1 healthy pods and has 1 currently',
      );
      await server.call('PATCH', `${budgets}/all/status`, {
        body: { status: { ...status, disruptionsAllowed: 1 } },
        headers: merge,
      });
      assert.equal((await server.call('POST', `${pods}/kept/eviction`, eviction)).status, 201);
      assert.equal((await server.call('GET', `${budgets}/all`)).body.status.disruptionsAllowed, 0);
      assert.notEqual((await server.call('GET', `${pods}/kept`)).body.metadata.deletionTimestamp, undefined);
    });

    test('what only a node can answer says why it cannot', async () => {
      await server.call('POST', pods, { body: pod('unplaced') });
      assert.deepEqual(verdict(await server.call('GET', `${pods}/unplaced/log`)), [
        400,
        'BadRequest',
        'pod unplaced does not have a host assigned',
      ]);
    });
  });

  const nowhere: [name: string, method: string, url: string, status: number][] = [
    ['an unknown path', 'GET', '/nothing', 404],
    ['an unknown group', 'GET', '/apis/example.com/v1/things', 404],
    ['an unknown resource', 'GET', '/api/v1/things', 404],
    ['an unknown subresource', 'GET', `${configMaps}/same/status`, 404],
    ['an encoded slash in a name', 'GET', `${configMaps}/a%2fb`, 404],
    ['a broken escape', 'GET', `${configMaps}/%zz`, 400],
    ['a method without a meaning', 'OPTIONS', configMaps, 405],
    ['a put on a collection', 'PUT', configMaps, 405],
    ['a post on a name', 'POST', `${configMaps}/same`, 405],
    ['a cluster resource in a namespace', 'GET', '/api/v1/namespaces/default/nodes', 404],
  ];
  for (const [name, method, url, status] of nowhere)
    test(`${name} is ${status}`, async () => {
      const answer = await server.call(method, url);
      assert.deepEqual([answer.status, answer.body.kind], [status, 'Status']);
    });
});

describe('who may ask', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const someone = { name: 'jane', groups: ['system:authenticated'] };
  const cases: [
    name: string,
    method: string,
    url: string,
    user: typeof someone | undefined,
    status: number,
    message?: string,
  ][] = [
    ['anyone asks for health', 'GET', '/livez', undefined, 200],
    ['anyone asks for the version', 'GET', '/version', undefined, 200],
    [
      'a stranger lists pods',
      'GET',
      '/api/v1/pods',
      undefined,
      403,
      'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope',
    ],
    [
      'a stranger discovers',
      'GET',
      '/apis',
      undefined,
      403,
      'forbidden: User "system:anonymous" cannot get path "/apis"',
    ],
    ['a user discovers', 'GET', '/apis', someone, 200],
    [
      'a user lists deployments',
      'GET',
      '/apis/apps/v1/namespaces/default/deployments',
      someone,
      403,
      'deployments.apps is forbidden: User "jane" cannot list resource "deployments" in API group "apps" in the namespace "default"',
    ],
    [
      'a user reads a name',
      'GET',
      '/api/v1/namespaces/default/pods/x',
      someone,
      403,
      'pods "x" is forbidden: User "jane" cannot get resource "pods" in API group "" in the namespace "default"',
    ],
    ['a user scrapes', 'GET', '/metrics', someone, 403, 'forbidden: User "jane" cannot get path "/metrics"'],
  ];
  for (const [name, method, url, user, status, message] of cases)
    test(`${name}: ${status}`, async () => {
      const answer = await server.call(method, url, { user });
      assert.equal(answer.status, status);
      if (message !== undefined) assert.equal(answer.body.message, message);
    });

  test('a token is not known yet', async () => {
    const { status, body } = await server.call('GET', '/api/v1/pods', {
      user: undefined,
      headers: { authorization: 'Bearer x' },
    });
    assert.deepEqual([status, body.reason], [401, 'Unauthorized']);
  });

  test('who am I, and what may I', async () => {
    const who = await server.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      body: {},
      user: someone,
    });
    assert.deepEqual(who.body.status.userInfo, { username: 'jane', groups: ['system:authenticated'] });
    const may = await server.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      body: { spec: { resourceAttributes: { verb: 'list', resource: 'pods' } } },
      user: someone,
    });
    assert.equal(may.body.status.allowed, false);
  });
});

describe('two servers on one store', () => {
  test('never give out an address or a port twice, and see what the other wrote', async () => {
    const one = await startTestServer({ seed: 7 });
    // The same seed: both draw the same addresses and ports in the same order.
    const two = await startTestServer({ store: one.store, seed: 7 });
    const url = '/api/v1/namespaces/default/services';
    const body = (name: string) => ({
      metadata: { name },
      spec: { type: 'NodePort', ports: [{ port: 80 }] },
    });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        (index % 2 === 0 ? one : two).call('POST', url, { body: body(`s${index}`) }),
      ),
    );
    assert.deepEqual(
      answers.map((answer) => answer.status),
      answers.map(() => 201),
    );
    const { body: listed } = await two.call('GET', url);
    const services = listed.items.filter(
      (item: { metadata: { name: string } }) => item.metadata.name !== 'kubernetes',
    );
    assert.equal(services.length, 40);
    assert.equal(
      new Set(services.map((item: { spec: { clusterIP: string } }) => item.spec.clusterIP)).size,
      40,
    );
    assert.equal(
      new Set(
        services.map((item: { spec: { ports: { nodePort: number }[] } }) => item.spec.ports[0]?.nodePort),
      ).size,
      40,
    );
    await one.server.close();
    await two.close();
  });
});
