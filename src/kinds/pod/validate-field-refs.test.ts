import assert from 'node:assert/strict';
import { test } from 'node:test';
import { path } from '../field.ts';
import {
  envFieldPaths,
  validateFieldSelector,
  validateResourceSelector,
  volumeFieldPaths,
} from './validate-field-refs.ts';

const at = path('ref');
const problems = (fieldPath: string, supported = envFieldPaths, apiVersion = 'v1'): string[] =>
  validateFieldSelector({ apiVersion, fieldPath }, supported, at).map(
    (error) => `${error.field}: ${error.message}`,
  );

test('paths of fields', () => {
  assert.deepEqual(problems('metadata.name'), []);
  assert.deepEqual(problems('spec.host'), []);
  assert.deepEqual(problems('metadata.labels', volumeFieldPaths), []);
  assert.deepEqual(problems("metadata.annotations['Example.com/A']"), []);
  assert.deepEqual(problems(''), ['ref.fieldPath: Required value']);
  assert.deepEqual(problems('metadata.name', envFieldPaths, ''), ['ref.apiVersion: Required value']);
  assert.deepEqual(problems('metadata.name', envFieldPaths, 'v2'), [
    'ref.fieldPath: Invalid value: "metadata.name": error converting fieldPath: unsupported pod version: v2',
  ]);
  assert.deepEqual(problems('status.podIP', volumeFieldPaths), [
    'ref.fieldPath: Unsupported value: "status.podIP": supported values: "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"',
  ]);
  assert.deepEqual(problems("spec.nodeName['x']"), [
    `ref.fieldPath: Invalid value: "spec.nodeName['x']": error converting fieldPath: field label does not support subscript: spec.nodeName['x']`,
  ]);
  assert.deepEqual(problems("['x']"), [
    `ref.fieldPath: Invalid value: "['x']": error converting fieldPath: field label not supported: ['x']`,
  ]);
  assert.equal(problems("metadata.labels['']").length, 2);
});

test('resources', () => {
  const check = (resource: string, divisor?: string, container: 'required' | 'optional' = 'optional') =>
    validateResourceSelector({ resource, divisor }, at, container).map(
      (error) => `${error.field}: ${error.message}`,
    );
  assert.deepEqual(check('limits.cpu', '1m'), []);
  assert.deepEqual(check('requests.hugepages-2Mi', '1Mi'), []);
  assert.deepEqual(check('limits.cpu', '0'), []);
  assert.deepEqual(check(''), ['ref.resource: Required value']);
  assert.deepEqual(check('limits.cpu', undefined, 'required'), ['ref.containerName: Required value']);
  assert.deepEqual(check('limits.cpu', '2'), [
    'ref.divisor: Invalid value: "limits.cpu": only divisor\'s values 1m and 1 are supported with the cpu resource',
  ]);
  assert.deepEqual(check('cpu'), [
    'ref.resource: Unsupported value: "cpu": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"',
  ]);
});
