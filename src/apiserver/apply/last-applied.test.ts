import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  applied,
  config,
  deploymentKind,
  fieldsOf,
  laterTime,
  owners,
  refusal,
  spec,
  stored,
  written,
} from './testing.ts';

describe('objects that were not applied before', () => {
  test('what nobody tracked belongs to before-first-apply', () => {
    const live = stored(deploymentKind, config({ replicas: 3 }, { labels: { a: '1' } }));
    const after = applied(deploymentKind, live, config({ paused: true }), { manager: 'a', time: laterTime });
    assert.deepEqual(owners(after), ['a Apply', 'before-first-apply Update']);
    assert.deepEqual(fieldsOf(after, 'before-first-apply'), {
      'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
      'f:spec': { 'f:replicas': {} },
    });
    assert.equal(
      refusal(() => applied(deploymentKind, live, config({ replicas: 1 }), { manager: 'a' })).message,
      'Apply failed with 1 conflict: conflict with "before-first-apply" using apps/v1: .spec.replicas',
    );
  });

  const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
  const lastApplied = config({ replicas: 3, paused: true });
  const clientSide = written(
    deploymentKind,
    undefined,
    config({ replicas: 3, paused: true }, { annotations: { [annotation]: JSON.stringify(lastApplied) } }),
    { manager: 'kubectl-client-side-apply' },
  );

  test('kubectl takes over from its client-side apply, and keeps the annotation', () => {
    const wanted = config({ replicas: 5 }, { annotations: { note: 'x' } });
    const after = applied(deploymentKind, clientSide, wanted, { manager: 'kubectl' });
    assert.equal(spec(after).replicas, 5);
    assert.equal(
      after.metadata.annotations?.[annotation],
      '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"annotations":{"note":"x"},"name":"web","namespace":"default"},"spec":{"replicas":5}}\n',
    );
  });

  test('another manager does not', () => {
    const refused = refusal(() =>
      applied(deploymentKind, clientSide, config({ replicas: 5 }), { manager: 'a' }),
    );
    assert.equal(refused.code, 409);
  });

  test('what was changed since is a conflict for kubectl too', () => {
    const changed = structuredClone(clientSide);
    spec(changed).replicas = 4;
    const scaled = written(deploymentKind, clientSide, changed, { manager: 'scaler' });
    assert.equal(
      refusal(() =>
        applied(deploymentKind, scaled, config({ replicas: 5, paused: false }), { manager: 'kubectl' }),
      ).message,
      'Apply failed with 1 conflict: conflict with "scaler" using apps/v1: .spec.replicas',
    );
  });
});
