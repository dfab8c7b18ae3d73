import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineKind, type Kind } from '../kinds/kind.ts';
import { kinds } from '../kinds/registry.ts';
import {
  aggregatedVersionWanted,
  apiGroupList,
  apiGroupOf,
  apiResourceList,
  Discovery,
  versionsOf,
} from './discovery.ts';
import { aggregatedDiscovery } from './discovery-aggregated.ts';
import { apiResourcesOf, subresourceOf } from './discovery-resources.ts';

const example = { metadata: {} };
const kind = (group: string, version: string, name: string, more: Partial<Kind> = {}): Kind =>
  defineKind({
    group,
    version,
    kind: name,
    plural: `${name.toLowerCase()}s`,
    scope: 'Namespaced',
    example,
    ...more,
  });

const everything = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

test('a kind and its subresources stand in a resource list as upstream prints them', () => {
  const deployment = kind('apps', 'v1', 'Deployment', {
    shortNames: ['deploy'],
    categories: ['all'],
    subresources: ['status', 'scale'],
  });
  assert.deepEqual(apiResourceList([deployment], 'apps', 'v1'), {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: 'apps/v1',
    resources: [
      {
        name: 'deployments',
        singularName: 'deployment',
        namespaced: true,
        kind: 'Deployment',
        verbs: everything,
        shortNames: ['deploy'],
        categories: ['all'],
        storageVersionHash: '8aSe+NMegvE=',
      },
      {
        name: 'deployments/scale',
        singularName: '',
        namespaced: true,
        group: 'autoscaling',
        version: 'v1',
        kind: 'Scale',
        verbs: ['get', 'patch', 'update'],
      },
      {
        name: 'deployments/status',
        singularName: '',
        namespaced: true,
        kind: 'Deployment',
        verbs: ['get', 'patch', 'update'],
      },
    ],
  });
});

/** One line a resource: what `kubectl get --raw /api/v1` says in v1.36, recorded upstream in api/discovery. */
const coreResources = `
bindings true Binding create
componentstatuses false ComponentStatus get,list cs
configmaps true ConfigMap * cm qFsyl6wFWjQ=
endpoints true Endpoints * ep fWeeMqaN/OA=
events true Event * ev r2yiGXH7wu8=
limitranges true LimitRange * limits EBKMFVe6cwo=
namespaces false Namespace create,delete,get,list,patch,update,watch ns Q3oi5N2YM8M=
namespaces/finalize false Namespace update
namespaces/status false Namespace get,patch,update
nodes false Node * no XwShjMxG9Fs=
nodes/proxy false NodeProxyOptions create,delete,get,patch,update
nodes/status false Node get,patch,update
persistentvolumeclaims true PersistentVolumeClaim * pvc QWTyNDq0dC4=
persistentvolumeclaims/status true PersistentVolumeClaim get,patch,update
persistentvolumes false PersistentVolume * pv HN/zwEC+JgM=
persistentvolumes/status false PersistentVolume get,patch,update
pods true Pod * po all xPOwRZ+Yhw8=
pods/attach true PodAttachOptions create,get
pods/binding true Binding create
pods/ephemeralcontainers true Pod get,patch,update
pods/eviction true policy/v1 Eviction create
pods/exec true PodExecOptions create,get
pods/log true Pod get
pods/portforward true PodPortForwardOptions create,get
pods/proxy true PodProxyOptions create,delete,get,patch,update
pods/resize true Pod get,patch,update
pods/status true Pod get,patch,update
podtemplates true PodTemplate * LIXB2x4IFpk=
replicationcontrollers true ReplicationController * rc all Jond2If31h0=
replicationcontrollers/scale true autoscaling/v1 Scale get,patch,update
replicationcontrollers/status true ReplicationController get,patch,update
resourcequotas true ResourceQuota * quota 8uhSgffRX6w=
resourcequotas/status true ResourceQuota get,patch,update
secrets true Secret * S6u1pOWzb84=
serviceaccounts true ServiceAccount * sa pbx9ZvyFpBE=
serviceaccounts/token true authentication.k8s.io/v1 TokenRequest create
services true Service * svc all 0/CO1lhkEBI=
services/proxy true ServiceProxyOptions create,delete,get,patch,update
services/status true Service get,patch,update
`;

/** In-place resize of pods is not served yet. */
const notServed = 'pods/resize true Pod get,patch,update\n';

test('the core group is as upstream recorded it', () => {
  const lines = apiResourcesOf(kinds.filter(({ group }) => group === '')).map((resource) => {
    const verbs = resource.verbs.join() === everything.join() ? '*' : resource.verbs.join();
    const type = [resource.group && `${resource.group}/${resource.version}`, resource.kind];
    const rest = [
      ...(resource.shortNames ?? []),
      ...(resource.categories ?? []),
      resource.storageVersionHash,
    ];
    return [resource.name, resource.namespaced, ...type, verbs, ...rest]
      .filter((each) => each !== undefined)
      .join(' ');
  });
  assert.equal(`\n${lines.join('\n')}\n`, coreResources.replace(notServed, ''));
});

