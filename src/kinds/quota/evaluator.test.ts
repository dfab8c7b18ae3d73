import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Quantity } from '../../lib/quantity.ts';
import type { PersistentVolumeClaim, Pod, PodSpec, Service } from '../generated/types.ts';
import {
  addUsage,
  describeUsage,
  exceededNames,
  maskUsage,
  raisedUsage,
  readUsage,
  sameUsage,
  type Usage,
  writeUsage,
} from './amounts.ts';
import { claimClass, claimMatchesScope, claimUsage, isClaimResource } from './claim-usage.ts';
import { deviceUsage, isDeviceResource } from './device-usage.ts';
import { countedNames, type Evaluator, evaluatorOf, isInScope } from './evaluator.ts';
import { declaredAmounts, hasPodLevelResources, podAmounts } from './pod-resources.ts';
import { isPodResource, missingAmounts, podMatchesScope, podUsage } from './pod-usage.ts';
import { matchesValue, scopesOf } from './scopes.ts';
import { isServiceResource, serviceUsage } from './service-usage.ts';

const now = Date.UTC(2026, 0, 1);
const pod = (spec: object, more: object = {}): Pod =>
  ({ metadata: { name: 'p' }, spec: { containers: [], ...spec }, ...more }) as Pod;
type Amounts = Record<string, string>;
const container = (requests: Amounts, limits: Amounts = {}, name = 'c') => ({
  name,
  image: 'x',
  resources: { requests, limits },
});
const shown = (usage: Usage) => describeUsage(usage);

describe('usage of pods', () => {
  const cases: { name: string; pod: Pod; usage: string }[] = [
    { name: 'without resources', pod: pod({}), usage: 'count/pods=1,pods=1' },
    {
      name: 'every resource by each of its names',
      pod: pod({
        containers: [
          container(
            { cpu: '1', memory: '1Gi', 'ephemeral-storage': '2Gi', 'hugepages-2Mi': '4Mi', 'a.io/gpu': '2' },
            { cpu: '2', memory: '2Gi', 'ephemeral-storage': '3Gi', 'a.io/gpu': '2' },
          ),
        ],
      }),
      usage:
        'count/pods=1,cpu=1,ephemeral-storage=2Gi,hugepages-2Mi=4Mi,limits.cpu=2,limits.ephemeral-storage=3Gi,limits.memory=2Gi,memory=1Gi,pods=1,requests.a.io/gpu=2,requests.cpu=1,requests.ephemeral-storage=2Gi,requests.hugepages-2Mi=4Mi,requests.memory=1Gi',
    },
    {
      name: 'an init container counts when it needs more',
      pod: pod({
        containers: [container({ cpu: '1', memory: '1Gi' })],
        initContainers: [container({ cpu: '3' })],
      }),
      usage: 'count/pods=1,cpu=3,memory=1Gi,pods=1,requests.cpu=3,requests.memory=1Gi',
    },
    {
      name: 'the pod as a whole, and its overhead',
      pod: pod({
        containers: [container({ cpu: '1' })],
        resources: { requests: { cpu: '4' }, limits: { cpu: '5' } },
        overhead: { cpu: '250m', memory: '64Mi' },
      }),
      usage:
        'count/pods=1,cpu=4250m,limits.cpu=5250m,memory=64Mi,pods=1,requests.cpu=4250m,requests.memory=64Mi',
    },
    {
      name: 'one that has ended',
      pod: pod({ containers: [container({ cpu: '1' })] }, { status: { phase: 'Succeeded' } }),
      usage: 'count/pods=1',
    },
  ];
  for (const { name, pod: given, usage } of cases)
    test(name, () => assert.equal(shown(podUsage(given, now)), usage));

  test('one that is being deleted counts until its grace is over', () => {
    const deletionTimestamp = new Date(now - 10_000).toISOString();
    const going = (deletionGracePeriodSeconds: number) =>
      pod({}, { metadata: { name: 'p', deletionTimestamp, deletionGracePeriodSeconds } });
    assert.equal(shown(podUsage(going(10), now)), 'count/pods=1,pods=1');
    assert.equal(shown(podUsage(going(9), now)), 'count/pods=1');
  });
});

