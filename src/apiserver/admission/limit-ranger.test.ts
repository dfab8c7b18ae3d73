import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { LimitRange, PersistentVolumeClaim, Pod } from '../../kinds/generated/types.ts';
import { configMaps, make, merge, pod, pods, verdict } from '../rest/testing.ts';
import { startTestServer, type TestServer } from '../test-server.ts';
import { claimProblems, podProblems } from './limit-range-bounds.ts';
import { applyDefaults } from './limit-ranger.ts';
import { nameOf } from './plugin.ts';

const limitRanges = '/api/v1/namespaces/default/limitranges';
const claims = '/api/v1/namespaces/default/persistentvolumeclaims';

type Amounts = Record<string, string>;
const range = (...limits: NonNullable<LimitRange['spec']>['limits']): LimitRange => ({
  metadata: { name: 'bounds' },
  spec: { limits },
});
const container = (requests: Amounts, limits: Amounts, name = 'c') => ({
  name,
  image: 'nginx',
  resources: { requests, limits },
});
const podOf = (spec: object): Pod => ({ metadata: { name: 'p' }, spec: { containers: [], ...spec } }) as Pod;

describe('bounds of pods', () => {
  const cases: { name: string; limits: Parameters<typeof range>; pod: Pod; problems: string[] }[] = [
    {
      name: 'nothing said where something is bounded',
      limits: [{ type: 'Container', min: { cpu: '1' }, max: { memory: '1Gi' } }],
      pod: podOf({ containers: [{ name: 'c', image: 'nginx' }] }),
      problems: [
        'minimum cpu usage per Container is 1.  No request is specified',
        'maximum memory usage per Container is 1Gi.  No limit is specified',
      ],
    },
    {
      name: 'requests and limits below the least',
      limits: [{ type: 'Container', min: { cpu: '200m', memory: '1Gi' } }],
      pod: podOf({ containers: [container({ cpu: '100m', memory: '1Gi' }, { memory: '900Mi' })] }),
      problems: [
        'minimum cpu usage per Container is 200m, but request is 100m',
        'minimum memory usage per Container is 1Gi, but limit is 900Mi',
      ],
    },
    {
      name: 'limits and requests above the most, init containers too',
      limits: [{ type: 'Container', max: { cpu: '1' } }],
      pod: podOf({
        containers: [container({}, { cpu: '1001m' })],
        initContainers: [container({ cpu: '2' }, { cpu: '1' })],
      }),
      problems: [
        'maximum cpu usage per Container is 1, but limit is 1001m',
        'maximum cpu usage per Container is 1, but request is 2',
      ],
    },
    {
      name: 'ratios',
      limits: [{ type: 'Container', maxLimitRequestRatio: { cpu: '1500m', memory: '2' } }],
      pod: podOf({ containers: [container({ cpu: '3' }, { cpu: '5', memory: '1Gi' })] }),
      problems: [
        'cpu max limit to request ratio per Container is 1500m, but provided ratio is 1.666667',
        'memory max limit to request ratio per Container is 2, but no request is specified or request is 0',
      ],
    },
    {
      name: 'a ratio without a limit',
      limits: [{ type: 'Pod', maxLimitRequestRatio: { cpu: '2' } }],
      pod: podOf({ containers: [container({ cpu: '1' }, {})] }),
      problems: ['cpu max limit to request ratio per Pod is 2, but no limit is specified or limit is 0'],
    },
    {
      name: 'the pod as a whole: sums, the largest init container, or its own word',
      limits: [{ type: 'Pod', min: { memory: '2Gi' }, max: { cpu: '2' } }],
      pod: podOf({
        containers: [
          container({ memory: '512Mi' }, { cpu: '1' }, 'a'),
          container({ memory: '512Mi' }, { cpu: '500m' }, 'b'),
        ],
        initContainers: [container({}, { cpu: '3' })],
        resources: { requests: { memory: '1Gi' } },
      }),
      problems: [
        'minimum memory usage per Pod is 2Gi, but request is 1Gi',
        'maximum cpu usage per Pod is 2, but limit is 3',
      ],
    },
    {
      name: 'all is well',
      limits: [
        { type: 'Container', min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '2' } },
        { type: 'PersistentVolumeClaim', max: { storage: '1' } },
      ],
      pod: podOf({ containers: [container({ cpu: '1' }, { cpu: '2' })] }),
      problems: [],
    },
  ];
  for (const { name, limits, pod: given, problems } of cases)
    test(name, () => assert.deepEqual(podProblems(range(...limits), given), problems));
});

test('bounds of claims', () => {
  const limits = range({
    type: 'PersistentVolumeClaim',
    min: { storage: '2Gi', 'a.io/speed': '1' },
    max: { storage: '4Gi', 'a.io/speed': '9' },
  });
  const claim = (storage: string): PersistentVolumeClaim =>
    ({
      metadata: {},
      spec: { resources: { requests: { storage, 'a.io/speed': '5' } } },
    }) as PersistentVolumeClaim;
  assert.deepEqual(claimProblems(limits, claim('1Gi')), [
    'minimum storage usage per PersistentVolumeClaim is 2Gi, but request is 1Gi',
  ]);
  assert.deepEqual(claimProblems(limits, claim('5Gi')), [
    'maximum storage usage per PersistentVolumeClaim is 4Gi, but request is 5Gi',
  ]);
  assert.deepEqual(claimProblems(limits, claim('3Gi')), []);
  assert.deepEqual(claimProblems(limits, { metadata: {} } as PersistentVolumeClaim), [
    'minimum a.io/speed usage per PersistentVolumeClaim is 1.  No request is specified',
    'minimum storage usage per PersistentVolumeClaim is 2Gi.  No request is specified',
    'maximum a.io/speed usage per PersistentVolumeClaim is 9.  No request is specified',
    'maximum storage usage per PersistentVolumeClaim is 4Gi.  No request is specified',
  ]);
});

