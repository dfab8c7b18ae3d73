import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../lib/system.ts';
import { askUpstream } from './upstream.ts';

test('a server that the kernel lets nobody send to is one that cannot be reached', async () => {
  // The broadcast address takes a permission that is not asked for: no packet leaves.
  const upstream = { address: '255.255.255.255', port: 53 };
  await assert.rejects(askUpstream({ upstream, query: Buffer.alloc(12), clock: systemClock }), {
    code: 'DNS_UNREACHABLE',
    message: /255\.255\.255\.255 port 53: connect EACCES/,
  });
});
