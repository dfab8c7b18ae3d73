import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Namespace } from './generated/types.ts';
import { validateObjectMeta } from './metadata.ts';
import { namespace } from './namespace.ts';
import { created, createErrors, row, statusErrors } from './test-kit.ts';

const metadata = { name: 'team-a' };

describe('Namespace', () => {
  test('is active, bears its name as a label, and is held by its finalizer', () => {
    assert.deepEqual(created(namespace, { metadata, spec: { finalizers: ['example.com/hold'] } }), {
      metadata: { name: 'team-a', labels: { 'kubernetes.io/metadata.name': 'team-a' } },
      spec: { finalizers: ['example.com/hold', 'kubernetes'] },
      status: { phase: 'Active' },
    });
  });

  test('a false label is put right', () => {
    const object = { metadata: { name: 'team-a', labels: { 'kubernetes.io/metadata.name': 'team-b' } } };
    assert.deepEqual(created(namespace, object).metadata.labels, { 'kubernetes.io/metadata.name': 'team-a' });
  });

  test('has a label for a name', () => {
    const messages = validateObjectMeta({ name: 'team.a' }, namespace).map((error) => error.message);
    assert.deepEqual(messages, ['Invalid value: "team.a": must not contain dots']);
    assert.deepEqual(validateObjectMeta({ name: 'team-x', generateName: 'team-' }, namespace), []);
  });

  test('finalizers are standard or have a domain', () => {
    assert.deepEqual(createErrors(namespace, { metadata, spec: { finalizers: ['mine'] } } as Namespace), [
      'spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ]);
  });

  test('an update leaves the finalizers, which only the finalize subresource changes', () => {
    const old = created<Namespace>(namespace, { metadata });
    const object = { metadata, spec: {}, status: old.status };
    namespace.prepareUpdate?.(object, old);
    assert.deepEqual(object.spec, { finalizers: ['kubernetes'] });
  });

  test('the phase follows the deletion timestamp', () => {
    const status = { phase: 'Terminating' };
    assert.deepEqual(statusErrors(namespace, { metadata, status } as Namespace, { metadata }), [
      'status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty',
    ]);
    const dying = { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
    const active = { metadata: dying, status: { phase: 'Active' } };
    assert.deepEqual(statusErrors(namespace, active as Namespace, { metadata: dying }), [
      'status.Phase: Invalid value: "Active": may only be \'Terminating\' if `deletionTimestamp` is not empty',
    ]);
    assert.deepEqual(
      statusErrors(namespace, { metadata: dying, status } as Namespace, { metadata: dying }),
      [],
    );
  });

  test('shows its phase', () => {
    const object = created(namespace, { metadata });
    assert.deepEqual(row(namespace, object), { Name: 'team-a', Status: 'Active', Age: '<unknown>' });
  });
});