test('defaults fill what is not said, and the annotation tells', () => {
  const given = podOf({
    containers: [
      { name: 'silent', image: 'nginx' },
      { name: 'half', image: 'nginx', resources: { requests: { cpu: '1' }, limits: { memory: '2Gi' } } },
      container({ cpu: '1', memory: '1Gi' }, { cpu: '1', memory: '1Gi' }, 'whole'),
    ],
    initContainers: [{ name: 'first', image: 'nginx' }],
  });
  applyDefaults(
    range({
      type: 'Container',
      default: { memory: '512Mi', cpu: '500m' },
      defaultRequest: { memory: '256Mi', cpu: '100m' },
    }),
    given,
  );
  const defaults = {
    requests: { cpu: '100m', memory: '256Mi' },
    limits: { cpu: '500m', memory: '512Mi' },
  };
  assert.deepEqual(
    [...(given.spec?.containers ?? []), ...(given.spec?.initContainers ?? [])].map(
      ({ resources }) => resources,
    ),
    [
      defaults,
      { requests: { cpu: '1', memory: '256Mi' }, limits: { memory: '2Gi', cpu: '500m' } },
      { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } },
      defaults,
    ],
  );
  assert.equal(
    given.metadata.annotations?.['kubernetes.io/limit-ranger'],
    'LimitRanger plugin set: cpu, memory request for container silent; cpu, memory limit for container silent; memory request for container half; cpu limit for container half; cpu, memory request for init container first; cpu, memory limit for init container first',
  );
  const complete = podOf({ containers: [container({ cpu: '1' }, { cpu: '1' })] });
  applyDefaults(range({ type: 'Container', default: { cpu: '2' } }), complete);
  assert.equal(complete.metadata.annotations, undefined);
});

test('a name that is not drawn yet is called by its beginning', () => {
  assert.equal(nameOf({ metadata: { generateName: 'web-' } }), 'web-');
  assert.equal(nameOf({ metadata: { name: 'web-1', generateName: 'web-' } }), 'web-1');
});

describe('at the API', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
    await make(server, limitRanges, {
      metadata: { name: 'bounds' },
      spec: {
        limits: [
          { type: 'Container', default: { cpu: '500m' }, max: { cpu: '1' } },
          { type: 'PersistentVolumeClaim', max: { storage: '2Gi' } },
        ],
      },
    });
  });
  afterEach(() => server.close());

  test('a new pod gets its resources, and its class of service from them', async () => {
    const made = await make(server, pods, pod('a'));
    assert.deepEqual(made.spec.containers[0].resources, {
      limits: { cpu: '500m' },
      requests: { cpu: '500m' },
    });
    assert.equal(made.status.qosClass, 'Burstable');
  });

  test('one beyond the bounds is refused; faults of the pod itself are told first', async () => {
    const big = { containers: [container({}, { cpu: '2' })] };
    assert.deepEqual(verdict(await server.call('POST', pods, { body: pod('a', big) })), [
      403,
      'Forbidden',
      'pods "a" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
    ]);
    const faulty = { containers: [{ ...container({}, { cpu: '2' }), name: 'C' }] };
    assert.equal((await server.call('POST', pods, { body: pod('a', faulty) })).status, 422);
  });

  test('pods that are there stay as they are', async () => {
    await make(server, pods, pod('a'));
    await merge(server, `${limitRanges}/bounds`, {
      spec: { limits: [{ type: 'Container', max: { cpu: '1m' } }] },
    });
    await merge(server, `${pods}/a`, { metadata: { labels: { changed: 'yes' } } });
  });

  test('a claim is held to the bounds when it is made and when it is changed, unless it goes', async () => {
    const claim = (storage: string) => ({
      metadata: { name: 'data', finalizers: ['example.com/kept'] },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
    });
    const message =
      'persistentvolumeclaims "data" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi';
    assert.deepEqual(verdict(await server.call('POST', claims, { body: claim('3Gi') })), [
      403,
      'Forbidden',
      message,
    ]);
    await server.call('DELETE', `${limitRanges}/bounds`);
    await make(server, claims, claim('3Gi'));
    await make(server, limitRanges, {
      metadata: { name: 'bounds' },
      spec: { limits: [{ type: 'PersistentVolumeClaim', max: { storage: '2Gi' } }] },
    });
    const change = { metadata: { labels: { changed: 'yes' } } };
    const headers = { 'content-type': 'application/merge-patch+json' };
    const refused = await server.call('PATCH', `${claims}/data`, { body: change, headers });
    assert.deepEqual(verdict(refused), [403, 'Forbidden', message]);
    await server.call('DELETE', `${claims}/data`);
    await merge(server, `${claims}/data`, change);
  });

  test('other namespaces and kinds are not concerned', async () => {
    await make(server, '/api/v1/namespaces', { metadata: { name: 'other' } });
    const made = await make(server, '/api/v1/namespaces/other/pods', pod('a'));
    assert.deepEqual(made.spec.containers[0].resources, {});
    await make(server, configMaps, { metadata: { name: 'a' } });
  });
});
