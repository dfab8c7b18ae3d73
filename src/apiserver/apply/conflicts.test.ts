import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  applied,
  config,
  containers,
  deploymentKind,
  fieldsOf,
  owners,
  refusal,
  serviceKind,
  spec,
  written,
} from './testing.ts';

describe('conflicts', () => {
  const live = written(deploymentKind, undefined, config({ replicas: 3, paused: true }), {
    manager: 'kubectl-client-side-apply',
  });

  test('one', () => {
    assert.deepEqual(
      refusal(() => applied(deploymentKind, live, config({ replicas: 1 }), { manager: 'a' })),
      {
        code: 409,
        reason: 'Conflict',
        message:
          'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas',
        details: {
          causes: [
            {
              reason: 'FieldManagerConflict',
              message: 'conflict with "kubectl-client-side-apply" using apps/v1',
              field: '.spec.replicas',
            },
          ],
        },
      },
    );
  });

  test('several, of several', () => {
    const pair = containers({ name: 'web', image: 'web:1' });
    const scaled = written(
      deploymentKind,
      live,
      config({ replicas: 4, paused: true }, { managedFields: live.metadata.managedFields }),
      { manager: 'scaler', subresource: 'scale' },
    );
    const both = applied(deploymentKind, scaled, config(pair), { manager: 'gitops' });
    const wanted = config({ replicas: 1, paused: false, ...containers({ name: 'web', image: 'web:2' }) });
    const refused = refusal(() => applied(deploymentKind, both, wanted, { manager: 'a' }));
    assert.equal(
      refused.message,
      [
        'Apply failed with 3 conflicts: conflicts with "gitops":',
        '- .spec.template.spec.containers[name="web"].image',
        'conflicts with "kubectl-client-side-apply" using apps/v1:',
        '- .spec.paused',
        'conflicts with "scaler" with subresource "scale" using apps/v1:',
        '- .spec.replicas',
      ].join('\n'),
    );
    assert.equal((refused.details as { causes: unknown[] }).causes.length, 3);
  });

  test('the same value is shared, not a conflict', () => {
    const after = applied(deploymentKind, live, config({ replicas: 3 }), { manager: 'a' });
    assert.deepEqual(owners(after), ['a Apply', 'kubectl-client-side-apply Update']);
    assert.deepEqual(
      fieldsOf(after, 'kubectl-client-side-apply'),
      fieldsOf(live, 'kubectl-client-side-apply'),
    );
  });

  test('force takes ownership', () => {
    const after = applied(deploymentKind, live, config({ replicas: 1, paused: false }), {
      manager: 'a',
      force: true,
    });
    assert.equal(spec(after).replicas, 1);
    assert.deepEqual(owners(after), ['a Apply']);
  });

  test('an atomic map is one field', () => {
    const service = (selector: object) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { selector },
    });
    const first = applied(serviceKind, undefined, service({ app: 'web' }), { manager: 'a' });
    assert.equal(
      refusal(() => applied(serviceKind, first, service({ app: 'web', tier: 'x' }), { manager: 'b' }))
        .message,
      'Apply failed with 1 conflict: conflict with "a": .spec.selector',
    );
  });
});
