import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawMessages } from './generated/protobuf.ts';
import { messageOf } from './protobuf-messages.ts';

test('every line of the table names fields of its schema', () => {
  for (const name of Object.keys(rawMessages)) if (!name.startsWith('~')) assert.ok(messageOf(name), name);
});

test('numbers go on from the one before, and embedded messages have their own', () => {
  const names = [...(messageOf('ConfigMapEnvSource') ?? [])].map(([number, entry]) => [
    number,
    'inline' in entry ? [...entry.inline.keys()] : entry.field.name,
  ]);
  assert.deepEqual(names, [
    [1, [1]],
    [2, 'optional'],
  ]);
  const status = [...(messageOf('DeploymentCondition') ?? [])].map(([number]) => number);
  assert.deepEqual(status, [1, 2, 4, 5, 6, 7]);
});

test('types that Go clients send as JSON have no message', () => {
  assert.equal(messageOf('CustomResourceDefinition'), undefined);
  assert.equal(messageOf('constructor'), undefined);
});
