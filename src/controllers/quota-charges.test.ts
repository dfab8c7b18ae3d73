import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceQuota } from '../kinds/generated/types.ts';
import { QuotaCharges } from './quota-charges.ts';

const hard = { pods: '9', configmaps: '9' };
const quotaAt = (revision: number, used: Record<string, string>, limits: object = hard): ResourceQuota => ({
  metadata: { namespace: 'default', name: 'q', uid: 'u', resourceVersion: String(revision) },
  status: { hard: limits as Record<string, string>, used },
});

test('what rises under the same limits was charged; what the controller counted was not', () => {
  const charges = new QuotaCharges();
  const first = quotaAt(5, {}, {});
  charges.take({ type: 'add', object: first });
  const counted = quotaAt(7, { pods: '3', configmaps: '1' });
  charges.take({ type: 'update', object: counted, old: first });
  const charged = quotaAt(9, { pods: '4', configmaps: '1' });
  charges.take({ type: 'update', object: charged, old: counted });
  // Told for the object as it is and as it was, as the runner does.
  charges.take({ type: 'update', object: charged, old: counted });
  const lowered = quotaAt(12, { pods: '2', configmaps: '1' });
  charges.take({ type: 'update', object: lowered, old: charged });
  assert.deepEqual(
    ['pods', 'configmaps', 'secrets'].map((name) => charges.revision(lowered, name)),
    [9, 5, 5],
  );
});

test('another quota of the same name begins anew, and one never seen is as new as it can be', () => {
  const charges = new QuotaCharges();
  charges.take({ type: 'add', object: quotaAt(5, {}) });
  const other = { ...quotaAt(20, {}), metadata: { ...quotaAt(20, {}).metadata, uid: 'other' } };
  assert.equal(charges.revision(other, 'pods'), 20);
  charges.take({ type: 'update', object: other, old: quotaAt(5, {}) });
  assert.equal(charges.revision({ ...other }, 'pods'), 20);
  charges.take({ type: 'delete', object: other });
  assert.equal(charges.revision(quotaAt(31, {}), 'pods'), 31);
});
