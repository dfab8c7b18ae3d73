import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { apiService } from './api-service.ts';
import { customResourceDefinition } from './custom-resource-definition.ts';
import type {
  APIService,
  CustomResourceDefinition,
  CustomResourceDefinitionSpec,
} from './generated/types.ts';
import { created, createErrors, row, updateErrors } from './test-kit.ts';

const spec: CustomResourceDefinitionSpec = {
  group: 'example.com',
  names: { kind: 'Widget', plural: 'widgets' },
  scope: 'Namespaced',
  versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
};
const of = (changes: object, name = 'widgets.example.com'): CustomResourceDefinition => ({
  metadata: { name },
  spec: { ...structuredClone(spec), ...changes },
});
const errors = (changes: object, name?: string): string[] =>
  createErrors(customResourceDefinition, of(changes, name));

describe('CustomResourceDefinition', () => {
  test('names follow from the kind, and the stored version is noted', () => {
    const object = created(customResourceDefinition, of({}));
    assert.deepEqual(object.spec.names, {
      kind: 'Widget',
      plural: 'widgets',
      singular: 'widget',
      listKind: 'WidgetList',
    });
    assert.deepEqual(object.spec.conversion, { strategy: 'None' });
    assert.deepEqual(object.status?.storedVersions, ['v1']);
  });

  test('is named after plural and group', () => {
    assert.deepEqual(errors({}), []);
    assert.deepEqual(errors({}, 'widget.example.com'), [
      'metadata.name: Invalid value: "widget.example.com": must be spec.names.plural+"."+spec.group',
    ]);
  });

  test('has a scope, schemas and one stored version', () => {
    const versions = [
      { name: 'v1', served: true, storage: true },
      { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: {} } },
    ];
    assert.deepEqual(errors({ scope: 'Galaxy', versions }), [
      'spec.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespaced"',
      'spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required',
      'spec.versions[1].name: Duplicate value: "v1"',
      `spec.versions: Invalid value: ${JSON.stringify(versions)}: must have exactly one version marked as storage version`,
    ]);
  });

  test('has a group with a dot, and names that differ', () => {
    const names = { kind: 'Widget', listKind: 'Widget', plural: 'widgets' };
    assert.deepEqual(errors({ group: 'example', names }, 'widgets.example'), [
      'spec.group: Invalid value: "example": should be a domain with at least one dot',
      'spec.names.listKind: Invalid value: "Widget": kind and listKind may not be the same',
    ]);
  });

  test('group stays', () => {
    const old = of({});
    assert.ok(
      updateErrors(customResourceDefinition, of({ group: 'example.org' }), old).includes(
        'spec.group: Invalid value: "example.org": field is immutable',
      ),
    );
  });
});

describe('APIService', () => {
  const service = (changes: object, name = 'v1.example.com'): APIService =>
    ({
      metadata: { name },
      spec: {
        group: 'example.com',
        version: 'v1',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        ...changes,
      },
    }) as APIService;

  test('is named after version and group, and has priorities', () => {
    assert.deepEqual(createErrors(apiService, service({})), []);
    const bad = service({ groupPriorityMinimum: 0, versionPriority: 2000, service: {} }, 'v2.example.com');
    assert.deepEqual(createErrors(apiService, bad), [
      'metadata.name: Invalid value: "v2.example.com": must be `spec.version+"."+spec.group`: "v1.example.com"',
      'spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000',
      'spec.versionPriority: Invalid value: 2000: must be positive and less than 1000',
      'spec.service.namespace: Required value',
      'spec.service.name: Required value',
    ]);
  });

  test('shows who serves it and whether it does', () => {
    const local = row(apiService, service({}));
    assert.deepEqual(local, {
      Name: 'v1.example.com',
      Service: 'Local',
      Available: 'Unknown',
      Age: '<unknown>',
    });
    const down = service({ service: { name: 'api', namespace: 'default' } });
    down.status = { conditions: [{ type: 'Available', status: 'False', reason: 'ServiceNotFound' }] };
    const shown = row(apiService, down);
    assert.deepEqual([shown.Service, shown.Available], ['default/api', 'False (ServiceNotFound)']);
  });
});