test('the parts of a pod: declared, with overhead, and whether it speaks for itself', () => {
  const spec: PodSpec = {
    containers: [container({ cpu: '1' }, { memory: '1Gi' })],
    overhead: { cpu: '1', memory: '1Gi' },
  };
  assert.equal(shown(declaredAmounts(spec, 'requests')), 'cpu=1');
  assert.equal(shown(podAmounts(spec, 'requests')), 'cpu=2,memory=1Gi');
  assert.equal(shown(podAmounts(spec, 'limits')), 'memory=2Gi');
  assert.equal(hasPodLevelResources(spec), false);
  assert.equal(hasPodLevelResources({ ...spec, resources: { limits: { cpu: '1' } } }), true);
});

test('a quota of CPU or memory makes containers say what they need', () => {
  const spec = {
    containers: [container({ cpu: '1' }, {}, 'b'), container({}, { cpu: '1' }, 'a')],
    initContainers: [container({}, {}, 'init')],
  };
  const names = ['requests.cpu', 'limits.cpu', 'requests.ephemeral-storage', 'pods'];
  assert.equal(
    missingAmounts(pod(spec), names),
    'must specify limits.cpu for: b,init; requests.cpu for: a,init',
  );
  assert.equal(missingAmounts(pod(spec), ['pods', 'hugepages-2Mi']), undefined);
  assert.equal(missingAmounts(pod({ ...spec, resources: { requests: { cpu: '4' } } }), names), undefined);
});

describe('scopes of pods', () => {
  const term = { topologyKey: 'zone', namespaceSelector: {} };
  const preferred = [{ weight: 1, podAffinityTerm: term }];
  const cases: [name: string, spec: object, matching: string[]][] = [
    ['plain', {}, ['BestEffort', 'NotTerminating']],
    ['sized', { containers: [container({ cpu: '1' })] }, ['NotBestEffort', 'NotTerminating']],
    ['brief', { activeDeadlineSeconds: 0 }, ['BestEffort', 'Terminating']],
    ['of a class', { priorityClassName: 'high' }, ['BestEffort', 'NotTerminating', 'PriorityClass']],
    [
      'near pods elsewhere',
      { affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } } },
      ['BestEffort', 'CrossNamespacePodAffinity', 'NotTerminating'],
    ],
  ];
  const scopes = [
    'BestEffort',
    'CrossNamespacePodAffinity',
    'NotBestEffort',
    'NotTerminating',
    'PriorityClass',
    'Terminating',
    'VolumeAttributesClass',
  ];
  for (const [name, spec, matching] of cases)
    test(name, () => {
      const found = scopes.filter((scopeName) =>
        podMatchesScope(pod(spec), { scopeName, operator: 'Exists' }),
      );
      assert.deepEqual(found, matching);
    });

  test('operators', () => {
    const matches = (operator: string, value: string) =>
      matchesValue({ scopeName: 'PriorityClass', operator, values: ['high'] }, value);
    const table = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Like'].map((operator) => [
      operator,
      ...['high', 'low', ''].map((value) => matches(operator, value)),
    ]);
    assert.deepEqual(table, [
      ['In', true, false, false],
      ['NotIn', false, true, true],
      ['Exists', true, true, false],
      ['DoesNotExist', false, false, true],
      ['Like', false, false, false],
    ]);
  });

  test('all of a quota have to match, and only pods and claims have any', () => {
    const evaluator = evaluatorOf({ group: '', plural: 'pods' }) as Evaluator;
    const spec = { scopes: ['BestEffort'], scopeSelector: { matchExpressions: [] } };
    assert.deepEqual(scopesOf(spec), [{ scopeName: 'BestEffort', operator: 'Exists' }]);
    assert.equal(isInScope(evaluator, pod({}), spec), true);
    assert.equal(isInScope(evaluator, pod({}), { scopes: ['BestEffort', 'Terminating'] }), false);
    const secrets = evaluatorOf({ group: '', plural: 'secrets' }) as Evaluator;
    assert.equal(isInScope(secrets, { metadata: {} }, spec), false);
    assert.equal(isInScope(secrets, { metadata: {} }, {}), true);
  });
});