test('groups stand in the order of their priorities, the others by name behind them', () => {
  const some = [kind('z.example', 'v1', 'Z'), kind('a.example', 'v1', 'A'), ...kinds];
  const { groups } = apiGroupList(some);
  assert.deepEqual(
    groups.map(({ name, preferredVersion }) => `${name} ${preferredVersion.version}`),
    [
      'apiregistration.k8s.io v1',
      'apps v1',
      'events.k8s.io v1',
      'authentication.k8s.io v1',
      'authorization.k8s.io v1',
      'autoscaling v2',
      'batch v1',
      'certificates.k8s.io v1',
      'networking.k8s.io v1',
      'policy v1',
      'rbac.authorization.k8s.io v1',
      'storage.k8s.io v1',
      'admissionregistration.k8s.io v1',
      'apiextensions.k8s.io v1',
      'scheduling.k8s.io v1',
      'coordination.k8s.io v1',
      'node.k8s.io v1',
      'discovery.k8s.io v1',
      'flowcontrol.apiserver.k8s.io v1',
      'resource.k8s.io v1',
      'a.example v1',
      'metallb.io v1beta1',
      'z.example v1',
    ],
  );
});

test('versions of a group: stable before beta before alpha, higher before lower', () => {
  const versions = ['v1beta1', 'v2alpha1', 'foo', 'v1', 'v11', 'v1beta2', 'v2', 'v10'];
  const some = versions.map((version) => kind('example.com', version, 'Thing'));
  assert.deepEqual(versionsOf(some, 'example.com'), [
    'v11',
    'v10',
    'v2',
    'v1',
    'v1beta2',
    'v1beta1',
    'v2alpha1',
    'foo',
  ]);
  assert.deepEqual(apiGroupOf(some.slice(0, 1), 'example.com'), {
    kind: 'APIGroup',
    apiVersion: 'v1',
    name: 'example.com',
    versions: [{ groupVersion: 'example.com/v1beta1', version: 'v1beta1' }],
    preferredVersion: { groupVersion: 'example.com/v1beta1', version: 'v1beta1' },
  });
});

test('the aggregated document', () => {
  const thing = kind('example.com', 'v1', 'Thing', {
    subresources: ['status', 'scale'],
    verbs: ['list', 'get'],
    scope: 'Cluster',
  });
  assert.deepEqual(aggregatedDiscovery([thing], new Map([['example.com', ['v1']]]), 'v2'), {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: [
      {
        metadata: { name: 'example.com' },
        versions: [
          {
            version: 'v1',
            resources: [
              {
                resource: 'things',
                responseKind: { group: '', version: '', kind: 'Thing' },
                scope: 'Cluster',
                singularResource: 'thing',
                verbs: ['get', 'list'],
                subresources: [
                  {
                    subresource: 'scale',
                    responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
                    verbs: ['get', 'patch', 'update'],
                  },
                  {
                    subresource: 'status',
                    responseKind: { group: '', version: '', kind: 'Thing' },
                    verbs: ['get', 'patch', 'update'],
                  },
                ],
              },
            ],
            freshness: 'Current',
          },
        ],
      },
    ],
  });
});

test('which document an Accept header gets', () => {
  const v2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const v2beta1 = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList';
  const cases: [string, string | undefined, string | undefined][] = [
    ['kubectl 1.30 and later', `${v2},${v2beta1},application/json`, 'v2'],
    ['kubectl before 1.30', `${v2beta1},application/json`, 'v2beta1'],
    ['plain', 'application/json', undefined],
    ['none', undefined, undefined],
    ['plain first', `application/json, ${v2}`, undefined],
    ['an unknown version, then a known one', `${v2.replace('v=v2', 'v=v3')},${v2}`, 'v2'],
    ['another group', v2.replace('apidiscovery', 'other'), undefined],
    ['blanks', v2.replaceAll(';', '; '), 'v2'],
  ];
  for (const [name, accept, expected] of cases) assert.equal(aggregatedVersionWanted(accept), expected, name);
});

test('paths that are answered', () => {
  const discovery = new Discovery(kinds, '10.0.0.1:6443');
  const kindAt = (path: string, accept = 'application/json') => {
    const answer = discovery.answer(path, accept);
    return answer && JSON.parse(answer.body.toString()).kind;
  };
  const cases: [string, string | undefined][] = [
    ['/api', 'APIVersions'],
    ['/apis', 'APIGroupList'],
    ['/api/v1', 'APIResourceList'],
    ['/apis/apps', 'APIGroup'],
    ['/apis/apps/v1', 'APIResourceList'],
    ['/api/v2', undefined],
    ['/apis/', undefined],
    ['/apis/nothing', undefined],
    ['/apis/apps/v9', undefined],
    ['/apis/apps/v1/deployments', undefined],
    ['/apis/__proto__', undefined],
    ['/version', undefined],
  ];
  for (const [path, expected] of cases) assert.equal(kindAt(path), expected, path);
  assert.deepEqual(JSON.parse(discovery.answer('/api', undefined)?.body.toString() ?? ''), {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '10.0.0.1:6443' }],
  });
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const aggregated = discovery.answer('/apis', accept);
  assert.equal(aggregated?.contentType, accept);
  assert.match(aggregated?.etag ?? '', /^"[0-9A-F]{128}"$/);
  assert.equal(discovery.answer('/apis', accept), aggregated);
  assert.equal(kindAt('/apis/apps/v1', accept), 'APIResourceList');
});

test('every subresource in the registry is known; another one is an error', () => {
  for (const each of kinds)
    for (const name of each.subresources) assert.ok(subresourceOf(each, name).verbs.length > 0);
  assert.throws(() => subresourceOf(kind('', 'v1', 'Pod'), 'nonsense'), /pods\/nonsense/);
});
