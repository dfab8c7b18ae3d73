import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IPAddress, Service, ServiceCIDR } from '../../kinds/generated/types.ts';
import { ipAddress } from '../../kinds/ip-address.ts';
import { service } from '../../kinds/service.ts';
import { serviceCIDR } from '../../kinds/service-cidr.ts';
import { createManualClock } from '../../lib/manual-clock.ts';
import { FakeCluster } from './fake-cluster.ts';
import { ServiceIndex } from './service-index.ts';
import { parseServiceCIDRs } from './service-options.ts';

function started(...cidrs: string[]) {
  const cluster = new FakeCluster([serviceCIDR]);
  const index = new ServiceIndex(parseServiceCIDRs(cidrs), createManualClock());
  index.start(cluster.view);
  const write = (verb: 'create' | 'update' | 'delete', name: string, rest: Partial<ServiceCIDR>) =>
    cluster.write(verb, { metadata: { name }, ...rest }, { kind: serviceCIDR });
  const ranges = (family: 'IPv4' | 'IPv6' = 'IPv4') =>
    index.addresses.get(family)?.ranges.map((range) => range.text);
  return { index, write, ranges };
}

test("the server's own range comes first, then the others by name, each once", () => {
  const { write, ranges } = started('10.96.0.0/16');
  write('create', 'kubernetes', { spec: { cidrs: ['10.96.0.0/16'] } });
  write('create', 'b', { spec: { cidrs: ['10.98.0.0/24'] } });
  write('create', 'a', { spec: { cidrs: ['10.97.0.0/24', 'fd00::/112'] } });
  assert.deepEqual(ranges(), ['10.96.0.0/16', '10.97.0.0/24', '10.98.0.0/24']);
  assert.equal(ranges('IPv6'), undefined);
  write('delete', 'a', {});
  assert.deepEqual(ranges(), ['10.96.0.0/16', '10.98.0.0/24']);
});

test('a range that is not ready, is leaving, or is too large gives nothing', () => {
  const { write, ranges } = started('10.96.0.0/16', 'fd00:10::/112');
  const condition = (status: string) => ({
    status: { conditions: [{ type: 'Ready', status, reason: '', message: '', lastTransitionTime: '' }] },
  });
  write('create', 'a', { spec: { cidrs: ['10.97.0.0/24'] }, ...condition('False') });
  write('create', 'b', { spec: { cidrs: ['fd00:11::/48'] } });
  assert.deepEqual([ranges(), ranges('IPv6')], [['10.96.0.0/16'], ['fd00:10::/112']]);
  write('update', 'a', { spec: { cidrs: ['10.97.0.0/24'] }, ...condition('True') });
  assert.deepEqual(ranges(), ['10.96.0.0/16', '10.97.0.0/24']);
});

test('an address held twice is free when both have let it go; a port when its Service has', () => {
  const cluster = new FakeCluster([service, ipAddress]);
  const index = new ServiceIndex(parseServiceCIDRs(['10.96.0.0/16']), createManualClock());
  index.start(cluster.view);
  const web: Service = {
    metadata: { name: 'web', namespace: 'default' },
    spec: { type: 'NodePort', clusterIP: '10.96.0.5', ports: [{ port: 80, nodePort: 30_000 }] },
  };
  const address: IPAddress = {
    metadata: { name: '10.96.0.5' },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 'web' } },
  };
  const state = () => [index.addresses.get('IPv4')?.taken.size, index.isPortTaken(30_000)];
  cluster.write('create', web, { kind: service });
  cluster.write('create', address, { kind: ipAddress });
  assert.deepEqual(state(), [1, true]);
  cluster.write('update', { ...web, metadata: { ...web.metadata, labels: { a: 'b' } } }, { kind: service });
  cluster.write('delete', address, { kind: ipAddress });
  assert.deepEqual(state(), [1, true]);
  cluster.write('delete', web, { kind: service });
  assert.deepEqual(state(), [0, false]);
});
