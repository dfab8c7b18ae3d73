import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineKind, type Kind } from '../../kinds/kind.ts';
import { kinds } from '../../kinds/registry.ts';
import { noDescriptions } from './descriptions.ts';
import { definitionNames, definitionsOf, pathItem, planDefinitions } from './document.ts';
import { pathItemsOf, subresourceSchema } from './operations.ts';

const kindOf = (plural: string, group = ''): Kind => {
  const kind = kinds.find((each) => each.plural === plural && each.group === group);
  assert.ok(kind);
  return kind;
};

const transcript = (kind: Kind): string[] =>
  pathItemsOf(kind).flatMap(({ path, operations }) =>
    operations.map(
      ({ method, action, operationId, kind: of }) => `${method} ${path} ${action} ${operationId} ${of.kind}`,
    ),
  );

test('the operations of a kind have the names of upstream', () => {
  assert.deepEqual(transcript(kindOf('replicasets', 'apps')), [
    'get /apis/apps/v1/namespaces/{namespace}/replicasets list listAppsV1NamespacedReplicaSet ReplicaSet',
    'post /apis/apps/v1/namespaces/{namespace}/replicasets post createAppsV1NamespacedReplicaSet ReplicaSet',
    'delete /apis/apps/v1/namespaces/{namespace}/replicasets deletecollection deleteAppsV1CollectionNamespacedReplicaSet ReplicaSet',
    'get /apis/apps/v1/namespaces/{namespace}/replicasets/{name} get readAppsV1NamespacedReplicaSet ReplicaSet',
    'put /apis/apps/v1/namespaces/{namespace}/replicasets/{name} put replaceAppsV1NamespacedReplicaSet ReplicaSet',
    'patch /apis/apps/v1/namespaces/{namespace}/replicasets/{name} patch patchAppsV1NamespacedReplicaSet ReplicaSet',
    'delete /apis/apps/v1/namespaces/{namespace}/replicasets/{name} delete deleteAppsV1NamespacedReplicaSet ReplicaSet',
    'get /apis/apps/v1/namespaces/{namespace}/replicasets/{name}/status get readAppsV1NamespacedReplicaSetStatus ReplicaSet',
    'patch /apis/apps/v1/namespaces/{namespace}/replicasets/{name}/status patch patchAppsV1NamespacedReplicaSetStatus ReplicaSet',
    'put /apis/apps/v1/namespaces/{namespace}/replicasets/{name}/status put replaceAppsV1NamespacedReplicaSetStatus ReplicaSet',
    'get /apis/apps/v1/namespaces/{namespace}/replicasets/{name}/scale get readAppsV1NamespacedReplicaSetScale Scale',
    'patch /apis/apps/v1/namespaces/{namespace}/replicasets/{name}/scale patch patchAppsV1NamespacedReplicaSetScale Scale',
    'put /apis/apps/v1/namespaces/{namespace}/replicasets/{name}/scale put replaceAppsV1NamespacedReplicaSetScale Scale',
    'get /apis/apps/v1/replicasets list listAppsV1ReplicaSetForAllNamespaces ReplicaSet',
  ]);
  assert.deepEqual(transcript(kindOf('tokenreviews', 'authentication.k8s.io')), [
    'post /apis/authentication.k8s.io/v1/tokenreviews post createAuthenticationV1TokenReview TokenReview',
  ]);
  assert.deepEqual(
    transcript(kindOf('clusterroles', 'rbac.authorization.k8s.io')).at(-1),
    'delete /apis/rbac.authorization.k8s.io/v1/clusterroles/{name} delete deleteRbacAuthorizationV1ClusterRole ClusterRole',
  );
});

test('what subresources read and write', () => {
  const pods = kindOf('pods');
  const schemas = ['status', 'log', 'exec', 'eviction', 'binding'].map((name) =>
    subresourceSchema(pods, name),
  );
  assert.deepEqual(schemas, ['Pod', undefined, undefined, 'Eviction', 'Binding']);
  assert.equal(subresourceSchema(kindOf('serviceaccounts'), 'token'), 'AuthenticationTokenRequest');
});

