import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseRoutes, type Route, routeChanges } from './routes.ts';

describe('what makes the routes those that are wanted', () => {
  const toPods: Route = { destination: '10.244.1.0/24', gateway: '172.30.0.3' };
  const cases: Record<string, { wanted: Route[]; present: Route[]; set: Route[]; remove: Route[] }> = {
    'nothing when they are as wanted': {
      wanted: [toPods],
      present: [{ ...toPods, device: 'eth0' }],
      set: [],
      remove: [],
    },
    'one that is missing': { wanted: [toPods], present: [], set: [toPods], remove: [] },
    'a node with another address': {
      wanted: [toPods],
      present: [{ ...toPods, gateway: '172.30.0.9', device: 'eth0' }],
      set: [toPods],
      remove: [],
    },
    'a node that is gone': {
      wanted: [],
      present: [{ ...toPods, device: 'eth0' }],
      set: [],
      remove: [{ ...toPods, device: 'eth0' }],
    },
    'a range that becomes local': {
      wanted: [{ destination: '10.96.0.0/16', device: 'lo', isLocal: true }],
      present: [{ destination: '10.96.0.0/16', device: 'eth0' }],
      set: [{ destination: '10.96.0.0/16', device: 'lo', isLocal: true }],
      remove: [{ destination: '10.96.0.0/16', device: 'eth0' }],
    },
  };
  for (const [name, { wanted, present, set, remove }] of Object.entries(cases))
    test(name, () => assert.deepEqual(routeChanges(wanted, present), { set, remove }));
});

test("ip's listing", () => {
  const listed = [
    { dst: '10.244.1.0/24', gateway: '172.30.0.3', dev: 'eth0', protocol: '87', flags: [] },
    { type: 'local', dst: '10.96.0.0/16', dev: 'lo', table: 'local', scope: 'host', flags: [] },
    { dst: '10.244.2.1', dev: 'eth0', flags: [] },
  ];
  assert.deepEqual(parseRoutes(JSON.stringify(listed), 32), [
    { destination: '10.244.1.0/24', gateway: '172.30.0.3', device: 'eth0' },
    { destination: '10.96.0.0/16', device: 'lo', isLocal: true },
    { destination: '10.244.2.1/32', device: 'eth0' },
  ]);
  assert.deepEqual(parseRoutes('\n', 32), []);
});
