import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definitionNameOf, goTypeOf } from './definitions.ts';
import { schemaNames, schemaOf } from './schema.ts';

const field = (type: string, name: string) => schemaOf(type).fields.get(name);

test('a field with all its facts', () => {
  assert.deepEqual(field('PodSpec', 'volumes'), {
    name: 'volumes',
    type: { type: 'list', of: { type: 'object', schema: 'Volume' } },
    required: false,
    pointer: false,
    always: false,
    patchMergeKey: 'name',
    patchStrategy: ['merge', 'retainKeys'],
    listType: 'map',
    listMapKeys: ['name'],
  });
  assert.deepEqual(field('Container', 'imagePullPolicy'), {
    name: 'imagePullPolicy',
    type: { type: 'string' },
    required: false,
    pointer: false,
    always: false,
    goType: 'v1.PullPolicy',
  });
});

test('patch keys and list keys that other code leans on', () => {
  const cases: [type: string, name: string, patch: string, keys: string][] = [
    ['Container', 'ports', 'containerPort merge', 'map containerPort,protocol'],
    ['Container', 'env', 'name merge', 'map name'],
    ['Container', 'volumeMounts', 'mountPath merge', 'map mountPath'],
    ['Container', 'args', '', 'atomic'],
    ['DeploymentSpec', 'strategy', 'retainKeys', ''],
    ['LoadBalancerStatus', 'ingress', '', 'atomic'],
    ['NodeSpec', 'podCIDRs', 'merge', 'set'],
    ['NodeSpec', 'taints', '', 'atomic'],
    ['NodeStatus', 'addresses', 'type merge', 'map type'],
    ['ObjectMeta', 'finalizers', 'merge', 'set'],
    ['ObjectMeta', 'ownerReferences', 'uid merge', 'map uid'],
    ['PodSpec', 'containers', 'name merge', 'map name'],
    ['PodSpec', 'ephemeralContainers', 'name merge', 'map name'],
    ['PodSpec', 'hostAliases', 'ip merge', 'map ip'],
    ['PodSpec', 'imagePullSecrets', 'name merge', 'map name'],
    ['PodSpec', 'initContainers', 'name merge', 'map name'],
    ['PodSpec', 'tolerations', '', 'atomic'],
    ['PodSpec', 'topologySpreadConstraints', 'topologyKey merge', 'map topologyKey,whenUnsatisfiable'],
    ['PodStatus', 'conditions', 'type merge', 'map type'],
    ['PodStatus', 'podIPs', 'ip merge', 'map ip'],
    ['ServiceAccount', 'secrets', 'name merge', 'map name'],
    ['ServiceSpec', 'ports', 'port merge', 'map port,protocol'],
  ];
  for (const [type, name, patch, keys] of cases) {
    const facts = field(type, name);
    const found = [facts?.patchMergeKey, facts?.patchStrategy?.join()]
      .filter((each) => each !== undefined)
      .join(' ');
    assert.equal(found, patch, `${type}.${name}`);
    const list = [facts?.listType, facts?.listMapKeys?.join()].filter((each) => each !== undefined).join(' ');
    assert.equal(list, keys, `${type}.${name}`);
  }
});

test('every schema parses, and refers only to what there is', () => {
  const names = new Set(schemaNames());
  for (const name of names)
    for (const { type } of schemaOf(name).fields.values()) {
      let inner = type;
      while (inner.type === 'list' || inner.type === 'map') inner = inner.of;
      if (inner.type === 'object') assert.ok(names.has(inner.schema), `${name}: ${inner.schema}`);
    }
});

test('a list that is a map has keys that its elements have', () => {
  for (const name of schemaNames())
    for (const { name: fieldName, type, listMapKeys } of schemaOf(name).fields.values()) {
      if (listMapKeys === undefined) continue;
      assert.ok(type.type === 'list' && type.of.type === 'object', `${name}.${fieldName}`);
      for (const key of listMapKeys)
        assert.ok(schemaOf(type.of.schema).fields.has(key), `${name}.${fieldName}: ${key}`);
    }
});

test('names that do not exist', () => {
  for (const name of ['Nothing', 'constructor', '__proto__', '']) {
    assert.throws(() => schemaOf(name), { code: 'BAD_SCHEMA_NAME' });
    assert.throws(() => definitionNameOf(name), { code: 'BAD_SCHEMA_NAME' });
  }
});

test("upstream's names of our types", () => {
  const cases: [string, string][] = [
    ['PodSpec', 'io.k8s.api.core.v1.PodSpec'],
    ['CoreEvent', 'io.k8s.api.core.v1.Event'],
    ['EventsEvent', 'io.k8s.api.events.v1.Event'],
    ['HorizontalPodAutoscalerV2', 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler'],
    ['RbacSubject', 'io.k8s.api.rbac.v1.Subject'],
    ['ObjectMeta', 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'],
    ['APIService', 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService'],
    ['JSONSchemaProps', 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps'],
  ];
  for (const [name, definition] of cases) assert.equal(definitionNameOf(name), definition);
  assert.deepEqual(goTypeOf('HorizontalPodAutoscalerV2'), { package: 'v2', name: 'HorizontalPodAutoscaler' });
  for (const name of schemaNames()) assert.match(definitionNameOf(name), /^io\.(k8s|metallb)\./, name);
});