test('PATCH in version 3 and version 2, whole', () => {
  const configMap = defineKind({
    group: '',
    version: 'v1',
    kind: 'ConfigMap',
    plural: 'configmaps',
    scope: 'Namespaced',
    verbs: ['patch'],
    example: { metadata: {} },
  });
  const item = pathItemsOf(configMap)[0];
  assert.ok(item);
  const patchTypes = [
    'application/json-patch+json',
    'application/merge-patch+json',
    'application/strategic-merge-patch+json',
    'application/apply-patch+yaml',
  ];
  const query: [string, string][] = [
    ['dryRun', 'string'],
    ['fieldManager', 'string'],
    ['fieldValidation', 'string'],
    ['force', 'boolean'],
  ];
  const common = {
    tags: ['core_v1'],
    description: 'patch ConfigMap',
    operationId: 'patchCoreV1NamespacedConfigMap',
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': { group: '', kind: 'ConfigMap', version: 'v1' },
  };
  const ref3 = (name: string) => ({ schema: { $ref: `#/components/schemas/io.k8s.${name}` } });
  const content = {
    'application/json': ref3('api.core.v1.ConfigMap'),
    'application/yaml': ref3('api.core.v1.ConfigMap'),
  };
  assert.deepEqual(pathItem(item, 'v3'), {
    patch: {
      ...common,
      parameters: query.map(([name, type]) => ({ in: 'query', name, schema: { type, uniqueItems: true } })),
      requestBody: {
        content: Object.fromEntries(
          patchTypes.map((type) => [type, ref3('apimachinery.pkg.apis.meta.v1.Patch')]),
        ),
        required: true,
      },
      responses: {
        200: { description: 'OK', content },
        201: { description: 'Created', content },
        401: { description: 'Unauthorized' },
      },
    },
    parameters: [
      { in: 'path', name: 'name', required: true, schema: { type: 'string', uniqueItems: true } },
      { in: 'path', name: 'namespace', required: true, schema: { type: 'string', uniqueItems: true } },
      { in: 'query', name: 'pretty', schema: { type: 'string', uniqueItems: true } },
    ],
  });
  const ref2 = (name: string) => ({ $ref: `#/definitions/io.k8s.${name}` });
  assert.deepEqual(pathItem(item, 'v2').patch, {
    ...common,
    produces: ['application/json', 'application/yaml'],
    consumes: patchTypes,
    parameters: [
      { in: 'body', name: 'body', required: true, schema: ref2('apimachinery.pkg.apis.meta.v1.Patch') },
      ...query.map(([name, type]) => ({ type, uniqueItems: true, in: 'query', name })),
    ],
    responses: {
      200: { description: 'OK', schema: ref2('api.core.v1.ConfigMap') },
      201: { description: 'Created', schema: ref2('api.core.v1.ConfigMap') },
      401: { description: 'Unauthorized' },
    },
    schemes: ['https'],
  });
});

test('a plan holds what its kinds need and no more', () => {
  const plan = planDefinitions([kindOf('leases', 'coordination.k8s.io')], kinds);
  const names = [...definitionsOf(plan, { dialect: 'v3', descriptions: noDescriptions })].map(([name]) =>
    name.replace('io.k8s.', ''),
  );
  assert.deepEqual(names.sort(), [
    'api.coordination.v1.Lease',
    'api.coordination.v1.LeaseList',
    'api.coordination.v1.LeaseSpec',
    'apimachinery.pkg.apis.meta.v1.DeleteOptions',
    'apimachinery.pkg.apis.meta.v1.FieldsV1',
    'apimachinery.pkg.apis.meta.v1.ListMeta',
    'apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry',
    'apimachinery.pkg.apis.meta.v1.MicroTime',
    'apimachinery.pkg.apis.meta.v1.ObjectMeta',
    'apimachinery.pkg.apis.meta.v1.OwnerReference',
    'apimachinery.pkg.apis.meta.v1.Patch',
    'apimachinery.pkg.apis.meta.v1.Preconditions',
    'apimachinery.pkg.apis.meta.v1.ShardInfo',
    'apimachinery.pkg.apis.meta.v1.Status',
    'apimachinery.pkg.apis.meta.v1.StatusCause',
    'apimachinery.pkg.apis.meta.v1.StatusDetails',
    'apimachinery.pkg.apis.meta.v1.Time',
  ]);
  assert.ok(definitionNames(plan).includes('io.k8s.api.coordination.v1.LeaseList'));
});
