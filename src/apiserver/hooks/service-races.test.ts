import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Service, ServiceSpec } from '../../kinds/generated/types.ts';
import { service } from '../../kinds/service.ts';
import { kindPrefix } from '../keys.ts';
import type { Hook } from './hook.ts';
import { Bench, refusal, selector } from './service-bench.ts';

test('a restarted server knows what is taken', () => {
  const bench = new Bench({ cidrs: ['10.96.0.0/28'], nodePorts: '30000-30007' });
  for (let index = 0; index < 6; index++) bench.create(`web-${index}`, { type: 'NodePort' });
  bench.hook = bench.server(99);
  for (let index = 6; index < 8; index++) bench.create(`web-${index}`, { type: 'NodePort' });
  assert.equal(bench.ports().length, 8);
  assert.throws(
    () => bench.create('web-8', { type: 'NodePort' }),
    refusal(500, 'Internal error occurred: failed to allocate a nodePort: range is full'),
  );
  assert.equal(new Set(bench.addresses()).size, 8);
});

test('two servers whose views lag never give out the same, and each retries until it has something', () => {
  const bench = new Bench({ cidrs: ['10.96.0.0/27'], nodePorts: '30000-30031' });
  const servers = [bench.hook, bench.server(1)];
  bench.cluster.lagging = true;
  for (let index = 0; index < 24; index++) {
    bench.create(`web-${index}`, { type: 'NodePort' }, { hook: servers[index % 2] });
    if (index % 4 === 3) bench.cluster.catchUp();
  }
  assert.deepEqual([bench.names().length, bench.addresses().length, bench.ports().length], [24, 24, 24]);
  // The same seed makes both choose the same at first, so there were collisions to survive.
  assert.ok(bench.cluster.plans > 24, String(bench.cluster.plans));
});

test('a static address lost to another server is refused once the view shows it', () => {
  const bench = new Bench();
  bench.cluster.lagging = true;
  bench.create('winner', { clusterIP: '10.96.0.40' });
  const { hook } = bench;
  const slow: Hook = {
    ...hook,
    plan: (write, attempt) => {
      if (attempt === 1) bench.cluster.catchUp();
      return hook.plan(write, attempt);
    },
  };
  assert.throws(
    () => bench.create('loser', { clusterIP: '10.96.0.40' }, { hook: slow }),
    refusal(
      422,
      'Service "loser" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.40"]: failed to allocate IP 10.96.0.40: provided IP is already allocated',
    ),
  );
  assert.deepEqual(bench.addresses(), ['10.96.0.40']);
});

test('a write planned again on the same object chooses anew', () => {
  const bench = new Bench({ nodePorts: '30000-30003' });
  const object: Service = {
    metadata: { name: 'web', namespace: 'default' },
    spec: { type: 'NodePort', ports: [{ port: 80 }] },
  };
  service.defaults?.(object);
  const write = { verb: 'create' as const, object: object as never, old: undefined, dryRun: false };
  const chosen = [0, 1, 2].map((attempt) => {
    bench.hook.plan(write, attempt);
    return [object.spec?.clusterIP, object.spec?.ports?.[0]?.nodePort];
  });
  assert.equal(new Set(chosen.map(([ip]) => ip)).size, 3);
  assert.equal(new Set(chosen.map(([, port]) => port)).size, 3);
});

test('a health check port is never the node port that the Service has from another server', () => {
  for (let seed = 0; seed < 20; seed++) {
    const bench = new Bench({ nodePorts: '30000-30001', seed });
    bench.cluster.lagging = true;
    bench.create('web', { type: 'NodePort', ports: [{ port: 80 }] });
    bench.hook = bench.server(seed);
    bench.update('web', { type: 'LoadBalancer', ports: [{ port: 80 }], externalTrafficPolicy: 'Local' });
    assert.deepEqual(bench.ports(), ['30000', '30001']);
  }
});

test('what was planned and never written is to be had again after a while', () => {
  const bench = new Bench({ cidrs: ['10.96.0.0/29'], nodePorts: '30000-30000' });
  const object: Service = {
    metadata: { name: 'lost', namespace: 'default' },
    spec: { ports: [{ port: 80 }] },
  };
  service.defaults?.(object);
  for (let index = 0; index < 5; index++)
    bench.hook.plan(
      { verb: 'create', object: structuredClone(object) as never, old: undefined, dryRun: false },
      0,
    );
  // Every address is about to be written by somebody; they are given out all the same, when there is nothing else.
  for (const name of ['a', 'b', 'c', 'd', 'e']) bench.create(name);
  assert.equal(bench.addresses().length, 5);
});

test('over any history of two servers: what the store holds is exactly what the Services say', () => {
  const types = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const;
  const step = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    type: fc.constantFrom(...types),
    action: fc.constantFrom('write', 'write', 'delete', 'catchUp'),
    dual: fc.boolean(),
    local: fc.boolean(),
    server: fc.nat(1),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), fc.nat(), (steps, seed) => {
      const bench = new Bench({ cidrs: ['10.96.0.0/29', 'fd00::/125'], nodePorts: '30000-30009', seed });
      const servers = [bench.hook, bench.server(seed + 1)];
      bench.cluster.lagging = true;
      for (const { name, type, action, dual, local, server } of steps) {
        bench.hook = servers[server] as Hook;
        if (action === 'catchUp') bench.cluster.catchUp();
        const exists = bench.names().includes(`default/${name}`);
        const spec: ServiceSpec = {
          type,
          selector,
          ports: [{ port: 80 }],
          ...(type === 'ExternalName'
            ? { externalName: 'example.com' }
            : { ipFamilyPolicy: dual ? 'PreferDualStack' : 'SingleStack' }),
          ...(type === 'LoadBalancer' && local ? { externalTrafficPolicy: 'Local' } : {}),
        };
        try {
          if (action === 'delete' && exists) bench.delete(name);
          else if (action === 'write' && exists) bench.update(name, spec);
          else if (action === 'write') bench.create(name, spec);
        } catch (error) {
          assert.match((error as Error).message, /range is full|provided port is already allocated/);
        }
      }
      const specs = bench
        .names()
        .map((name) => (bench.cluster.read(`${kindPrefix(service)}${name}`) as Service).spec);
      const addresses = specs.flatMap((spec) => spec?.clusterIPs ?? []);
      const ports = specs.flatMap((spec) => [
        ...(spec?.ports ?? []).flatMap(({ nodePort }) => nodePort ?? []),
        ...(spec?.healthCheckNodePort === undefined ? [] : [spec.healthCheckNodePort]),
      ]);
      assert.deepEqual(bench.addresses(), [...new Set(addresses)].sort());
      assert.equal(new Set(addresses).size, addresses.length);
      assert.deepEqual(bench.ports(), ports.map(String).sort());
      assert.equal(new Set(ports).size, ports.length);
    }),
    { numRuns: 60, interruptAfterTimeLimit: 5000 },
  );
});