describe('usage of Services', () => {
  const ports = [{ port: 80 }, { port: 81, nodePort: 30081 }];
  const cases: [name: string, spec: object, usage: string][] = [
    ['inside', { ports }, 'services.loadbalancers=0,services.nodeports=0'],
    ['at node ports', { type: 'NodePort', ports }, 'services.loadbalancers=0,services.nodeports=2'],
    ['behind an address', { type: 'LoadBalancer', ports }, 'services.loadbalancers=1,services.nodeports=2'],
    [
      'behind an address without node ports',
      { type: 'LoadBalancer', ports, allocateLoadBalancerNodePorts: false },
      'services.loadbalancers=1,services.nodeports=1',
    ],
  ];
  for (const [name, spec, usage] of cases)
    test(name, () => {
      const service = { metadata: {}, spec } as Service;
      assert.equal(shown(serviceUsage(service)), `count/services=1,services=1,${usage}`);
      assert.ok([...serviceUsage(service).keys()].every(isServiceResource));
    });
});

describe('usage of claims', () => {
  const claim = (spec: object, more: object = {}): PersistentVolumeClaim =>
    ({ metadata: {}, spec, ...more }) as PersistentVolumeClaim;
  const asking = (storage: string) => ({ resources: { requests: { storage } } });
  const counts = 'count/persistentvolumeclaims=1';
  const cases: [name: string, claim: PersistentVolumeClaim, usage: string][] = [
    ['of no class', claim(asking('1Gi')), `${counts},persistentvolumeclaims=1,requests.storage=1Gi`],
    ['part of a byte', claim(asking('1500m')), `${counts},persistentvolumeclaims=1,requests.storage=2`],
    [
      'of a class',
      claim({ ...asking('1Gi'), storageClassName: 'gold' }),
      `${counts},gold.storageclass.storage.k8s.io/persistentvolumeclaims=1,gold.storageclass.storage.k8s.io/requests.storage=1Gi,persistentvolumeclaims=1,requests.storage=1Gi`,
    ],
    [
      'that has grown further already',
      claim(asking('1Gi'), { status: { allocatedResources: { storage: '3Gi' } } }),
      `${counts},persistentvolumeclaims=1,requests.storage=3Gi`,
    ],
  ];
  for (const [name, given, usage] of cases)
    test(name, () => {
      assert.equal(shown(claimUsage(given)), usage);
      assert.ok([...claimUsage(given).keys()].every(isClaimResource));
    });

  test('the class is the annotation, or the field', () => {
    const annotations = { 'volume.beta.kubernetes.io/storage-class': 'old' };
    assert.equal(claimClass(claim({ storageClassName: 'new' }, { metadata: { annotations } })), 'old');
    assert.equal(claimClass(claim({ storageClassName: 'new' })), 'new');
  });

  test('a class of attributes counts as long as it is wanted or there', () => {
    const requirement = { scopeName: 'VolumeAttributesClass', operator: 'In', values: ['fast'] };
    const status = { modifyVolumeStatus: { status: 'InProgress', targetVolumeAttributesClassName: 'fast' } };
    assert.equal(claimMatchesScope(claim({ volumeAttributesClassName: 'slow' }), requirement), false);
    assert.equal(
      claimMatchesScope(claim({ volumeAttributesClassName: 'slow' }, { status }), requirement),
      true,
    );
    assert.equal(claimMatchesScope(claim({}), { ...requirement, operator: 'NotIn' }), true);
    assert.equal(claimMatchesScope(claim({}), { ...requirement, scopeName: 'BestEffort' }), false);
  });
});

test('usage of claims for devices: as many as a request could get at most', () => {
  const gpu = 'gpu.example.com';
  const nic = 'nic.example.com';
  const usage = deviceUsage({
    metadata: {},
    spec: {
      devices: {
        requests: [
          { name: 'a', exactly: { deviceClassName: gpu, allocationMode: 'ExactCount', count: 2 } },
          {
            name: 'b',
            firstAvailable: [
              { name: 'x', deviceClassName: gpu, allocationMode: 'ExactCount', count: 1 },
              { name: 'y', deviceClassName: gpu, allocationMode: 'ExactCount', count: 3 },
            ],
          },
          { name: 'c', exactly: { deviceClassName: nic, allocationMode: 'All' } },
        ],
      },
    },
  });
  assert.equal(
    shown(usage),
    'count/resourceclaims.resource.k8s.io=1,gpu.example.com.deviceclass.resource.k8s.io/devices=5,nic.example.com.deviceclass.resource.k8s.io/devices=32',
  );
  assert.ok([...usage.keys()].every(isDeviceResource));
  const evaluator = evaluatorOf({ group: 'resource.k8s.io', plural: 'resourceclaims' }) as Evaluator;
  assert.deepEqual(
    countedNames(evaluator, { pods: '1', [`${gpu}.deviceclass.resource.k8s.io/devices`]: '1' }),
    [`${gpu}.deviceclass.resource.k8s.io/devices`],
  );
});

