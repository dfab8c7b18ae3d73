import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceCIDR } from '../kinds/generated/types.ts';
import { formatCidr } from '../lib/cidr.ts';
import { nodeNetworkOf } from './node-network.ts';

const range = (name: string, cidrs: string[], more = {}): ServiceCIDR => ({
  metadata: { name, ...more },
  spec: { cidrs },
});

test('what a node and the Service ranges say', () => {
  const network = nodeNetworkOf(
    {
      metadata: { name: 'a', labels: { 'topology.kubernetes.io/zone': 'east' } },
      spec: { podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24', 'fd00:244::/64'] },
      status: {
        addresses: [
          { type: 'Hostname', address: 'a' },
          { type: 'InternalIP', address: 'FD00::2' },
          { type: 'InternalIP', address: '172.30.0.2' },
          { type: 'ExternalIP', address: '203.0.113.2' },
        ],
      },
    },
    [
      range('kubernetes', ['10.96.0.0/16', 'fd00:96::/112']),
      range('more', ['10.96.5.0/24', '10.97.0.0/16', 'nonsense']),
      range('going', ['10.98.0.0/16'], { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    ],
  );
  assert.deepEqual(
    {
      ...network,
      podCidrs: network.podCidrs.map(formatCidr),
      serviceCidrs: network.serviceCidrs.map(formatCidr),
    },
    {
      node: 'a',
      zone: 'east',
      nodeAddresses: ['172.30.0.2', 'fd00::2'],
      podCidrs: ['10.244.0.0/24', 'fd00:244::/64'],
      serviceCidrs: ['10.96.0.0/16', '10.97.0.0/16', 'fd00:96::/112'],
    },
  );
});

test('a node of which nothing is known yet', () => {
  assert.deepEqual(nodeNetworkOf({ metadata: { name: 'a' } }, []), {
    node: 'a',
    nodeAddresses: [],
    podCidrs: [],
    serviceCidrs: [],
  });
});
