import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestWorld } from '../../test/client/world.ts';
import type { Informers } from '../client/informers.ts';
import { Publisher } from './publisher.ts';
import { Responder } from './responder.ts';
import { query, shown, testService, testSlice } from './test-kit.ts';
import { Zone } from './zone.ts';

test('the zone follows Services, slices and namespaces', async (context) => {
  const world = await startTestWorld();
  context.after(() => world.close());
  const zone = new Zone({ zone: 'cluster.local', seconds: 5 });
  const publisher = new Publisher({
    informers: world.informers,
    zone,
    zoneName: 'cluster.local',
    serverAddresses: ['10.96.0.10'],
  });
  const responder = new Responder({
    zone,
    zoneName: 'cluster.local',
    seconds: 5,
    hasNamespace: (name) => publisher.hasNamespace(name),
    isReady: () => publisher.isReady,
  });
  const ask = (name: string, type = 'A') => {
    const outcome = responder.respond(query(name, { type }), { overTcp: false });
    return outcome.type === 'answer' ? shown(outcome.message).slice(0, 2).join('; ') : outcome.type;
  };
  const denied = (code: string) =>
    `${code} aa rd ra; authority cluster.local 5 SOA ns.dns.cluster.local hostmaster.cluster.local ... 5`;
  assert.equal(ask('set.default.svc.cluster.local'), 'SERVFAIL rd ra');
  await world.settle();
  assert.equal(ask('set.default.svc.cluster.local'), denied('NXDOMAIN'));
  assert.equal(ask('ns.dns.cluster.local'), 'NOERROR aa rd ra; answer ns.dns.cluster.local 5 A 10.96.0.10');
  assert.equal(ask('dns-version.cluster.local', 'TXT').slice(-7), '"1.1.0"');
  assert.equal(ask('1-2-3-4.default.pod.cluster.local').slice(0, 7), 'NOERROR');
  assert.equal(ask('1-2-3-4.none.pod.cluster.local').slice(0, 8), 'NXDOMAIN');

  const services = world.client.of('Service');
  const slices = world.client.of('EndpointSlice');
  // The slice may be seen before its Service is.
  const slice = testSlice([{ addresses: ['10.244.0.7'], conditions: { ready: true } }], { service: 'set' });
  const made = await slices.create(slice);
  await world.settle();
  assert.equal(ask('set.default.svc.cluster.local'), denied('NXDOMAIN'));
  await services.create(testService({ clusterIP: 'None', ports: [{ port: 80 }] }, { name: 'set' }));
  await world.settle();
  assert.equal(
    ask('set.default.svc.cluster.local'),
    'NOERROR aa rd ra; answer set.default.svc.cluster.local 5 A 10.244.0.7',
  );
  const other = { ...made, endpoints: [{ addresses: ['10.244.0.8'], conditions: { ready: true } }] };
  await slices.update(other);
  await world.settle();
  assert.match(ask('set.default.svc.cluster.local'), /10\.244\.0\.8$/);
  await slices.delete({ namespace: 'default', name: 'web-1' });
  await world.settle();
  assert.equal(ask('set.default.svc.cluster.local'), denied('NXDOMAIN'));

  const web = await services.create(testService({ ports: [{ port: 80 }] }));
  await world.settle();
  assert.match(ask('web.default.svc.cluster.local'), new RegExp(`A ${web.spec?.clusterIP}$`));
  await services.update({ ...web, spec: { type: 'ExternalName', externalName: 'example.com' } });
  await world.settle();
  assert.equal(ask('web.default.svc.cluster.local'), 'alias');
  await services.delete({ namespace: 'default', name: 'web' });
  await world.settle();
  assert.equal(ask('web.default.svc.cluster.local'), denied('NXDOMAIN'));
});

test('before namespaces are known, names of pods are not denied', () => {
  const synced = new Set(['Service', 'EndpointSlice']);
  const informers = {
    of: (name: string) => ({ hasSynced: synced.has(name), addIndex() {}, handle() {}, get() {} }),
  } as unknown as Informers;
  const zone = new Zone({ zone: 'cluster.local', seconds: 5 });
  const publisher = new Publisher({ informers, zone, zoneName: 'cluster.local', serverAddresses: [] });
  assert.equal(publisher.isReady, false);
  synced.add('Namespace');
  assert.equal(publisher.isReady, true);
});
