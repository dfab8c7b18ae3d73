import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice, Service } from '../kinds/generated/types.ts';
import { recordsPerSetMax } from './limits.ts';
import { type DnsRecord, recordsOf, reverseName } from './records.ts';
import { testService, testSlice } from './test-kit.ts';

const shownRecord = (record: DnsRecord): string => {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return `${record.name} ${record.type} ${record.address}`;
    case 'SRV':
      return `${record.name} SRV ${record.port} ${record.target}`;
    case 'TXT':
      return `${record.name} TXT ${record.text}`;
    default:
      return `${record.name} ${record.type} ${record.target}`;
  }
};

const headless = { clusterIP: 'None', ports: [{ name: 'http', port: 80 }] };

const cases: { name: string; service: Service; slices?: EndpointSlice[]; records: string[] }[] = [
  {
    name: 'a ClusterIP',
    service: testService({ clusterIP: '10.96.0.5', clusterIPs: ['10.96.0.5'], ports: [{ port: 80 }] }),
    records: [
      'web.default.svc.cluster.local A 10.96.0.5',
      '5.0.96.10.in-addr.arpa PTR web.default.svc.cluster.local',
    ],
  },
  {
    name: 'both families, several named ports',
    service: testService({
      clusterIP: '10.96.0.5',
      clusterIPs: ['10.96.0.5', 'fd00::5'],
      ports: [
        { name: 'http', port: 80 },
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'signal', port: 9, protocol: 'SCTP' },
      ],
    }),
    records: [
      'web.default.svc.cluster.local A 10.96.0.5',
      'web.default.svc.cluster.local AAAA fd00::5',
      '_http._tcp.web.default.svc.cluster.local SRV 80 web.default.svc.cluster.local',
      '_dns._udp.web.default.svc.cluster.local SRV 53 web.default.svc.cluster.local',
      '_signal._sctp.web.default.svc.cluster.local SRV 9 web.default.svc.cluster.local',
      '5.0.96.10.in-addr.arpa PTR web.default.svc.cluster.local',
      '5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa PTR web.default.svc.cluster.local',
    ],
  },
  {
    name: 'an ExternalName, its last dot aside',
    service: testService({ type: 'ExternalName', externalName: 'db.example.com.' }),
    records: ['web.default.svc.cluster.local CNAME db.example.com'],
  },
  { name: 'no address yet', service: testService({ ports: [{ name: 'http', port: 80 }] }), records: [] },
  { name: 'headless without endpoints', service: testService(headless), slices: [], records: [] },
  {
    name: 'headless: ready endpoints and those of which nothing is known, by hostname or address',
    service: testService(headless),
    slices: [
      testSlice([
        { addresses: ['10.244.1.5'], conditions: { ready: true }, hostname: 'web-0' },
        { addresses: ['10.244.2.6'] },
        { addresses: ['10.244.2.7'], conditions: { ready: false, serving: true, terminating: true } },
      ]),
    ],
    records: [
      'web.default.svc.cluster.local A 10.244.1.5',
      'web-0.web.default.svc.cluster.local A 10.244.1.5',
      '5.1.244.10.in-addr.arpa PTR web-0.web.default.svc.cluster.local',
      '_http._tcp.web.default.svc.cluster.local SRV 8080 web-0.web.default.svc.cluster.local',
      'web.default.svc.cluster.local A 10.244.2.6',
      '10-244-2-6.web.default.svc.cluster.local A 10.244.2.6',
      '6.2.244.10.in-addr.arpa PTR 10-244-2-6.web.default.svc.cluster.local',
      '_http._tcp.web.default.svc.cluster.local SRV 8080 10-244-2-6.web.default.svc.cluster.local',
    ],
  },
  {
    name: 'headless: an endpoint in two slices is one, and IPv6 has its own',
    service: testService({ clusterIP: 'None' }),
    slices: [
      testSlice([{ addresses: ['10.244.1.5'] }], { ports: [] }),
      testSlice([{ addresses: ['10.244.1.5'] }], { ports: [{ name: '', port: 1 }] }),
      testSlice([{ addresses: ['fd01::5'] }], { addressType: 'IPv6', ports: [{ name: 'x' }] }),
      testSlice([{ addresses: ['example.com'] }], { addressType: 'FQDN' }),
    ],
    records: [
      'web.default.svc.cluster.local A 10.244.1.5',
      '10-244-1-5.web.default.svc.cluster.local A 10.244.1.5',
      '5.1.244.10.in-addr.arpa PTR 10-244-1-5.web.default.svc.cluster.local',
      'web.default.svc.cluster.local AAAA fd01::5',
      'fd01--5.web.default.svc.cluster.local AAAA fd01::5',
      '5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.d.f.ip6.arpa PTR fd01--5.web.default.svc.cluster.local',
    ],
  },
];

for (const { name, service, slices = [], records } of cases)
  test(name, () => assert.deepEqual(recordsOf(service, slices, 'cluster.local').map(shownRecord), records));

test('a headless Service of very many endpoints is published in part', () => {
  const endpoints = Array.from({ length: recordsPerSetMax + 5 }, (_, index) => ({
    addresses: [`10.${index >> 8}.${index & 0xff}.1`],
  }));
  const records = recordsOf(testService({ clusterIP: 'None' }), [testSlice(endpoints)], 'cluster.local');
  const published = records.filter(({ type, name }) => type === 'A' && name.startsWith('web.'));
  assert.equal(published.length, recordsPerSetMax);
});

test('what is no address has no reverse name', () => assert.equal(reverseName('example.com'), undefined));
