import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remove, requeueAfter } from '../client/change.ts';
import { fixedView } from '../client/fixed-view.ts';
import { tokenCleaner } from './token-cleaner.ts';

const now = Date.UTC(2026, 0, 1);

function token(
  expiration: string | undefined,
  { namespace = 'kube-system', type = 'bootstrap.kubernetes.io/token' } = {},
) {
  const data = expiration === undefined ? {} : { expiration: Buffer.from(expiration).toString('base64') };
  const metadata = { name: 'bootstrap-token-abcdef', namespace, uid: 'u', resourceVersion: '7' };
  return { apiVersion: 'v1', kind: 'Secret', metadata, type, data };
}
const reconcile = (secret: ReturnType<typeof token>) =>
  tokenCleaner.reconcile(
    `${secret.metadata.namespace}/${secret.metadata.name}`,
    fixedView(tokenCleaner, { now, objects: [secret] as never }),
  );

test('a bootstrap token goes when it expires, and not before', () => {
  assert.deepEqual(reconcile(token('2026-01-01T00:00:01Z')), [requeueAfter(1000)]);
  const expired = token('2026-01-01T01:00:00+01:00');
  const preconditions = { resourceVersion: '7' };
  assert.deepEqual(reconcile(expired), [remove('Secret', expired as never, { preconditions })]);
});

test('other secrets stay, and tokens without an end', () => {
  for (const secret of [
    token(undefined),
    token('soon'),
    token('2020-01-01T00:00:00Z', { type: 'Opaque' }),
    token('2020-01-01T00:00:00Z', { namespace: 'default' }),
  ])
    assert.deepEqual(reconcile(secret), []);
});
