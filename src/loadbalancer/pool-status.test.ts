import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Assignment } from './allocate.ts';
import { addressesInUse, poolStatus, sameStatus } from './pool-status.ts';
import { makePool } from './pools.ts';

const assigned = (pool: string, ...ips: string[]): Assignment => ({
  type: 'assigned',
  ips,
  pool,
  isNew: false,
});

test('an address that Services share counts once; what cannot be counted is very many', () => {
  const pool = { ...makePool('first', ['10.0.0.0/24', 'fd00::/64']), avoidBuggyIPs: true };
  const inUse = addressesInUse([
    assigned('first', '10.0.0.1', 'fd00::1'),
    assigned('first', '10.0.0.1'),
    assigned('second', '10.9.0.1'),
    { type: 'failed', why: 'no available IPs' },
  ]);
  const status = poolStatus(pool, inUse.get('first') ?? new Set());
  assert.deepEqual(status, {
    assignedIPv4: 1,
    assignedIPv6: 1,
    availableIPv4: 253,
    availableIPv6: Number.MAX_SAFE_INTEGER,
  });
  const object = { metadata: {}, spec: { addresses: [] } };
  assert.equal(sameStatus(object, status), false);
  assert.equal(sameStatus({ ...object, status }, status), true);
});