test('which names count what', () => {
  const names = [
    'pods',
    'count/pods',
    'requests.cpu',
    'hugepages-1Gi',
    'requests.hugepages-1Gi',
    'requests.a.io/gpu',
    'requests.storage',
    'gold.storageclass.storage.k8s.io/requests.storage',
    'services.nodeports',
    'secrets',
    'count/secrets',
    'count/deployments.apps',
    'deployments',
  ];
  const hard = Object.fromEntries(names.map((name) => [name, '1']));
  const counted = (group: string, plural: string) =>
    countedNames(evaluatorOf({ group, plural }) as Evaluator, hard);
  assert.deepEqual(counted('', 'pods'), names.slice(0, 6));
  assert.ok(names.slice(0, 6).every(isPodResource));
  assert.deepEqual(counted('', 'persistentvolumeclaims'), names.slice(6, 8));
  assert.deepEqual(counted('', 'services'), ['services.nodeports']);
  assert.deepEqual(counted('', 'secrets'), ['secrets', 'count/secrets']);
  assert.deepEqual(counted('apps', 'deployments'), ['count/deployments.apps']);
  assert.equal(evaluatorOf({ group: '', plural: 'events' }), undefined);
  assert.equal(evaluatorOf({ group: 'events.k8s.io', plural: 'events' }), undefined);
});

describe('amounts', () => {
  const usage = (amounts: Record<string, string>): Usage => readUsage(amounts);
  test('sums keep the suffix of what they began with', () => {
    const sum = new Map<string, Quantity>();
    addUsage(sum, usage({ memory: '512Mi', cpu: '500m' }));
    addUsage(sum, usage({ memory: '512Mi', cpu: '1500m', pods: '1' }));
    assert.deepEqual(writeUsage(sum), { cpu: '2', memory: '1Gi', pods: '1' });
  });
  test('what rises, what is too much, what is the same', () => {
    const raised = raisedUsage(usage({ a: '2', b: '1', c: '3' }), usage({ a: '1', b: '2', d: '1' }));
    assert.equal(shown(raised), 'a=1,c=3');
    assert.deepEqual(
      [...exceededNames(usage({ a: '2', b: '1', c: '1' }), usage({ a: '1500m', b: '1' }))],
      ['a'],
    );
    assert.equal(sameUsage(usage({ memory: '1Gi' }), usage({ memory: '1024Mi' })), true);
    assert.equal(sameUsage(usage({ memory: '1Gi' }), usage({ cpu: '1Gi' })), false);
    assert.equal(shown(maskUsage(usage({ a: '1', b: '2' }), new Set(['b']))), 'b=2');
  });
  test('names of every sort are plain data', () => {
    const strange = usage({ constructor: '1', toString: '2' });
    assert.deepEqual(Object.keys(writeUsage(strange)), ['constructor', 'toString']);
  });
  test('adding what is missing gives what there is', () => {
    const amount = fc.record({ a: fc.nat(1000), b: fc.nat(1000) });
    fc.assert(
      fc.property(amount, amount, (before, after) => {
        const text = ({ a, b }: { a: number; b: number }) => usage({ a: `${a}m`, b: `${b}` });
        const sum = new Map(text(before));
        addUsage(sum, raisedUsage(text(after), text(before)));
        const highest = text({ a: Math.max(before.a, after.a), b: Math.max(before.b, after.b) });
        assert.ok(sameUsage(sum, highest));
      }),
      { interruptAfterTimeLimit: 2_000 },
    );
  });
});
